"""The Bedrock runtime of one region: Converse, InvokeModel, their streams, and
CountTokens.

Paths, members and error types are those of botocore's `bedrock-runtime` model. Not
served: async invocation, bidirectional streams, Bedrock API keys (bearer tokens) and
the application of guardrails. A guardrail is looked up; what it would block cannot be
verified here.
"""

import base64
import datetime as dt
import time
from typing import NamedTuple

from trivium_rehearsal.endpoints.models import eventstream
from trivium_rehearsal.endpoints.models.bedrock.invoke import InvokeForm
from trivium_rehearsal.endpoints.models.bedrock.refusals import (
    BedrockDialect,
    invalid,
    malformed,
    model_refused,
    refusal,
    request_ids,
)
from trivium_rehearsal.endpoints.models.configuration import Bedrock, Model
from trivium_rehearsal.endpoints.models.converse import rules as converse_rules
from trivium_rehearsal.endpoints.models.converse.reply import ConverseForm
from trivium_rehearsal.endpoints.models.converse.schema import InvalidConverseError
from trivium_rehearsal.endpoints.models.converse.translation import as_messages
from trivium_rehearsal.endpoints.models.desk import ModelDesk
from trivium_rehearsal.endpoints.models.messages import rules
from trivium_rehearsal.endpoints.models.messages.prompt import prompt
from trivium_rehearsal.endpoints.models.messages.schema import InvalidBodyError
from trivium_rehearsal.endpoints.serving import sigv4
from trivium_rehearsal.endpoints.serving.bodies import Json, parsed
from trivium_rehearsal.endpoints.serving.http import Answer, Request

MAX_BODY_BYTES = 20 * 1024 * 1024
"""Claude on Bedrock takes requests up to 20 MB (platform.claude.com, API errors,
"Request size limits")."""

_VERSION = "bedrock-2023-05-31"
_JSON = "application/json"
_OPERATIONS = {
    "converse": "Converse",
    "converse-stream": "ConverseStream",
    "invoke": "InvokeModel",
    "invoke-with-response-stream": "InvokeModelWithResponseStream",
    "count-tokens": "CountTokens",
}


class _Call(NamedTuple):
    """What the path of a request says."""

    operation: str
    model_id: str

    @property
    def stream(self) -> bool:
        return self.operation in ("ConverseStream", "InvokeModelWithResponseStream")


