"""The Bedrock runtime of one region: Converse, InvokeModel, their streams, and
CountTokens.

Paths, members and error types are those of botocore's `bedrock-runtime` model; texts
are AWS's where they are widely quoted. Not served: async invocation, bidirectional
streams, guardrail application (a guardrail is looked up, what it would block is not
verifiable here), Bedrock API keys (bearer tokens).
"""

import base64
import datetime as dt
import json
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing

from trivium_rehearsal.endpoints import (
    converse,
    eventstream,
    messages,
    messages_body,
    sigv4,
)
from trivium_rehearsal.endpoints.configuration import VERSION_2026, Bedrock, Model
from trivium_rehearsal.endpoints.delivery import (
    Desk,
    RefusalError,
    accepts,
    gathered,
    parsed,
)
from trivium_rehearsal.endpoints.faults import Fault
from trivium_rehearsal.endpoints.http import Answer, Request
from trivium_rehearsal.endpoints.text import Frame, Json

MAX_BODY_BYTES = 20 * 1024 * 1024
"""Claude on Bedrock takes requests up to 20 MB (platform.claude.com, API errors,
"Request size limits")."""

_VERSION = "bedrock-2023-05-31"
_EVENTSTREAM = "application/vnd.amazon.eventstream"
_OPERATIONS = {
    "converse": "Converse",
    "converse-stream": "ConverseStream",
    "invoke": "InvokeModel",
    "invoke-with-response-stream": "InvokeModelWithResponseStream",
    "count-tokens": "CountTokens",
}
_STREAMS = ("ConverseStream", "InvokeModelWithResponseStream")

_FAULTS = {
    "rate_limit": (429, "ThrottlingException", "Too many requests, please wait before trying again."),
    "overloaded": (503, "ServiceUnavailableException", "Bedrock is unable to process your request."),
    "internal": (500, "InternalServerException", "The system encountered an unexpected error during processing."),
    "model_error": (424, "ModelErrorException", "The request failed due to an error while processing the model."),
    "expired_token": (403, "ExpiredTokenException", "The security token included in the request is expired"),
}  # fmt: skip
"""Status, type and text of the errors of botocore's model."""


