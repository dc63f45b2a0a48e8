"""One tree for everything that can go wrong, so that a caller needs to know no vendor's
exceptions.

    TriviumError
    ├── ConfigurationError              what was configured cannot be used
    │   ├── SettingsError               a stack file (all problems at once)
    │   ├── DeploymentError             the deployment descriptor
    │   │   ├── DeploymentVersionError  written in a version this release does not read
    │   │   ├── DeploymentSignatureError  unsigned, or not signed by a trusted key
    │   │   └── DeploymentExpiredError
    │   ├── ConstitutionError           unreadable, unknown detector, weakened, …
    │   └── CredentialsError            none found, or expired before sending
    ├── RequestError                    the caller's arguments
    │   └── UnknownModelError
    ├── PolicyError                     the guard or the residency rule said no
    │   ├── BlockedError                a provision blocked the request or the reply
    │   ├── EscalatedError              a person must decide first
    │   ├── ResidencyError              no route stays inside the zone
    │   └── GuardFailureError           the guard itself failed; it fails closed
    ├── RouteError                      one attempt on one route failed
    │   ├── AuthenticationError         401 or 403 over the credential itself
    │   ├── AccessDeniedError           403: authenticated, not permitted
    │   ├── ModelNotFoundError          404
    │   ├── ProviderRequestError        400, 413, 422: the provider refused its content
    │   │   ├── ContextTooLongError     it does not fit into the model's context
    │   │   └── OutputLimitError        `max_tokens` cut the answer in a tool's input
    │   ├── RateLimitedError            429
    │   ├── OverloadedError             503, 529
    │   ├── ProviderError               any other status
    │   ├── DeadlineError               no answer in time
    │   ├── TransportError              the connection failed or was cut
    │   └── ProtocolError               bytes that the protocol does not allow
    │       ├── UnknownContentError     content that this release cannot judge
    │       └── TruncatedStreamError    the stream ended without its terminal event
    ├── AllRoutesFailedError            every permitted route was tried
    ├── ReviewError                     a ticket, a decision or the queue
    ├── AuditError
    │   └── AuditWriteError             a record could not be kept: nothing was answered
    └── EvaluationError                 a suite, criteria or a run's results

Every error says whose `fault` it is, whether trying again can help (`retryable`), which
`request_id` it belongs to and what to do next (`next_step`). No error carries a prompt,
a reply or a credential.
"""

from typing import Any, ClassVar, Literal, TypedDict, Unpack

Fault = Literal["caller", "platform", "policy", "provider", "network", "trivium"]
"""Who can mend it: the calling code, the platform team, nobody (a rule said no), the
cloud, the network, us."""


class TriviumError(Exception):
    """The root. `str()` gives the message, followed by the next step where there is
    one."""

    fault: ClassVar[Fault] = "trivium"
    retryable: bool = False
    """Whether the same request may succeed later. A provider may say so of an error."""

    def __init__(
        self,
        message: str,
        *,
        request_id: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.request_id = request_id
        """The client's id of the request (`req_…`), as in the audit log; None outside a
        request."""
        self.next_step = next_step
        """One imperative sentence, or None."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors survive process pools and task queues, with everything that they know.
        Any: as pickle defines it."""
        return _restored, (type(self), self.args, self.__dict__)

    @property
    def code(self) -> str:
        """A stable word for logs and metrics: the class name without `Error`, in
        snake_case."""
        name = type(self).__name__.removesuffix("Error")
        return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}" if self.next_step else self.message


