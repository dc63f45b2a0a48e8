"""Vertex AI's errors, and how it words a fault.

Google's front end answers in Google's error JSON, the model behind it in Anthropic's.
Unknown paths get the front end's HTML page, as on googleapis.com, because a client must
not count on JSON there.

Sources: AIP-193 for the error object; Google Cloud, "Authentication error", for the
texts; read 2026-11-22.
"""

import uuid

from trivium_rehearsal.endpoints.models.messages import reply
from trivium_rehearsal.endpoints.serving.bodies import Json
from trivium_rehearsal.endpoints.serving.faults import Fault
from trivium_rehearsal.endpoints.serving.refusals import RefusalError

_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_INVALID = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token,"
    " login cookie or other valid authentication credential."
)
_MISSING = (
    "Request is missing required authentication credential. Expected OAuth 2 access"
    " token, login cookie or other valid authentication credential."
)
_PAGE = (
    b"<!DOCTYPE html>\n<html lang=en><title>Error 404 (Not Found)!!1</title>\n"
    b"<p><b>404.</b> The requested URL was not found on this server.</html>\n"
)


def google_error(
    status: int, code: str, message: str, reason: str | None = None
) -> RefusalError:
    """Google's error object."""
    error: Json = {"code": status, "message": message, "status": code}
    if reason is not None:
        error["details"] = [
            {"@type": _ERROR_INFO, "reason": reason, "domain": "googleapis.com"}
        ]
    headers = {"content-type": "application/json; charset=UTF-8"}
    return RefusalError(status, code, {"error": error}, headers)


def unauthenticated(reason: str) -> RefusalError:
    """401 with the challenge that Google sends (RFC 6750)."""
    message = _MISSING if reason == "CREDENTIALS_MISSING" else _INVALID
    refusal = google_error(401, "UNAUTHENTICATED", message, reason)
    refusal.headers["www-authenticate"] = (
        'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    )
    return refusal


def unknown_page() -> RefusalError:
    """A path that Google's front end does not know."""
    headers = {"content-type": "text/html; charset=UTF-8"}
    return RefusalError(404, "NOT_FOUND", _PAGE, headers)


def invalid_argument(message: str) -> RefusalError:
    """What the front end refuses."""
    return google_error(400, "INVALID_ARGUMENT", message)


def model_error(status: int, kind: str, message: str) -> RefusalError:
    """An error of the model behind the front end."""
    return RefusalError(status, kind, reply.error_body(kind, message))


def invalid(message: str) -> RefusalError:
    """What the model refuses."""
    return model_error(400, "invalid_request_error", message)


def request_ids() -> dict[str, str]:
    """The headers that identify a request."""
    return {"request-id": f"req_vrtx_{uuid.uuid4().hex}"}


def error_of(fault: Fault) -> RefusalError:
    """The error that stands for a fault."""
    match fault.kind:
        case "rate_limit":
            text = (
                "Quota exceeded for"
                " aiplatform.googleapis.com/online_prediction_requests_per_base_model."
            )
            return google_error(429, "RESOURCE_EXHAUSTED", text)
        case "overloaded":
            return model_error(529, "overloaded_error", "Overloaded")
        case "expired_token":
            return unauthenticated("ACCESS_TOKEN_EXPIRED")
        case _:
            return google_error(500, "INTERNAL", "Internal error encountered.")