class BedrockEndpoint:
    """Serves one region."""

    def __init__(self, settings: Bedrock, desk: Desk) -> None:
        self._settings = settings
        self._desk = desk

    async def __call__(self, request: Request, answer: Answer) -> None:
        await self._desk.attend(answer, self._serve(request, answer))

    async def _serve(self, request: Request, answer: Answer) -> str:
        operation, model_id = _route(request)
        stream = operation in _STREAMS
        # Before authentication: the body was not kept, so its hash could not be
        # checked.
        if request.too_large:
            raise _refusal(
                413, "RequestEntityTooLargeException", "Request size exceeds the limit."
            )
        self._authenticate(request)
        self._desk.check_expiry(model_id, stream=stream, dialect=self)
        match operation:
            case "Converse" | "ConverseStream":
                return await self._converse(request, answer, operation, model_id)
            case "CountTokens":
                return await self._count(request, answer, model_id)
            case _:
                return await self._invoke(request, answer, operation, model_id)

    def _authenticate(self, request: Request) -> None:
        try:
            sigv4.verify(
                request,
                self._settings.identities,
                region=self._settings.region,
                service="bedrock",
                now=dt.datetime.now(dt.UTC),
            )
        except sigv4.SignatureRefusedError as refused:
            raise _refusal(refused.status, refused.kind, refused.message) from refused

    async def _converse(
        self, request: Request, answer: Answer, operation: str, model_id: str
    ) -> str:
        body = _json(request)
        try:
            converse.validate(operation, model_id, body)
            messages_body.validate_extra_fields(
                body.get("additionalModelRequestFields") or {}
            )
        except converse.InvalidConverseError as invalid:
            raise _refusal(400, invalid.kind, invalid.message) from invalid
        except messages_body.InvalidBodyError as invalid:
            text = f"The model returned the following errors: {invalid}"
            raise _refusal(400, "ValidationException", text) from invalid
        model = self._model(model_id)
        extra = body.get("additionalModelRequestFields") or {}
        self._check_betas(extra)
        guardrail = body.get("guardrailConfig") or {}
        self._check_guardrail(
            guardrail.get("guardrailIdentifier"), guardrail.get("guardrailVersion")
        )
        translated = converse.as_messages(body)
        _check_limit(translated["max_tokens"], model)
        _check_prefill(translated, model)
        prompt = messages.prompt(translated, cloud="bedrock", model=model_id)
        stream = operation == "ConverseStream"
        # A call that says it wants no event stream is refused; the real service's
        # answer is not verifiable here.
        if stream and not accepts(request, _EVENTSTREAM):
            raise _refusal(
                406, "NotAcceptableException", f"Accept must allow {_EVENTSTREAM}."
            )
        fault = self._desk.take(model_id, stream=stream, dialect=self)
        started = time.perf_counter()
        pieces = await self._desk.pieces(prompt, self)
        pointers = body.get("additionalModelResponseFieldPaths") or ()
        if stream:
            frames = converse.frames(pieces, started=started, pointers=pointers)
            headers = {"content-type": _EVENTSTREAM, **_ids()}
            return await self._desk.stream(
                answer, frames, headers, fault=fault, dialect=self
            )
        reply = converse.reply(
            await gathered(pieces, self), started=started, pointers=pointers
        )
        return await self._desk.whole(answer, reply, _ids(), fault)

    async def _invoke(
        self, request: Request, answer: Answer, operation: str, model_id: str
    ) -> str:
        stream = operation == "InvokeModelWithResponseStream"
        _check_media(request, stream=stream)
        model = self._model(model_id)
        body = _json(request)
        self._check_body(body, model)
        self._check_guardrail(
            request.header("x-amzn-bedrock-guardrailidentifier"),
            request.header("x-amzn-bedrock-guardrailversion"),
        )
        prompt = messages.prompt(body, cloud="bedrock", model=model_id)
        fault = self._desk.take(model_id, stream=stream, dialect=self)
        started = time.perf_counter()
        pieces = await self._desk.pieces(prompt, self)
        if stream:
            events = messages.events(pieces, label=self._desk.source.label)
            headers = {
                "content-type": _EVENTSTREAM,
                "x-amzn-bedrock-content-type": "application/json",
                **_ids(),
            }
            return await self._desk.stream(
                answer, _chunks(events, started), headers, fault=fault, dialect=self
            )
        reply = messages.message(
            await gathered(pieces, self), label=self._desk.source.label
        )
        headers = _ids() | {
            "x-amzn-bedrock-invocation-latency": str(_elapsed_ms(started)),
            "x-amzn-bedrock-input-token-count": str(reply["usage"]["input_tokens"]),
            "x-amzn-bedrock-output-token-count": str(reply["usage"]["output_tokens"]),
        }
        return await self._desk.whole(answer, reply, headers, fault)

    async def _count(self, request: Request, answer: Answer, model_id: str) -> str:
        body = _json(request)
        try:
            converse.validate("CountTokens", model_id, body)
        except converse.InvalidConverseError as invalid:
            raise _refusal(400, invalid.kind, invalid.message) from invalid
        model = self._counted_model(model_id)
        asked = body["input"]
        if asked.get("converse") is not None:
            translated = converse.as_messages(asked["converse"])
        else:
            try:
                translated = parsed(base64.b64decode(asked["invokeModel"]["body"]))
            except ValueError as error:
                raise _refusal(
                    400,
                    "ValidationException",
                    "Malformed input request, please reformat your input and try"
                    " again.",
                ) from error
            self._check_body(translated, model)
        prompt = messages.prompt(translated, cloud="bedrock", model=model_id)
        fault = self._desk.take(model_id, stream=False, dialect=self)
        counted = {"inputTokens": await self._desk.count(prompt, self)}
        return await self._desk.whole(answer, counted, _ids(), fault)

    def _check_body(self, body: Json, model: Model) -> None:
        version = body.get("anthropic_version")
        allowed = (_VERSION, VERSION_2026) if model.accepts_2026_10_21 else (_VERSION,)
        if version is not None and version not in allowed:
            # Which text an unknown version gets is not verifiable here.
            raise _refusal(
                400,
                "ValidationException",
                f"anthropic_version: Input should be {' or '.join(map(repr, allowed))}",
            )
        try:
            messages_body.validate(
                body,
                version=str(version),
                model=model,
                transport=("anthropic_version",),
                streamable=False,
                betas=True,
            )
        except messages_body.InvalidBodyError as invalid:
            raise _refusal(400, "ValidationException", str(invalid)) from invalid
        self._check_betas(body)

    def _check_betas(self, fields: Json) -> None:
        if set(fields.get("anthropic_beta") or ()) - set(self._settings.betas):
            raise _refusal(400, "ValidationException", "invalid beta flag")

    def _check_guardrail(self, identifier: str | None, version: str | None) -> None:
        if identifier is None and version is None:
            return
        known = self._settings.guardrails.get((identifier or "").rpartition("/")[2], ())
        if version not in known:
            text = (
                "The guardrail identifier or version provided in the request does not"
                " exist."
            )
            raise _refusal(400, "ValidationException", text)

    def _model(self, model_id: str) -> Model:
        models = self._settings.models
        found = models.get(model_id) or models.get(self._from_arn(model_id) or "")
        if found is None and any(name.endswith(f".{model_id}") for name in models):
            raise _refusal(
                400,
                "ValidationException",
                f"Invocation of model ID {model_id} with on-demand throughput"
                " isn\u2019t supported. Retry your request with the ID or ARN of an"
                " inference profile that contains this model.",
            )
        if found is None:
            raise _refusal(
                400, "ValidationException", "The provided model identifier is invalid."
            )
        if not found.accessible:
            text = "You don't have access to the model with the specified model ID."
            raise _refusal(403, "AccessDeniedException", text)
        return found

    def _counted_model(self, model_id: str) -> Model:
        """Tokens are counted for foundation models, also those that are invoked through
        a profile alone."""
        profiles = (
            model
            for name, model in self._settings.models.items()
            if name.endswith(f".{model_id}")
        )
        return next(profiles, None) or self._model(model_id)

    def _from_arn(self, model_id: str) -> str | None:
        """The id inside an ARN of this region (and this account, if it names one)."""
        parts = model_id.split(":", 5)
        if (
            len(parts) != 6
            or parts[0] != "arn"
            or parts[2] != "bedrock"
            or parts[3] != self._settings.region
        ):
            return None
        kind, _, name = parts[5].partition("/")
        owner = {
            "foundation-model": "",
            "inference-profile": self._settings.account_id,
        }.get(kind)
        return name if owner == parts[4] else None

    # -------------------------------------------------- the Dialect

    def instead(self, fault: Fault) -> RefusalError:
        status, kind, text = _FAULTS[fault.kind]
        headers = (
            {"retry-after": str(fault.retry_after_s)}
            if fault.retry_after_s is not None
            else {}
        )
        return _refusal(
            status,
            kind,
            text,
            headers if status in (429, 503) else {},
            fault=fault.kind,
        )

    def source_refused(self, message: str) -> RefusalError:
        return _refusal(
            400,
            "ValidationException",
            f"The model returned the following errors: {message}",
        )

    def source_failed(self, message: str) -> RefusalError:
        return _refusal(500, "InternalServerException", message)

    def stream_error(self, kind: str | None) -> bytes:
        payload = {
            "message": "The rehearsal ordered this error in the middle of the stream."
        }
        return eventstream.exception(
            kind or "serviceUnavailableException", json.dumps(payload).encode()
        )

    def garbage(self) -> bytes:
        return eventstream.corrupted(
            eventstream.event(
                "contentBlockDelta", b'{"contentBlockIndex":0,"delta":{}}'
            )
        )


