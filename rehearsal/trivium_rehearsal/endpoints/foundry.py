"""One Azure AI Foundry resource with Claude deployments: `/anthropic/v1/messages` and
its token count.

Azure's gateway answers in Azure's error JSON (`{"error": {"code", "message"}}`), the
model behind it in Anthropic's; so do we.

Sources: anthropic 2.12.0 `lib/foundry.py` for paths and headers; litellm issue 16964
and semantic-kernel issue 10337 for the gateway's 401; Microsoft Learn, "Deploy and use
Claude models in Microsoft Foundry", read 2026-11-22.
"""

import datetime as dt
import hmac

from trivium_rehearsal.endpoints import messages, messages_body
from trivium_rehearsal.endpoints.configuration import (
    VERSION_2026,
    EntraIdentity,
    Foundry,
    Model,
)
from trivium_rehearsal.endpoints.delivery import (
    Desk,
    RefusalError,
    accepts,
    gathered,
    parsed,
    request_id,
)
from trivium_rehearsal.endpoints.faults import Fault
from trivium_rehearsal.endpoints.http import Answer, Request
from trivium_rehearsal.endpoints.text import Json

MAX_BODY_BYTES = 32 * 1024 * 1024
"""The Messages API takes requests up to 32 MB (platform.claude.com, API errors,
"Request size limits")."""

_MESSAGES = "/anthropic/v1/messages"
_COUNT = "/anthropic/v1/messages/count_tokens"
_VERSION = "2023-06-01"
_STREAM = "text/event-stream"
_AUDIENCES = ("https://ai.azure.com", "https://cognitiveservices.azure.com")


