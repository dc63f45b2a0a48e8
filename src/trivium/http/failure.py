"""Why a request got no answer. No text of the transport is handed on: it may quote
what was sent."""

from typing import Literal

from pyreqwest.exceptions import ConnectError, PyreqwestError, RequestTimeoutError

Cause = Literal["timeout", "unreachable", "cut", "address", "header"]
"""`timeout`: no answer in time. `unreachable`: no connection. `cut`: the connection
ended before the answer did. `address`: the URL names no host. `header`: a header holds
characters that no header can carry."""


class NoAnswerError(Exception):
    """A request got no answer, or not the whole of it."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause: Cause = cause


def no_answer(error: PyreqwestError) -> NoAnswerError:
    """pyreqwest's error as ours."""
    if isinstance(error, RequestTimeoutError):
        return NoAnswerError("timeout")
    if isinstance(error, ConnectError):
        return NoAnswerError("unreachable")
    return NoAnswerError("cut")
