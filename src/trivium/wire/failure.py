"""What a provider's error means in Trivium's tree: by its own type first, by the HTTP
status only without one.

A stream can fail after status 200, so the status alone would call an overload a
success. What a provider or a proxy before it calls its error goes into messages and
records, so it must be a word: text could quote the request.
"""

import re
from collections.abc import Mapping

from trivium.errors import (
    AccessDeniedError,
    AuthenticationError,
    ContextTooLongError,
    ModelNotFoundError,
    OverloadedError,
    ProviderError,
    ProviderRequestError,
    RateLimitedError,
    RouteError,
    UnknownContentError,
)
from trivium.wire.retry import retry_after_s, should_retry

_BY_TYPE: Mapping[str, type[RouteError]] = {
    # Messages API error types (platform.claude.com, "Errors", read 2026-11-22).
    "invalid_request_error": ProviderRequestError,
    "authentication_error": AuthenticationError,
    "permission_error": AccessDeniedError,
    "not_found_error": ModelNotFoundError,
    "request_too_large": ProviderRequestError,
    "rate_limit_error": RateLimitedError,
    "api_error": ProviderError,
    "timeout_error": ProviderError,
    "overloaded_error": OverloadedError,
    # google.rpc.Code (googleapis, google/rpc/code.proto).
    "INVALID_ARGUMENT": ProviderRequestError,
    "FAILED_PRECONDITION": ProviderRequestError,
    "UNAUTHENTICATED": AuthenticationError,
    "PERMISSION_DENIED": AccessDeniedError,
    "NOT_FOUND": ModelNotFoundError,
    "RESOURCE_EXHAUSTED": RateLimitedError,
    "UNAVAILABLE": OverloadedError,
    "INTERNAL": ProviderError,
    "DEADLINE_EXCEEDED": ProviderError,
    # Foundry's gateway, before a request reaches a model.
    "DeploymentNotFound": ModelNotFoundError,
    # Bedrock runtime's exceptions (its service model in botocore) and the common ones
    # of AWS's query front.
    "validationexception": ProviderRequestError,
    "resourcenotfoundexception": ModelNotFoundError,
    "accessdeniedexception": AccessDeniedError,
    "throttlingexception": RateLimitedError,
    "servicequotaexceededexception": RateLimitedError,
    "modelnotreadyexception": OverloadedError,
    "serviceunavailableexception": OverloadedError,
    "internalserverexception": ProviderError,
    "modelerrorexception": ProviderError,
    "modelstreamerrorexception": ProviderError,
    "modeltimeoutexception": ProviderError,
    "unrecognizedclientexception": AuthenticationError,
    "invalidsignatureexception": AuthenticationError,
    "incompletesignatureexception": AuthenticationError,
    "missingauthenticationtokenexception": AuthenticationError,
    "expiredtokenexception": AuthenticationError,
}


_TOO_LONG = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Messages API (earendil-works/pi#102, anthropics/claude-code#408).
        r"prompt is too long(?:: (?P<tokens>\d+) tokens > (?P<limit>\d+))?",
        (
            r"input length and `?max_tokens`? exceed context limit"
            r"(?::\s*(?P<tokens>\d+) \+ (?P<output>\d+) > (?P<limit>\d+))?"
        ),
        # Bedrock (anthropics/claude-code#760).
        r"input is too long for requested model",
        # Vertex AI in its own words (dyad-sh/dyad#403).
        (
            r"input token count(?: \((?P<tokens>\d+)\))? exceeds the maximum number of"
            r" tokens allowed(?: \((?P<limit>\d+)\))?"
        ),
    )
)
"""What the providers say of a request that is too long; none has a type for it."""
_NOT_ON_DEMAND = re.compile(r"on-demand throughput isn.t supported")
"""What Bedrock says of a model id that only an inference profile serves
(stackblitz-labs/bolt.diy#1102)."""

_WORD = re.compile(r"[A-Za-z0-9_.-]{1,128}")
"""Every type and every request id of the three clouds is one; a sentence is none."""


def word(text: str | None) -> str | None:
    """The text if it is a single word, such as a type or an id, otherwise None."""
    return text if text and _WORD.fullmatch(text) else None


def failure(
    *,
    status: int,
    kind: str = "",
    message: str = "",
    provider_request_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> RouteError:
    """The error for a provider's answer. `kind` is the provider's type; `message` is
    kept apart from `str()`; `headers` say when to try again."""
    kind = word(kind) or ""
    error = _BY_TYPE.get(kind) or _BY_TYPE.get(kind.lower()) or _by_status(status)
    if error is ProviderRequestError:
        error = _by_message(message)
    named = f"`{kind}` (HTTP {status})" if kind else f"HTTP {status}"
    made = error(
        f"The provider answered {named}.",
        status=status,
        provider_type=kind or None,
        provider_request_id=word(provider_request_id),
        provider_message=message or None,
        retry_after_s=retry_after_s(headers or {}),
        next_step=_NEXT.get(error),
    )
    if isinstance(made, ContextTooLongError):
        made.tokens, made.limit = _sizes(message)
    told = should_retry(headers or {})
    if told is not None:
        made.retryable = told
    return made


def unknown_block(kind: str) -> UnknownContentError:
    """The error for content that can neither be judged nor handed over: leaving it out
    would make half an answer."""
    named = f"`{kind}`" if word(kind) else "of a kind without a name"
    return UnknownContentError(
        f"The provider's reply holds a content block {named}, which this release does"
        " not know, so it is not an answer.",
        next_step="Update trivium, or leave out what asked for such content.",
    )


def _by_message(message: str) -> type[RouteError]:
    """What a refused request was refused for, where only the provider's words say
    it."""
    if any(pattern.search(message) for pattern in _TOO_LONG):
        return ContextTooLongError
    if _NOT_ON_DEMAND.search(message):
        return ModelNotFoundError
    return ProviderRequestError


def _sizes(message: str) -> tuple[int | None, int | None]:
    """Tokens of the request and of the context, where the provider says them."""
    for pattern in _TOO_LONG:
        if found := pattern.search(message):
            said = {name: int(text) for name, text in found.groupdict().items() if text}
            tokens = said.get("tokens")
            if tokens is not None:
                tokens += said.get("output", 0)
            return tokens, said.get("limit")
    return None, None


_NEXT: Mapping[type[RouteError], str] = {
    ContextTooLongError: "Shorten the conversation, or ask for less `max_tokens`.",
    AuthenticationError: (
        "Check the credentials that the application runs under, and this machine's"
        " clock."
    ),
    AccessDeniedError: (
        "Check that the application's identity may invoke this model (see the identity"
        " component)."
    ),
    ModelNotFoundError: (
        "Check that the model is enabled for the account and region, and that the"
        " descriptor names an inference profile where Bedrock serves it by one only;"
        " then sign a new descriptor."
    ),
    ProviderRequestError: (
        "Read the error's `provider_message`, and correct the request."
    ),
}


def _by_status(status: int) -> type[RouteError]:
    """What a status means where the provider names no type."""
    match status:
        case 401:
            return AuthenticationError
        case 403:
            return AccessDeniedError
        case 404:
            return ModelNotFoundError
        case 429:
            return RateLimitedError
        case 503 | 529:
            return OverloadedError
        case 400 | 413 | 422:
            return ProviderRequestError
        case _:
            # also 408 and the like: they come from something on the way, and another
            # route may be free of it
            return ProviderError