class BedrockEndpoint:
    """Serves one region."""

    def __init__(self, settings: Bedrock, desk: ModelDesk) -> None:
        self._settings = settings
        self._desk = desk
        self._dialect = BedrockDialect()

    async def __call__(self, request: Request, answer: Answer) -> None:
        await self._desk.attend(answer, self._serve(request, answer))

    async def _serve(self, request: Request, answer: Answer) -> str:
        call = _call(request)
        # Before authentication: the body was not kept, so its hash cannot be checked.
        if request.too_large:
            raise refusal(
                413, "RequestEntityTooLargeException", "Request size exceeds the limit."
            )
        self._authenticate(request)
        self._desk.check_expiry(
            call.model_id, stream=call.stream, dialect=self._dialect
        )

        match call.operation:
            case "Converse" | "ConverseStream":
                return await self._converse(request, answer, call)
            case "CountTokens":
                return await self._count(request, answer, call)
            case _:
                return await self._invoke(request, answer, call)

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
            raise refusal(refused.status, refused.kind, refused.message) from refused

    # ------------------------------------------------------------ operations

    async def _converse(self, request: Request, answer: Answer, call: _Call) -> str:
        body = parsed(request.body, otherwise=malformed())
        translated = self._judged_conversation(body, call)

        # A call that accepts no event stream is refused. The real service's answer
        # cannot be verified here.
        if call.stream and not request.accepts(eventstream.MEDIA_TYPE):
            raise refusal(
                406,
                "NotAcceptableException",
                f"Accept must allow {eventstream.MEDIA_TYPE}.",
            )

        form = ConverseForm(
            headers=request_ids(),
            started=time.perf_counter(),
            pointers=body.get("additionalModelResponseFieldPaths") or (),
        )
        return await self._desk.reply(
            answer,
            prompt(translated, cloud="bedrock", model=call.model_id),
            form,
            stream=call.stream,
            dialect=self._dialect,
        )

    async def _invoke(self, request: Request, answer: Answer, call: _Call) -> str:
        _check_media(request, stream=call.stream)
        model = self._model(call.model_id)
        body = parsed(request.body, otherwise=malformed())
        self._check_body(body, model)
        self._check_guardrail(
            request.header("x-amzn-bedrock-guardrailidentifier"),
            request.header("x-amzn-bedrock-guardrailversion"),
        )

        form = InvokeForm(
            label=self._desk.source.label,
            headers=request_ids(),
            started=time.perf_counter(),
        )
        return await self._desk.reply(
            answer,
            prompt(body, cloud="bedrock", model=call.model_id),
            form,
            stream=call.stream,
            dialect=self._dialect,
        )

    async def _count(self, request: Request, answer: Answer, call: _Call) -> str:
        body = parsed(request.body, otherwise=malformed())
        _check_converse(call, body)
        model = self._counted_model(call.model_id)

        asked = body["input"]
        if asked.get("converse") is not None:
            counted = as_messages(asked["converse"])
        else:
            counted = parsed(_decoded(asked["invokeModel"]), otherwise=malformed())
            self._check_body(counted, model)
        return await self._desk.count(
            answer,
            prompt(counted, cloud="bedrock", model=call.model_id),
            name="inputTokens",
            headers=request_ids(),
            dialect=self._dialect,
        )

    # ------------------------------------------------------------ judging

    def _judged_conversation(self, body: Json, call: _Call) -> Json:
        """The Messages body of a Converse body that passes every check."""
        extra = body.get("additionalModelRequestFields") or {}
        _check_converse(call, body)
        try:
            rules.validate_extra_fields(extra)
        except InvalidBodyError as error:
            raise model_refused(error) from error

        model = self._model(call.model_id)
        self._check_betas(extra)
        guardrail = body.get("guardrailConfig") or {}
        self._check_guardrail(
            guardrail.get("guardrailIdentifier"), guardrail.get("guardrailVersion")
        )

        translated = as_messages(body)
        _check_limit(translated["max_tokens"], model)
        try:
            rules.check_prefill(translated, model)
        except InvalidBodyError as error:
            raise model_refused(error) from error
        return translated

    def _check_body(self, body: Json, model: Model) -> None:
        """Judge a Messages body."""
        version = body.get("anthropic_version")
        allowed = model.versions(_VERSION, newer=False)
        if version is not None and version not in allowed:
            # Which text an unknown version gets cannot be verified here.
            expected = " or ".join(map(repr, allowed))
            raise invalid(f"anthropic_version: Input should be {expected}")

        try:
            rules.validate(
                body,
                version=str(version),
                model=model,
                transport=("anthropic_version",),
                streamable=False,
                betas=True,
            )
        except InvalidBodyError as error:
            raise invalid(str(error)) from error
        self._check_betas(body)

    def _check_betas(self, fields: Json) -> None:
        if set(fields.get("anthropic_beta") or ()) - set(self._settings.betas):
            raise invalid("invalid beta flag")

    def _check_guardrail(self, identifier: str | None, version: str | None) -> None:
        """Refuse a guardrail or version that does not exist."""
        if identifier is None and version is None:
            return
        known = self._settings.guardrails.get((identifier or "").rpartition("/")[2], ())
        if version not in known:
            raise invalid(
                "The guardrail identifier or version provided in the request does not"
                " exist."
            )

    # ------------------------------------------------------------ models

    def _model(self, model_id: str) -> Model:
        """The model that the caller named; refuses an unknown one."""
        models = self._settings.models
        found = models.get(model_id) or models.get(self._from_arn(model_id) or "")
        if found is None and self._in_profiles(model_id):
            raise invalid(
                f"Invocation of model ID {model_id} with on-demand throughput"
                " isn\u2019t supported. Retry your request with the ID or ARN of an"
                " inference profile that contains this model."
            )
        if found is None:
            raise invalid("The provided model identifier is invalid.")
        if not found.accessible:
            text = "You don't have access to the model with the specified model ID."
            raise refusal(403, "AccessDeniedException", text)
        return found

    def _counted_model(self, model_id: str) -> Model:
        """The model whose tokens are counted: a foundation model, even one that is
        invoked only through a profile."""
        return next(iter(self._in_profiles(model_id)), None) or self._model(model_id)

    def _in_profiles(self, model_id: str) -> list[Model]:
        """The inference profiles that contain a foundation model."""
        return [
            model
            for name, model in self._settings.models.items()
            if name.endswith(f".{model_id}")
        ]

    def _from_arn(self, model_id: str) -> str | None:
        """The id inside an ARN of this region, and of this account if it names one."""
        parts = model_id.split(":", 5)
        if len(parts) != 6:
            return None
        scheme, _, service, region, account, resource = parts
        if (scheme, service, region) != ("arn", "bedrock", self._settings.region):
            return None

        kind, _, name = resource.partition("/")
        owners = {
            "foundation-model": "",
            "inference-profile": self._settings.account_id,
        }
        return name if owners.get(kind) == account else None


def _call(request: Request) -> _Call:
    """Operation and model id. Refuses an unknown path."""
    match request.segments:
        case ("model", model_id, name) if model_id and request.method == "POST":
            operation = _OPERATIONS.get(name)
            if operation is not None:
                return _Call(operation, model_id)

    # The type is that of AWS's front end for every unknown path. The text cannot be
    # verified here.
    raise refusal(
        404,
        "UnknownOperationException",
        "The requested operation is not recognized by the service.",
    )


def _check_converse(call: _Call, body: Json) -> None:
    try:
        converse_rules.validate(call.operation, call.model_id, body)
    except InvalidConverseError as error:
        raise refusal(400, error.kind, error.message) from error


def _check_media(request: Request, *, stream: bool) -> None:
    """Judge InvokeModel's media types.

    `Content-Type` names the model's own format, and so does `Accept` for a whole reply
    or `X-Amzn-Bedrock-Accept` for a stream (botocore's model). `Accept` may also name
    the framing.
    """
    content_type = request.header("content-type") or _JSON
    if content_type.partition(";")[0].strip() != _JSON:
        raise invalid(
            "The provided Content-Type is invalid or not supported for this model"
        )

    inner = request.header("x-amzn-bedrock-accept") or _JSON
    # AnthropicBedrock sends `Accept: application/json` for streams too, and is served.
    allowed = (_JSON, eventstream.MEDIA_TYPE) if stream else (_JSON,)
    if inner not in (_JSON, "*/*") or not request.accepts(*allowed):
        raise invalid(
            "The provided Accept Type is invalid or not supported for this model"
        )


def _check_limit(max_tokens: int, model: Model) -> None:
    limit = model.max_output_tokens
    if max_tokens > limit:
        raise invalid(
            f"The maximum tokens you requested exceeds the model limit of {limit}. Try"
            f" again with a maximum tokens value that is lower than {limit}."
        )


def _decoded(invocation: Json) -> bytes:
    """The body of an invocation whose tokens are counted."""
    try:
        return base64.b64decode(invocation["body"])
    except ValueError as error:
        raise malformed() from error
