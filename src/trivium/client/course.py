"""The course of one request: what both drivers share, whatever the request is.

A driver asks for the next effect, has it performed, and says how that went. It knows
neither what a request is nor what it returns.
"""

from typing import Any, Generic, TypeVar

from trivium.client.effects import Abandoned, Effect, Steps
from trivium.errors import RequestError

R = TypeVar("R")


class Course(Generic[R]):
    """A generator of effects, and how far it has come."""

    def __init__(self, steps: Steps[R]) -> None:
        self._steps = steps
        self._value: R | None = None
        self._sent: Any = None  # Any: each effect has a result of its own
        self._failure: BaseException | None = None
        self._interruption: BaseException | None = None

    def advance(self) -> Effect | None:
        """The next effect to perform; None at the end.

        Raises what the request ends with, and at last an interruption that was held
        back until the attempt was recorded.
        """
        failure, sent = self._failure, self._sent
        self._failure = self._sent = None
        try:
            return self._steps.throw(failure) if failure else self._steps.send(sent)
        except StopIteration as done:
            self._value = done.value
        except Abandoned:  # the core has recorded it
            if self._interruption:
                raise self._interruption from None
        return None

    def succeeded(self, result: Any) -> None:
        """The effect was performed."""
        self._sent = result

    def failed(self, error: BaseException) -> None:
        """The effect was not performed.

        The core decides about every `Exception`, also an unforeseen one. An
        interruption (Ctrl-C, a cancelled task) waits until the attempt is recorded.
        """
        if isinstance(error, Exception):
            self._failure = error
        else:
            self._interruption, self._failure = error, Abandoned()

    def abandoned(self) -> None:
        """The caller leaves."""
        self._failure = Abandoned()

    @property
    def value(self) -> R:
        """What the request returned; only after its end. Raises `RequestError`."""
        if self._value is None:
            raise RequestError(
                "The stream was left or failed before its end, so it has no final"
                " message."
            )
        return self._value
