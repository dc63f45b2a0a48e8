"""Vertex AI's prediction service for one project: rawPredict, streamRawPredict and
count-tokens of Claude.

Google's front end answers in Google's error JSON, the model behind it in Anthropic's;
so do we. Unknown paths get the front end's HTML page, as on googleapis.com, because a
client must not count on JSON there.

Sources: Vertex AI REST reference (projects.locations.publishers.models.rawPredict and
streamRawPredict), AIP-193 for the error object, Google Cloud "Authentication error"
texts, anthropic 2.12.0 `lib/vertex` for paths; read 2026-11-22.
"""

import datetime as dt
import hmac
import re

from trivium_rehearsal.endpoints import messages, messages_body
from trivium_rehearsal.endpoints.configuration import (
    CLOUD_PLATFORM_SCOPE,
    VERSION_2026,
    GoogleIdentity,
    Model,
    Vertex,
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

MAX_BODY_BYTES = 30 * 1024 * 1024
"""Claude on Vertex AI takes requests up to 30 MB (platform.claude.com, API errors,
"Request size limits")."""

_VERSION = "vertex-2023-10-16"
_PATH = re.compile(
    r"/v1/projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/publishers/anthropic/models/(?P<model>[^/:]+)"
    r":(?P<verb>rawPredict|streamRawPredict)"
)
_COUNT_TOKENS = "count-tokens"
_STREAM = "text/event-stream"

_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


class VertexEndpoint:
    """Serves one project in some locations."""

    def __init__(self, settings: Vertex, desk: Desk) -> None:
        self._settings = settings
        self._desk = desk

    async def __call__(self, request: Request, answer: Answer) -> None:
        await self._desk.attend(answer, self._serve(request, answer))

    async def _serve(self, request: Request, answer: Answer) -> str:
        match = _PATH.fullmatch("/" + "/".join(request.segments))
        if match is None or request.method != "POST":
            raise RefusalError(
                404, "NOT_FOUND", _PAGE, {"content-type": "text/html; charset=UTF-8"}
            )
        stream = match["verb"] == "streamRawPredict"
        self._authenticate(request)
        self._desk.check_expiry(match["model"], stream=stream, dialect=self)
        self._check_place(match["project"], match["location"])
        if request.too_large:
            raise google_error(
                413, "FAILED_PRECONDITION", "Request payload size exceeds the limit."
            )
        if match["model"] == _COUNT_TOKENS:
            return await self._count(request, answer, match)
        model = self._model(match, match["model"])
        body = self._body(request, model, counting=False)
        _check_streaming(request, body, stream=stream)
        prompt = messages.prompt(body, cloud="vertex", model=match["model"])
        fault = self._desk.take(match["model"], stream=stream, dialect=self)
        pieces = await self._desk.pieces(prompt, self)
        headers = {"request-id": request_id("req_vrtx_")}
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

    async def _count(
        self, request: Request, answer: Answer, match: re.Match[str]
    ) -> str:
        if match["verb"] != "rawPredict":
            raise google_error(
                400, "INVALID_ARGUMENT", "count-tokens does not stream; use rawPredict."
            )
        body = _json(request)
        name = body.get("model")
        model = self._model(match, name if isinstance(name, str) else "")
        body = self._body(request, model, counting=True)
        prompt = messages.prompt(body, cloud="vertex", model=body["model"])
        fault = self._desk.take(body["model"], stream=False, dialect=self)
        counted = {"input_tokens": await self._desk.count(prompt, self)}
        return await self._desk.whole(answer, counted, {}, fault)

    def _authenticate(self, request: Request) -> None:
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthenticated("CREDENTIALS_MISSING", _MISSING)
        identity = self._known(token)
        if identity is None:
            raise unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED", _INVALID)
        if (
            identity.expires_at is not None
            and dt.datetime.now(dt.UTC) >= identity.expires_at
        ):
            raise unauthenticated("ACCESS_TOKEN_EXPIRED", _INVALID)
        if CLOUD_PLATFORM_SCOPE not in identity.scopes:
            text = "Request had insufficient authentication scopes."
            raise google_error(
                403, "PERMISSION_DENIED", text, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
            )

    def _known(self, token: str) -> GoogleIdentity | None:
        matching = [
            one
            for one in self._settings.identities
            if hmac.compare_digest(one.token.encode(), token.encode())
        ]
        return matching[0] if matching else None

    def _check_place(self, project: str, location: str) -> None:
        if project != self._settings.project:
            text = (
                "Permission 'aiplatform.endpoints.predict' denied on resource"
                f" '//aiplatform.googleapis.com/projects/{project}/locations/{location}'"
                " (or it may not exist)."
            )
            raise google_error(403, "PERMISSION_DENIED", text, "IAM_PERMISSION_DENIED")
        if location not in self._settings.locations:
            # A regional host serves its own location; which text another one gets is
            # not verifiable here.
            raise google_error(
                404, "NOT_FOUND", f"Location {location} is not served by this endpoint."
            )

    def _model(self, match: re.Match[str], name: str) -> Model:
        model = self._settings.models.get(name)
        if model is None or not model.accessible:
            resource = f"projects/{match['project']}/locations/{match['location']}/publishers/anthropic/models/{name}"
            text = (
                f"Publisher Model `{resource}` was not found or your project does not"
                " have access to it. Please ensure you are using a valid model"
                " version."
            )
            raise google_error(404, "NOT_FOUND", text)
        return model

    def _body(self, request: Request, model: Model, *, counting: bool) -> Json:
        body = _json(request)
        version = body.get("anthropic_version")
        allowed = (
            (_VERSION,)
            if model.accepts_2026_10_21 is False
            else (_VERSION, VERSION_2026)
        )
        if version is not None and version not in allowed:
            # Which text an unknown version gets is not verifiable here.
            expected = " or ".join(map(repr, allowed))
            raise _invalid(f"anthropic_version: Input should be {expected}")
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
                version=str(version),
                model=model,
                transport=(
                    ("anthropic_version", "model")
                    if counting
                    else ("anthropic_version",)
                ),
                counting=counting,
            )
        except messages_body.InvalidBodyError as invalid:
            raise _invalid(str(invalid)) from invalid
        return body

    # -------------------------------------------------- the Dialect

    def instead(self, fault: Fault) -> RefusalError:
        match fault.kind:
            case "rate_limit":
                text = (
                    "Quota exceeded for"
                    " aiplatform.googleapis.com/online_prediction_requests_per_base_model."
                )
                refusal = google_error(429, "RESOURCE_EXHAUSTED", text)
            case "overloaded":
                body = messages.error_body("overloaded_error", "Overloaded")
                refusal = RefusalError(529, "overloaded_error", body)
            case "expired_token":
                refusal = unauthenticated("ACCESS_TOKEN_EXPIRED", _INVALID)
            case _:
                refusal = google_error(500, "INTERNAL", "Internal error encountered.")
        headers = dict(refusal.headers)
        if fault.retry_after_s is not None and refusal.status in (429, 529):
            headers["retry-after"] = str(fault.retry_after_s)
        return RefusalError(
            refusal.status, fault.kind, refusal.body, headers, fault=True
        )

    def source_refused(self, message: str) -> RefusalError:
        return _invalid(message)

    def source_failed(self, message: str) -> RefusalError:
        return RefusalError(500, "api_error", messages.error_body("api_error", message))

    def stream_error(self, kind: str | None) -> bytes:
        return messages.sse_error(kind)

    def garbage(self) -> bytes:
        return messages.SSE_GARBAGE


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
    """Google's error object (AIP-193)."""
    error: Json = {"code": status, "message": message, "status": code}
    if reason is not None:
        error["details"] = [
            {"@type": _ERROR_INFO, "reason": reason, "domain": "googleapis.com"}
        ]
    return RefusalError(
        status,
        code,
        {"error": error},
        {"content-type": "application/json; charset=UTF-8"},
    )