def _restored(
    kind: type[TriviumError], args: tuple[object, ...], known: dict[str, object]
) -> TriviumError:
    """The error that was pickled or copied."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(known)
    return error


class ConfigurationError(TriviumError):
    """What was configured cannot be used; nothing was sent."""

    fault: ClassVar[Fault] = "platform"


class SettingsError(ConfigurationError):
    """A stack file cannot be used. Carries every problem found, not only the first."""

    def __init__(
        self,
        message: str,
        *,
        problems: tuple[str, ...] = (),
        next_step: str | None = None,
    ) -> None:
        super().__init__(message, next_step=next_step)
        self.problems = problems
        """One complete sentence a problem, in the order of the file."""


class DeploymentError(ConfigurationError):
    """The deployment descriptor is missing, unreadable or not what it should be."""


class DeploymentVersionError(DeploymentError):
    """The descriptor is written in a version that this release does not read."""


class DeploymentSignatureError(DeploymentError):
    """The descriptor is unsigned, or not signed by a key that the application
    trusts."""


class DeploymentExpiredError(DeploymentError):
    """The descriptor's validity has passed (or not begun)."""


class ConstitutionError(ConfigurationError):
    """The constitution is missing, unreadable, weakened by a layer, or not the one that
    was deployed."""


class CredentialsError(ConfigurationError):
    """No credential was found for a route, or it had expired before the request was
    sent."""


class RequestError(TriviumError):
    """The arguments of a call cannot be used; nothing was sent."""

    fault: ClassVar[Fault] = "caller"


class UnknownModelError(RequestError):
    """`model` names no tier, role or route of the deployment."""


class PolicyError(TriviumError):
    """A rule said no. Trying again unchanged gives the same answer."""

    fault: ClassVar[Fault] = "policy"

    def __init__(
        self,
        message: str,
        *,
        provisions: tuple[str, ...] = (),
        request_id: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id, next_step=next_step)
        self.provisions = provisions
        """Ids of the provisions that decided, strictest first."""


class BlockedError(PolicyError):
    """A provision blocked the request before it left, or the reply before it was handed
    over."""


