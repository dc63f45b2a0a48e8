"""One Azure AI Foundry resource with Claude deployments: `/anthropic/v1/messages` and
its token count.

Source: anthropic 2.12.0 `lib/foundry.py` for paths and headers.
"""

import datetime as dt

from trivium_rehearsal.endpoints.models.configuration import Foundry, Model
from trivium_rehearsal.endpoints.models.desk import ModelDesk
from trivium_rehearsal.endpoints.models.foundry.refusals import (
    bad_key,
    bad_token,
    error_of,
    gateway_error,
    invalid,
    model_error,
    no_deployment,
    request_ids,
)
from trivium_rehearsal.endpoints.models.messages import rules
from trivium_rehearsal.endpoints.models.messages.dialect import MessagesDialect
from trivium_rehearsal.endpoints.models.messages.prompt import prompt
from trivium_rehearsal.endpoints.models.messages.reply import SSE, MessagesForm
from trivium_rehearsal.endpoints.models.messages.schema import InvalidBodyError
from trivium_rehearsal.endpoints.serving.bodies import Json, parsed
from trivium_rehearsal.endpoints.serving.http import Answer, Request
from trivium_rehearsal.endpoints.serving.identities import (
    bearer_token,
    expired,
    same_secret,
    with_token,
)

MAX_BODY_BYTES = 32 * 1024 * 1024
"""The Messages API takes requests up to 32 MB (platform.claude.com, API errors,
"Request size limits")."""

_MESSAGES = "/anthropic/v1/messages"
_COUNT = "/anthropic/v1/messages/count_tokens"
_VERSION = "2023-06-01"
_AUDIENCES = ("https://ai.azure.com", "https://cognitiveservices.azure.com")


class FoundryEndpoint:
    """Serves one resource."""

    def __init__(self, settings: Foundry, desk: ModelDesk) -> None:
        self._settings = settings
        self._desk = desk
        self._dialect = MessagesDialect(error_of=error_of, model_error=model_error)

    async def __call__(self, request: Request, answer: Answer) -> None:
        await self._desk.attend(answer, self._serve(request, answer))

    async def _serve(self, request: Request, answer: Answer) -> str:
        if request.method != "POST" or request.path not in (_MESSAGES, _COUNT):
            raise gateway_error(404, "404", "Resource not found")
        self._authenticate(request)
        # The model and the kind of call stand in the body, which has not been read yet.
        self._desk.check_expiry("", stream=False, dialect=self._dialect)
        if request.too_large:
            text = "Request exceeds the maximum allowed number of bytes."
            raise model_error(413, "request_too_large", text)

        if request.path == _COUNT:
            return await self._count(request, answer)
        return await self._message(request, answer)

    def _authenticate(self, request: Request) -> None:
        key = request.header("x-api-key") or request.header("api-key")
        token = bearer_token(request)
        if key is not None:
            if not any(same_secret(one, key) for one in self._settings.api_keys):
                raise bad_key()
        elif token is not None:
            self._check_token(token)
        else:
            raise bad_key()

    def _check_token(self, token: str) -> None:
        identity = with_token(self._settings.identities, token)
        if (
            identity is None
            or identity.audience.rstrip("/") not in _AUDIENCES
            or expired(identity, dt.datetime.now(dt.UTC))
        ):
            raise bad_token()
        if not identity.permitted:
            text = (
                "The principal lacks the required data action to perform this"
                " operation."
            )
            raise gateway_error(401, "PermissionDenied", text)

    # ------------------------------------------------------------ operations

    async def _message(self, request: Request, answer: Answer) -> str:
        body = self._judged(request, counting=False)
        return await self._desk.reply(
            answer,
            prompt(body, cloud="foundry", model=body["model"]),
            MessagesForm(label=self._desk.source.label, headers=request_ids()),
            stream=body.get("stream", False),
            dialect=self._dialect,
        )

    async def _count(self, request: Request, answer: Answer) -> str:
        body = self._judged(request, counting=True)
        return await self._desk.count(
            answer,
            prompt(body, cloud="foundry", model=body["model"]),
            name="input_tokens",
            headers=request_ids(),
            dialect=self._dialect,
        )

    # ------------------------------------------------------------ judging

    def _judged(self, request: Request, *, counting: bool) -> Json:
        """The body of a request that passes every check."""
        malformed = invalid("The request body is not valid JSON.")
        body = parsed(request.body, otherwise=malformed)
        model = self._model(body)
        version = _version(request, model)
        try:
            rules.check_beta_header(
                request.header("anthropic-beta"), self._settings.betas
            )
            rules.validate(
                body,
                version=version,
                model=model,
                transport=("model",),
                counting=counting,
            )
        except InvalidBodyError as error:
            raise invalid(str(error)) from error

        # AnthropicFoundry sends `Accept: application/json` for streams too, and is
        # served. That other types are refused cannot be verified here.
        if body.get("stream") and not request.accepts(SSE, "application/json"):
            raise invalid(f"accept: must allow {SSE}")
        return body

    def _model(self, body: Json) -> Model:
        """The deployment that the body names; refuses an unknown one."""
        name = body.get("model")
        if name is None:
            raise invalid("model: Field required")
        if not isinstance(name, str):
            raise invalid("model: Input should be a valid string")

        model = self._settings.models.get(name)
        if model is None or not model.accessible:
            raise no_deployment()
        return model


def _version(request: Request, model: Model) -> str:
    """The version of the Messages API; refuses one that the model does not accept."""
    version = request.header("anthropic-version")
    if version is None:
        raise invalid("anthropic-version: header is required")
    if version not in model.versions(_VERSION, newer=True):
        raise invalid(
            f'anthropic-version: "{version}" is not a valid version for this model'
        )
    return version