def _route(request: Request) -> tuple[str, str]:
    """The operation and the model id. Raises the refusal of an unknown one."""
    segments = request.segments
    if (
        request.method == "POST"
        and len(segments) == 3
        and segments[0] == "model"
        and segments[1]
    ):
        operation = _OPERATIONS.get(segments[2])
        if operation is not None:
            return operation, segments[1]
    # The type is the one of AWS's front end for every unknown path; the body's text is
    # not verifiable here.
    raise _refusal(
        404,
        "UnknownOperationException",
        "The requested operation is not recognized by the service.",
    )


def _json(request: Request) -> Json:
    try:
        return parsed(request.body)
    except ValueError as error:
        text = "Malformed input request, please reformat your input and try again."
        raise _refusal(400, "ValidationException", text) from error


def _check_media(request: Request, *, stream: bool) -> None:
    """InvokeModel's media types: `Content-Type` and, for a whole reply, `Accept`, for a
    stream `X-Amzn-Bedrock-Accept` (botocore's model), name the model's own format;
    `Accept` may also name the framing.
    """
    if (request.header("content-type") or "application/json").partition(";")[
        0
    ].strip() != "application/json":
        raise _refusal(
            400,
            "ValidationException",
            "The provided Content-Type is invalid or not supported for this model",
        )
    inner = request.header("x-amzn-bedrock-accept") or "application/json"
    allowed = ("application/json", _EVENTSTREAM) if stream else ("application/json",)
    # AnthropicBedrock sends `Accept: application/json` for streams too, and is served.
    if inner not in ("application/json", "*/*") or not accepts(request, *allowed):
        raise _refusal(
            400,
            "ValidationException",
            "The provided Accept Type is invalid or not supported for this model",
        )


