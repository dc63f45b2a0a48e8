"""Foundry's errors, and how it words a fault.

Azure's gateway answers in Azure's error JSON (`{"error": {"code", "message"}}`), the
model behind it in Anthropic's.

Sources: litellm issue 16964 and semantic-kernel issue 10337 for the gateway's 401;
Microsoft Learn, "Deploy and use Claude models in Microsoft Foundry", read 2026-11-22.
"""

import uuid

from trivium_rehearsal.endpoints.models.messages import reply
from trivium_rehearsal.endpoints.serving.faults import Fault
from trivium_rehearsal.endpoints.serving.refusals import RefusalError

_BAD_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to"
    " provide a valid key for an active subscription and use a correct regional API"
    " endpoint for your resource."
)
_BAD_CREDENTIAL = (
    "Unauthorized. Access token is missing, invalid, audience is incorrect"
    " (https://ai.azure.com), or have expired."
)
_NO_DEPLOYMENT = (
    "The API deployment for this resource does not exist. If you created the deployment"
    " within the last 5 minutes, please wait a moment and try again."
)


def gateway_error(status: int, code: str, message: str) -> RefusalError:
    """An error of Azure's gateway."""
    error = {"code": code, "message": message}
    headers = {"apim-request-id": uuid.uuid4().hex}
    return RefusalError(status, code, {"error": error}, headers)


def bad_key() -> RefusalError:
    """A missing credential or a wrong key."""
    return gateway_error(401, "401", _BAD_KEY)


def bad_token() -> RefusalError:
    """A token that is unknown, expired or for another audience."""
    return gateway_error(401, "401", _BAD_CREDENTIAL)


def no_deployment() -> RefusalError:
    """A deployment that the resource does not have."""
    return gateway_error(404, "DeploymentNotFound", _NO_DEPLOYMENT)


def model_error(status: int, kind: str, message: str) -> RefusalError:
    """An error of the model's API."""
    ids = request_ids()
    body = {**reply.error_body(kind, message), "request_id": ids["request-id"]}
    return RefusalError(status, kind, body, ids)


def invalid(message: str) -> RefusalError:
    """What the model's API refuses."""
    return model_error(400, "invalid_request_error", message)


def request_ids() -> dict[str, str]:
    """The headers that identify a request."""
    return {
        "request-id": f"req_{uuid.uuid4().hex}",
        "apim-request-id": uuid.uuid4().hex,
    }


def error_of(fault: Fault) -> RefusalError:
    """The error that stands for a fault."""
    match fault.kind:
        case "rate_limit":
            text = "This request would exceed the deployment's rate limit."
            return model_error(429, "rate_limit_error", text)
        case "overloaded":
            return model_error(529, "overloaded_error", "Overloaded")
        case "expired_token":
            return bad_token()
        case _:
            return model_error(500, "api_error", "Internal server error")