class FoundryEndpoint:
    """Serves one resource."""

    def __init__(self, settings: Foundry, desk: Desk) -> None:
        self._settings = settings
        self._desk = desk

    async def __call__(self, request: Request, answer: Answer) -> None:
        await self._desk.attend(answer, self._serve(request, answer))

    async def _serve(self, request: Request, answer: Answer) -> str:
        if request.method != "POST" or request.path not in (_MESSAGES, _COUNT):
            raise _gateway(404, "404", "Resource not found")
        self._authenticate(request)
        # The model and the kind of call stand in the body, which nobody has read yet.
        self._desk.check_expiry("", stream=False, dialect=self)
        if request.too_large:
            raise _error(
                413,
                "request_too_large",
                "Request exceeds the maximum allowed number of bytes.",
            )
        counting = request.path == _COUNT
        body = _json(request)
        name, model = self._model(body)
        self._check(request, body, model, counting=counting)
        prompt = messages.prompt(body, cloud="foundry", model=name)
        stream = body.get("stream", False) and not counting
        fault = self._desk.take(name, stream=stream, dialect=self)
        headers = _ids()
        if counting:
            counted = {"input_tokens": await self._desk.count(prompt, self)}
            return await self._desk.whole(answer, counted, headers, fault)
        pieces = await self._desk.pieces(prompt, self)
        if stream:
            frames = messages.frames(pieces, label=self._desk.source.label)
            headers["content-type"] = f"{_STREAM}; charset=utf-8"
            return await self._desk.stream(
                answer, frames, headers, fault=fault, dialect=self
            )
        reply = messages.message(
            await gathered(pieces, self), label=self._desk.source.label
        )
        return await self._desk.whole(answer, reply, headers, fault)

    def _authenticate(self, request: Request) -> None:
        key = request.header("x-api-key") or request.header("api-key")
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        if key is not None:
            if not any(
                hmac.compare_digest(one.encode(), key.encode())
                for one in self._settings.api_keys
            ):
                raise _gateway(401, "401", _BAD_KEY)
        elif scheme.lower() == "bearer" and token:
            self._check_token(self._known(token))
        else:
            raise _gateway(401, "401", _BAD_KEY)

    def _known(self, token: str) -> EntraIdentity | None:
        matching = [
            one
            for one in self._settings.identities
            if hmac.compare_digest(one.token.encode(), token.encode())
        ]
        return matching[0] if matching else None

    def _check_token(self, identity: EntraIdentity | None) -> None:
        if (
            identity is None
            or identity.audience.rstrip("/") not in _AUDIENCES
            or (
                identity.expires_at is not None
                and dt.datetime.now(dt.UTC) >= identity.expires_at
            )
        ):
            raise _gateway(401, "401", _BAD_CREDENTIAL)
        if not identity.permitted:
            text = (
                "The principal lacks the required data action to perform this"
                " operation."
            )
            raise _gateway(401, "PermissionDenied", text)

    def _model(self, body: Json) -> tuple[str, Model]:
        name = body.get("model")
        if name is None:
            raise _invalid("model: Field required")
        if not isinstance(name, str):
            raise _invalid("model: Input should be a valid string")
        model = self._settings.models.get(name)
        if model is None or not model.accessible:
            raise _gateway(404, "DeploymentNotFound", _NO_DEPLOYMENT)
        return name, model

    def _check(
        self, request: Request, body: Json, model: Model, *, counting: bool
    ) -> None:
        version = request.header("anthropic-version")
        allowed = (
            (_VERSION,)
            if model.accepts_2026_10_21 is False
            else (_VERSION, VERSION_2026)
        )
        if version is None:
            raise _invalid("anthropic-version: header is required")
        if version not in allowed:
            raise _invalid(
                f'anthropic-version: "{version}" is not a valid version for this model'
            )
        beta = messages.unknown_beta(
            request.header("anthropic-beta"), self._settings.betas
        )
        if beta is not None:
            raise _invalid(
                f"Unexpected value(s) `{beta}` for the `anthropic-beta` header."
            )
        try:
            messages_body.validate(
                body,
                version=version,
                model=model,
                transport=("model",),
                counting=counting,
            )
        except messages_body.InvalidBodyError as invalid:
            raise _invalid(str(invalid)) from invalid
        # AnthropicFoundry sends `Accept: application/json` for streams too, and is
        # served. That other types are refused is not verifiable here.
        if body.get("stream") and not accepts(request, _STREAM, "application/json"):
            raise _invalid(f"accept: must allow {_STREAM}")

    # -------------------------------------------------- the Dialect

    def instead(self, fault: Fault) -> RefusalError:
        match fault.kind:
            case "rate_limit":
                refusal = _error(
                    429,
                    "rate_limit_error",
                    "This request would exceed the deployment's rate limit.",
                )
            case "overloaded":
                refusal = _error(529, "overloaded_error", "Overloaded")
            case "expired_token":
                refusal = _gateway(401, "401", _BAD_CREDENTIAL)
            case _:
                refusal = _error(500, "api_error", "Internal server error")
        headers = dict(refusal.headers)
        if fault.retry_after_s is not None and refusal.status in (429, 529):
            headers["retry-after"] = str(fault.retry_after_s)
        return RefusalError(
            refusal.status, fault.kind, refusal.body, headers, fault=True
        )

    def source_refused(self, message: str) -> RefusalError:
        return _invalid(message)

    def source_failed(self, message: str) -> RefusalError:
        return _error(500, "api_error", message)

    def stream_error(self, kind: str | None) -> bytes:
        return messages.sse_error(kind)

    def garbage(self) -> bytes:
        return messages.SSE_GARBAGE


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


def _json(request: Request) -> Json:
    try:
        return parsed(request.body)
    except ValueError as error:
        raise _invalid("The request body is not valid JSON.") from error


def _ids() -> dict[str, str]:
    return {"request-id": request_id(), "apim-request-id": request_id("")}


def _gateway(status: int, code: str, message: str) -> RefusalError:
    """An error of Azure's gateway."""
    return RefusalError(
        status,
        code,
        {"error": {"code": code, "message": message}},
        {"apim-request-id": request_id("")},
    )


def _error(status: int, kind: str, message: str) -> RefusalError:
    """An error of the model's API."""
    ids = _ids()
    return RefusalError(
        status,
        kind,
        {**messages.error_body(kind, message), "request_id": ids["request-id"]},
        ids,
    )


def _invalid(message: str) -> RefusalError:
    return _error(400, "invalid_request_error", message)