def _check_prefill(body: Json, model: Model) -> None:
    try:
        messages_body.check_prefill(body, model)
    except messages_body.InvalidBodyError as invalid:
        text = f"The model returned the following errors: {invalid}"
        raise _refusal(400, "ValidationException", text) from invalid


def _check_limit(max_tokens: int, model: Model) -> None:
    limit = model.max_output_tokens
    if max_tokens > limit:
        raise _refusal(
            400,
            "ValidationException",
            f"The maximum tokens you requested exceeds the model limit of {limit}. Try"
            f" again with a maximum tokens value that is lower than {limit}.",
        )


async def _chunks(
    events: AsyncGenerator[Json, None], started: float
) -> AsyncGenerator[Frame, None]:
    """Events as `chunk` messages; the last carries Bedrock's metrics. Bedrock sends no
    `ping`."""
    usage: Json = {}
    first: int | None = None
    async with aclosing(events):
        async for event in events:
            if event["type"] == "ping":
                continue
            first = _elapsed_ms(started) if first is None else first
            usage = event.get("usage") or usage
            if event["type"] == "message_stop":
                event["amazon-bedrock-invocationMetrics"] = {
                    "inputTokenCount": usage["input_tokens"],
                    "outputTokenCount": usage["output_tokens"],
                    "invocationLatency": _elapsed_ms(started),
                    "firstByteLatency": first,
                }
            inner = base64.b64encode(
                json.dumps(event, ensure_ascii=False).encode()
            ).decode()
            outer = json.dumps({"bytes": inner, "p": eventstream.padding()}).encode()
            yield Frame(
                eventstream.event("chunk", outer),
                0 if event["type"] == "message_stop" else None,
            )


def _elapsed_ms(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)


def _ids() -> dict[str, str]:
    return {"x-amzn-requestid": str(uuid.uuid4())}


def _refusal(
    status: int,
    kind: str,
    message: str,
    headers: dict[str, str] | None = None,
    *,
    fault: str | None = None,
) -> RefusalError:
    head = {
        "x-amzn-errortype": (
            f"{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/"
        ),
        **_ids(),
    }
    return RefusalError(
        status,
        fault or kind,
        {"message": message},
        head | (headers or {}),
        fault=fault is not None,
    )