class EscalatedError(PolicyError):
    """A provision requires that a person decides first."""

    def __init__(
        self,
        message: str,
        *,
        ticket: str | None = None,
        provisions: tuple[str, ...] = (),
        request_id: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(
            message, provisions=provisions, request_id=request_id, next_step=next_step
        )
        self.ticket = ticket
        """The review to wait for (`client.reviews.wait`); None when none was opened."""


class ResidencyError(PolicyError):
    """No route that could serve the request is proven to stay inside the residency
    zone."""


class GuardFailureError(PolicyError):
    """A detector or condition failed; the guard fails closed, so the request is
    refused."""

    fault: ClassVar[Fault] = "trivium"


class _OfRoute(TypedDict, total=False):
    """What every `RouteError` may know."""

    route: str | None
    status: int | None
    provider_type: str | None
    provider_request_id: str | None
    provider_message: str | None
    retry_after_s: float | None
    request_id: str | None
    next_step: str | None


class RouteError(TriviumError):
    """One attempt on one route failed."""

    fault: ClassVar[Fault] = "provider"

    def __init__(
        self,
        message: str,
        *,
        route: str | None = None,
        status: int | None = None,
        provider_type: str | None = None,
        provider_request_id: str | None = None,
        provider_message: str | None = None,
        retry_after_s: float | None = None,
        request_id: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id, next_step=next_step)
        self.route = route
        """Route id of the descriptor."""
        self.status = status
        """HTTP status; 200 with an error inside a stream; None when no answer came."""
        self.provider_type = provider_type
        """The provider's own name for it, for instance `ThrottlingException` or
        `overloaded_error`."""
        self.provider_request_id = provider_request_id
        """The provider's request id, for its support desk."""
        self.provider_message = provider_message
        """The provider's own words. Not part of `str()`: they may quote the request, so
        mind where they go."""
        self.retry_after_s = retry_after_s
        """Seconds the provider asked to wait; None when it did not say."""


class AuthenticationError(RouteError):
    """The credential was missing, wrong or expired in the provider's eyes."""

    fault: ClassVar[Fault] = "platform"


class AccessDeniedError(RouteError):
    """The identity is known and not permitted to do this."""

    fault: ClassVar[Fault] = "platform"


class ModelNotFoundError(RouteError):
    """The provider does not know the model, profile or deployment at this endpoint."""

    fault: ClassVar[Fault] = "platform"


class ProviderRequestError(RouteError):
    """The provider refused the content of the request."""

    fault: ClassVar[Fault] = "caller"


class ContextTooLongError(ProviderRequestError):
    """The request does not fit into the model's context."""

    tokens: int | None = None
    """Tokens of the request, with `max_tokens` where that counts; None when the
    provider did not say."""
    limit: int | None = None
    """Tokens of the context; None when the provider did not say."""


class OutputLimitError(ProviderRequestError):
    """The model reached `max_tokens` within a tool's input. That was paid for, and the
    same request would end the same on every route."""


class RateLimitedError(RouteError):
    """Too many requests or tokens for the quota."""

    retryable = True


class OverloadedError(RouteError):
    """The provider has no capacity at this moment."""

    retryable = True


class ProviderError(RouteError):
    """The provider failed."""

    retryable = True


class DeadlineError(RouteError):
    """The answer did not come within the time allowed."""

    fault: ClassVar[Fault] = "network"
    retryable = True


class TransportError(RouteError):
    """The connection could not be made, or was cut."""

    fault: ClassVar[Fault] = "network"
    retryable = True

    def __init__(
        self, message: str, *, cause: str | None = None, **known: Unpack[_OfRoute]
    ) -> None:
        super().__init__(message, **known)
        self.cause = cause
        """The class of cause, for instance `dns`, `refused`, `untrusted` or
        `proxy_password`; see docs/client.md."""


class ProtocolError(RouteError):
    """The provider sent bytes that its protocol does not allow."""

    retryable = True


class UnknownContentError(ProtocolError):
    """The answer holds content of a kind that this release cannot judge. It was paid
    for, and the same request would get the same again, on every route."""

    retryable = False


class TruncatedStreamError(ProtocolError):
    """The stream ended without its terminal event, so it was not an answer."""


class AllRoutesFailedError(TriviumError):
    """Every permitted route was tried and failed. `attempts` holds the errors, in
    order."""

    fault: ClassVar[Fault] = "provider"
    retryable = True

    def __init__(
        self,
        message: str,
        *,
        attempts: tuple[RouteError, ...],
        request_id: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id, next_step=next_step)
        self.attempts = attempts


class ReviewError(TriviumError):
    """A review: the ticket, the decision or the queue cannot be used as asked."""

    fault: ClassVar[Fault] = "caller"


class AuditError(TriviumError):
    """The audit log."""

    fault: ClassVar[Fault] = "platform"


class AuditWriteError(AuditError):
    """The record could not be kept (full disk, lost mount), so the request is
    refused."""


class EvaluationError(TriviumError):
    """A suite, its criteria, a judge or a run's results cannot be used."""

    fault: ClassVar[Fault] = "caller"


__all__ = [
    "AccessDeniedError",
    "AllRoutesFailedError",
    "AuditError",
    "AuditWriteError",
    "AuthenticationError",
    "BlockedError",
    "ConfigurationError",
    "ConstitutionError",
    "CredentialsError",
    "DeadlineError",
    "DeploymentError",
    "DeploymentExpiredError",
    "DeploymentSignatureError",
    "DeploymentVersionError",
    "EscalatedError",
    "EvaluationError",
    "Fault",
    "GuardFailureError",
    "ModelNotFoundError",
    "OverloadedError",
    "PolicyError",
    "ProtocolError",
    "ProviderError",
    "ProviderRequestError",
    "RateLimitedError",
    "RequestError",
    "ResidencyError",
    "ReviewError",
    "RouteError",
    "SettingsError",
    "TransportError",
    "TriviumError",
    "TruncatedStreamError",
    "UnknownContentError",
    "UnknownModelError",
]
