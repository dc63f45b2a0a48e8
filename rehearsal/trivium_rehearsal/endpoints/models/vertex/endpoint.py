"""Vertex AI's prediction service for one project: rawPredict, streamRawPredict and
count-tokens of Claude.

Sources: Vertex AI REST reference (projects.locations.publishers.models.rawPredict and
streamRawPredict); anthropic 2.12.0 `lib/vertex` for paths; read 2026-11-22.
"""

import datetime as dt
import re
from typing import NamedTuple

from trivium_rehearsal.endpoints.models.configuration import Model, Vertex
from trivium_rehearsal.endpoints.models.desk import ModelDesk
from trivium_rehearsal.endpoints.models.messages import rules
from trivium_rehearsal.endpoints.models.messages.dialect import MessagesDialect
from trivium_rehearsal.endpoints.models.messages.prompt import prompt
from trivium_rehearsal.endpoints.models.messages.reply import SSE, MessagesForm
from trivium_rehearsal.endpoints.models.messages.schema import InvalidBodyError
from trivium_rehearsal.endpoints.models.vertex.refusals import (
    error_of,
    google_error,
    invalid,
    invalid_argument,
    model_error,
    request_ids,
    unauthenticated,
    unknown_page,
)
from trivium_rehearsal.endpoints.serving.bodies import Json, parsed
from trivium_rehearsal.endpoints.serving.http import Answer, Request
from trivium_rehearsal.endpoints.serving.identities import (
    CLOUD_PLATFORM_SCOPE,
    bearer_token,
    expired,
    with_token,
)

MAX_BODY_BYTES = 30 * 1024 * 1024
"""Claude on Vertex AI takes requests up to 30 MB (platform.claude.com, API errors,
"Request size limits")."""

_VERSION = "vertex-2023-10-16"
_PATH = re.compile(
    r"/v1/projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)"
    r"/publishers/anthropic/models/(?P<model>[^/:]+)"
    r":(?P<verb>rawPredict|streamRawPredict)"
)
_COUNT_TOKENS = "count-tokens"
"""The model id under which tokens are counted."""


class _Call(NamedTuple):
    """What the path of a request says."""

    project: str
    location: str
    model: str
    verb: str

    @property
    def stream(self) -> bool:
        return self.verb == "streamRawPredict"


