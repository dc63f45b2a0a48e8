"""The reply of InvokeModel: Claude's own, with Bedrock's metrics around it."""

import base64
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from trivium_rehearsal.endpoints.models import eventstream
from trivium_rehearsal.endpoints.models.converse.reply import elapsed_ms
from trivium_rehearsal.endpoints.models.messages.reply import events, message
from trivium_rehearsal.endpoints.models.text import Piece
from trivium_rehearsal.endpoints.serving.bodies import Json
from trivium_rehearsal.endpoints.serving.delivery import Frame


@dataclass(frozen=True, kw_only=True)
class InvokeForm:
    """The reply of InvokeModel and InvokeModelWithResponseStream."""

    label: str
    """The source's name, which `model` tells."""
    headers: Mapping[str, str]
    """The endpoint's own headers."""
    started: float
    """When the request was accepted, by `time.perf_counter()`."""

    def whole(self, pieces: list[Piece]) -> tuple[Mapping[str, str], Json]:
        body = message(pieces, label=self.label)
        usage = body["usage"]
        headers = {
            **self.headers,
            "x-amzn-bedrock-invocation-latency": str(elapsed_ms(self.started)),
            "x-amzn-bedrock-input-token-count": str(usage["input_tokens"]),
            "x-amzn-bedrock-output-token-count": str(usage["output_tokens"]),
        }
        return headers, body

    def stream_headers(self) -> Mapping[str, str]:
        return {
            "content-type": eventstream.MEDIA_TYPE,
            "x-amzn-bedrock-content-type": "application/json",
            **self.headers,
        }

    async def frames(
        self, pieces: AsyncGenerator[Piece, None]
    ) -> AsyncGenerator[Frame, None]:
        """Claude's events as `chunk` messages. Bedrock sends no `ping`."""
        usage: Json = {}
        first: int | None = None
        async with aclosing(events(pieces, label=self.label)) as described:
            async for event in described:
                if event["type"] == "ping":
                    continue
                if first is None:
                    first = elapsed_ms(self.started)
                usage = event.get("usage") or usage
                last = event["type"] == "message_stop"
                if last:
                    metrics = self._metrics(usage, first)
                    event["amazon-bedrock-invocationMetrics"] = metrics
                yield Frame(_chunk(event), 0 if last else None)

    def _metrics(self, usage: Json, first_byte_ms: int) -> Json:
        """What the last event carries."""
        return {
            "inputTokenCount": usage["input_tokens"],
            "outputTokenCount": usage["output_tokens"],
            "invocationLatency": elapsed_ms(self.started),
            "firstByteLatency": first_byte_ms,
        }


def _chunk(event: Json) -> bytes:
    """One event as an event-stream message."""
    inner = base64.b64encode(json.dumps(event, ensure_ascii=False).encode()).decode()
    outer = {"bytes": inner, "p": eventstream.padding()}
    return eventstream.event("chunk", json.dumps(outer).encode())
