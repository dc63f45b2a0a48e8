"""What is not an answer, in an API that speaks the Messages protocol over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass

from trivium_rehearsal.endpoints.models.messages import reply
from trivium_rehearsal.endpoints.serving.faults import Fault
from trivium_rehearsal.endpoints.serving.refusals import RefusalError


@dataclass(frozen=True, kw_only=True)
class MessagesDialect:
    """Anthropic's errors and events; what surrounds them is the endpoint's own."""

    error_of: Callable[[Fault], RefusalError]
    """The endpoint's error for a fault that replaces the answer."""
    model_error: Callable[[int, str, str], RefusalError]
    """The endpoint's answer with an error of the model: status, type and text."""

    def instead(self, fault: Fault) -> RefusalError:
        return self.error_of(fault).ordered_by(fault)

    def source_refused(self, message: str) -> RefusalError:
        return self.model_error(400, "invalid_request_error", message)

    def source_failed(self, message: str) -> RefusalError:
        return self.model_error(500, "api_error", message)

    def stream_error(self, kind: str | None) -> bytes:
        return reply.sse_error(kind)

    def garbage(self) -> bytes:
        return reply.SSE_GARBAGE