class VertexEndpoint:
    """Serves one project in some locations."""

    def __init__(self, settings: Vertex, desk: ModelDesk) -> None:
        self._settings = settings
        self._desk = desk
        self._dialect = MessagesDialect(error_of=error_of, model_error=model_error)

    async def __call__(self, request: Request, answer: Answer) -> None:
        await self._desk.attend(answer, self._serve(request, answer))

    async def _serve(self, request: Request, answer: Answer) -> str:
        call = _call(request)
        self._authenticate(request)
        self._desk.check_expiry(call.model, stream=call.stream, dialect=self._dialect)
        self._check_place(call)
        if request.too_large:
            raise google_error(
                413, "FAILED_PRECONDITION", "Request payload size exceeds the limit."
            )
        if call.model == _COUNT_TOKENS:
            return await self._count(request, answer, call)
        return await self._predict(request, answer, call)

    def _authenticate(self, request: Request) -> None:
        token = bearer_token(request)
        if token is None:
            raise unauthenticated("CREDENTIALS_MISSING")

        identity = with_token(self._settings.identities, token)
        if identity is None:
            raise unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED")
        if expired(identity, dt.datetime.now(dt.UTC)):
            raise unauthenticated("ACCESS_TOKEN_EXPIRED")
        if CLOUD_PLATFORM_SCOPE not in identity.scopes:
            text = "Request had insufficient authentication scopes."
            raise google_error(
                403, "PERMISSION_DENIED", text, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
            )

    # ------------------------------------------------------------ operations

    async def _predict(self, request: Request, answer: Answer, call: _Call) -> str:
        model = self._model(call, call.model)
        body = _json(request)
        self._check_body(request, body, model, counting=False)
        _check_streaming(request, body, stream=call.stream)

        return await self._desk.reply(
            answer,
            prompt(body, cloud="vertex", model=call.model),
            MessagesForm(label=self._desk.source.label, headers=request_ids()),
            stream=call.stream,
            dialect=self._dialect,
        )

    async def _count(self, request: Request, answer: Answer, call: _Call) -> str:
        if call.stream:
            raise invalid_argument("count-tokens does not stream; use rawPredict.")
        body = _json(request)
        name = body.get("model")
        model = self._model(call, name if isinstance(name, str) else "")
        self._check_body(request, body, model, counting=True)

        return await self._desk.count(
            answer,
            prompt(body, cloud="vertex", model=body["model"]),
            name="input_tokens",
            headers={},
            dialect=self._dialect,
        )

    # ------------------------------------------------------------ judging

    def _check_place(self, call: _Call) -> None:
        """Refuse another project and a location that is not served."""
        project, location = call.project, call.location
        if project != self._settings.project:
            place = f"projects/{project}/locations/{location}"
            text = (
                "Permission 'aiplatform.endpoints.predict' denied on resource"
                f" '//aiplatform.googleapis.com/{place}' (or it may not exist)."
            )
            raise google_error(403, "PERMISSION_DENIED", text, "IAM_PERMISSION_DENIED")
        if location not in self._settings.locations:
            # A regional host serves its own location. Which text another one gets
            # cannot be verified here.
            raise google_error(
                404, "NOT_FOUND", f"Location {location} is not served by this endpoint."
            )

    def _model(self, call: _Call, name: str) -> Model:
        """The model of this name; refuses an unknown one."""
        model = self._settings.models.get(name)
        if model is None or not model.accessible:
            resource = (
                f"projects/{call.project}/locations/{call.location}"
                f"/publishers/anthropic/models/{name}"
            )
            text = (
                f"Publisher Model `{resource}` was not found or your project does not"
                " have access to it. Please ensure you are using a valid model"
                " version."
            )
            raise google_error(404, "NOT_FOUND", text)
        return model

    def _check_body(
        self, request: Request, body: Json, model: Model, *, counting: bool
    ) -> None:
        """Judge the body and the beta header."""
        version = body.get("anthropic_version")
        allowed = model.versions(_VERSION, newer=True)
        if version is not None and version not in allowed:
            # Which text an unknown version gets cannot be verified here.
            expected = " or ".join(map(repr, allowed))
            raise invalid(f"anthropic_version: Input should be {expected}")

        transport = ("anthropic_version", "model")
        try:
            rules.check_beta_header(
                request.header("anthropic-beta"), self._settings.betas
            )
            rules.validate(
                body,
                version=str(version),
                model=model,
                transport=transport if counting else transport[:1],
                counting=counting,
            )
        except InvalidBodyError as error:
            raise invalid(str(error)) from error


def _call(request: Request) -> _Call:
    """Project, location, model and verb. Refuses an unknown path."""
    match = _PATH.fullmatch("/" + "/".join(request.segments))
    if match is None or request.method != "POST":
        raise unknown_page()
    return _Call(**match.groupdict())


def _json(request: Request) -> Json:
    """The body, in the front end's words if it is not JSON."""
    malformed = invalid_argument("Invalid JSON payload received.")
    return parsed(request.body, otherwise=malformed)


def _check_streaming(request: Request, body: Json, *, stream: bool) -> None:
    """Refuse a path and a body that disagree.

    The SDK always sends both alike. The real answer to a contradiction cannot be
    verified here; a refusal shows the client's mistake.
    """
    if stream is not body.get("stream", False):
        verb, wanted = (
            ("streamRawPredict", "true")
            if stream
            else ("rawPredict", "false or absent")
        )
        raise invalid_argument(f"{verb} needs `stream` to be {wanted} in the body.")

    # AnthropicVertex sends `Accept: application/json` for streams too, and is served.
    # That other types are refused cannot be verified here.
    if stream and not request.accepts(SSE, "application/json"):
        raise invalid_argument(f"Accept must allow {SSE}.")