def unauthenticated(reason: str, message: str) -> RefusalError:
    """401 with the challenge that Google sends (RFC 6750)."""
    refusal = google_error(401, "UNAUTHENTICATED", message, reason)
    refusal.headers["www-authenticate"] = (
        'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    )
    return refusal


def _check_streaming(request: Request, body: Json, *, stream: bool) -> None:
    """Path and body must agree. The SDK always sends both alike; the real answer to a
    contradiction is not verifiable here, and refusing is the side on which a client's
    mistake shows."""
    if stream is not body.get("stream", False):
        verb, wanted = (
            ("streamRawPredict", "true")
            if stream
            else ("rawPredict", "false or absent")
        )
        raise google_error(
            400,
            "INVALID_ARGUMENT",
            f"{verb} needs `stream` to be {wanted} in the body.",
        )
    # AnthropicVertex sends `Accept: application/json` for streams too, and is served.
    # That other types are refused is not verifiable here.
    if stream and not accepts(request, _STREAM, "application/json"):
        raise google_error(400, "INVALID_ARGUMENT", f"Accept must allow {_STREAM}.")


def _json(request: Request) -> Json:
    try:
        return parsed(request.body)
    except ValueError as error:
        text = "Invalid JSON payload received."
        raise google_error(400, "INVALID_ARGUMENT", text) from error


def _invalid(message: str) -> RefusalError:
    return RefusalError(
        400,
        "invalid_request_error",
        messages.error_body("invalid_request_error", message),
    )
