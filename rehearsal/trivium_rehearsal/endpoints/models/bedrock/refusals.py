"""Bedrock's errors, and how it words a fault.

Statuses, types and texts are those of botocore's `bedrock-runtime` model and, where
they are widely quoted, of AWS itself.
"""

import json
import uuid

from trivium_rehearsal.endpoints.models import eventstream
from trivium_rehearsal.endpoints.serving.faults import Fault
from trivium_rehearsal.endpoints.serving.refusals import RefusalError

_FAULTS = {
    "rate_limit": (
        429,
        "ThrottlingException",
        "Too many requests, please wait before trying again.",
    ),
    "overloaded": (
        503,
        "ServiceUnavailableException",
        "Bedrock is unable to process your request.",
    ),
    "internal": (
        500,
        "InternalServerException",
        "The system encountered an unexpected error during processing.",
    ),
    "model_error": (
        424,
        "ModelErrorException",
        "The request failed due to an error while processing the model.",
    ),
    "expired_token": (
        403,
        "ExpiredTokenException",
        "The security token included in the request is expired",
    ),
}
"""Status, type and text of each fault that replaces an answer."""


def refusal(status: int, kind: str, message: str) -> RefusalError:
    """An error of the Bedrock runtime."""
    headers = {
        "x-amzn-errortype": (
            f"{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/"
        ),
        **request_ids(),
    }
    return RefusalError(status, kind, {"message": message}, headers)


def invalid(message: str) -> RefusalError:
    """A ValidationException."""
    return refusal(400, "ValidationException", message)


def model_refused(message: object) -> RefusalError:
    """What the model behind Bedrock refuses."""
    return invalid(f"The model returned the following errors: {message}")


def malformed() -> RefusalError:
    """A body that is not a JSON object."""
    return invalid("Malformed input request, please reformat your input and try again.")


def request_ids() -> dict[str, str]:
    """The headers that identify a request."""
    return {"x-amzn-requestid": str(uuid.uuid4())}


class BedrockDialect:
    """Bedrock's words for what is not an answer."""

    def instead(self, fault: Fault) -> RefusalError:
        return refusal(*_FAULTS[fault.kind]).ordered_by(fault)

    def source_refused(self, message: str) -> RefusalError:
        return model_refused(message)

    def source_failed(self, message: str) -> RefusalError:
        return refusal(500, "InternalServerException", message)

    def stream_error(self, kind: str | None) -> bytes:
        text = "The rehearsal ordered this error in the middle of the stream."
        return eventstream.exception(
            kind or "serviceUnavailableException",
            json.dumps({"message": text}).encode(),
        )

    def garbage(self) -> bytes:
        payload = b'{"contentBlockIndex":0,"delta":{}}'
        return eventstream.corrupted(eventstream.event("contentBlockDelta", payload))
