"""The core alone, with hands instead of a network: what it asks for, in which order."""

import datetime as dt
import random
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client.worlds import routes
from tests.wire.samples import CONVERSE_STREAM
from trivium import Message, Options, TriviumError
from trivium.audit import Attempt, Opened
from trivium.client.core import Core
from trivium.client.effects import (
    Answer,
    Append,
    Effect,
    Emit,
    Read,
    Send,
    Sleep,
    Steps,
)
from trivium.constitution import load_layers
from trivium.errors import (
    AllRoutesFailedError,
    DeploymentExpiredError,
    OutputLimitError,
    TransportError,
    UnknownContentError,
)
from trivium.guard import Guard
from trivium.vocabulary import catalogue
from trivium.vocabulary.decision import Action
from trivium.vocabulary.deployment import (
    Audit,
    AuditStore,
    ConstitutionRef,
    Deployment,
    Layer,
)
from trivium.vocabulary.messages import MessageRequest, MessageStop, Turn
from trivium.wire.eventstream import encode_frame

LAYERS = ConstitutionRef(layers=(Layer(source="pack:baseline"),))
GUARD = Guard(load_layers(LAYERS, base=None))
PRICES = catalogue.load()
STORE = AuditStore(
    uri="file:x",
    cloud="aws",
    region="us-east-1",
    regime="x",
    retention_days=1,
    lock="unlocked",
)
DEPLOYMENT = Deployment(
    version="1",
    name="claims",
    environment="test",
    zone="us",
    routes=routes(
        dict.fromkeys(("bedrock", "vertex", "foundry"), "http://127.0.0.1:9")
    ),
    constitution=LAYERS,
    audit=Audit(stores=(STORE,)),
    rehearsal=True,
    issued_at="2026-11-01T00:00:00Z",
    expires_at="2026-12-01T00:00:00Z",
)
REQUEST = MessageRequest(
    model="sonnet", max_tokens=64, messages=(Turn(role="user", content="hello"),)
)

CONVERSE_BODY = msgspec.json.encode(
    {
        "output": {"message": {"content": [{"text": "Hello."}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1_000_000, "outputTokens": 0},
    }
)
MESSAGES_BODY = msgspec.json.encode(
    {
        "id": "msg_1",
        "model": "claude",
        "content": [{"type": "text", "text": "Hello."}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1_000_000, "output_tokens": 0},
    }
)
STREAM_HEADERS = {"content-type": "application/vnd.amazon.eventstream"}


class Hands:
    """Does what the core asks for, by a script of answers, and keeps what was asked.
    Its clock is its own."""

    def __init__(
        self,
        answers: Iterable[Answer | TriviumError],
        *,
        seconds_a_send: float = 0,
        guard: Guard = GUARD,
        **limits: Any,
    ) -> None:
        self.answers = list(answers)
        self.seconds_a_send = seconds_a_send
        self.effects: list[Effect] = []
        self.now = 0.0
        self.today = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
        self.core = Core(
            DEPLOYMENT,
            digest="sha256:" + "0" * 64,
            guard=guard,
            catalogue=PRICES,
            options=Options(**limits),
            clock=lambda: self.today,
            monotonic=lambda: self.now,
            random=random.Random(7),
        )

    def ask(self, *, stream: bool = False, chunks: Iterable[bytes] = ()) -> Message:
        """One request to its end."""
        steps = self.core.steps(REQUEST, request_id="req_1", stream=stream)
        return self.driven(steps, list(chunks))

    def driven(self, steps: Steps[Message], chunks: list[bytes]) -> Message:
        act: Callable[[], Effect] = lambda: next(steps)  # noqa: E731 -- replaced in the loop
        try:
            while True:
                effect = act()
                self.effects.append(effect)
                if isinstance(effect, Read):
                    result = chunks.pop(0) if chunks else None
                else:
                    result = self.performed(effect)
                if isinstance(result, TriviumError):
                    act = lambda error=result: steps.throw(error)  # type: ignore[misc]  # noqa: E731
                else:
                    act = lambda value=result: steps.send(value)  # type: ignore[misc]  # noqa: E731
        except StopIteration as done:
            message: Message = done.value
            return message

    def performed(self, effect: Effect) -> Any:
        """What an effect gives. Any: each has a result of its own."""
        if isinstance(effect, Sleep):
            self.now += effect.seconds
        elif isinstance(effect, Send):
            self.now += self.seconds_a_send
            return self.answers.pop(0)
        return None

    def asked(self, kind: type[Effect]) -> list[Any]:
        return [effect for effect in self.effects if isinstance(effect, kind)]


def good(route: str = "aws") -> Answer:
    return Answer(200, {}, CONVERSE_BODY if route == "aws" else MESSAGES_BODY)


def throttled(retry_after: str | None = None) -> Answer:
    return Answer(429, {"retry-after": retry_after} if retry_after else {}, b"{}")


# ---------------------------------------------------------------- time


def test_a_client_that_outlives_its_descriptor_sends_nothing_more_and_records_that() -> (
    None
):
    hands = Hands([good(), good()])
    hands.ask()
    hands.today = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    with pytest.raises(DeploymentExpiredError, match="expired at 2026-12-01T00:00:00Z"):
        hands.ask()
    assert len(hands.asked(Send)) == 1
    assert [effect.record.outcome for effect in hands.asked(Append)] == [
        "answered",
        "refused",
    ]


def test_pauses_are_full_jitter_under_a_bound_that_doubles_up_to_its_limit() -> None:
    bounds = [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    seen = []
    for seed in range(30):
        hands = Hands(
            [throttled()] * 6 + [good()],
            attempts_per_route=7,
            backoff_s=0.5,
            max_pause_s=4.0,
        )
        hands.core._random = random.Random(seed)
        hands.ask()
        seen.append([effect.seconds for effect in hands.asked(Sleep)])
    columns = list(zip(*seen, strict=True))
    for column, bound in zip(columns, bounds, strict=True):
        assert 0 <= min(column) < bound / 4
        assert bound * 3 / 4 < max(column) <= bound


def test_a_provider_may_ask_for_a_longer_pause() -> None:
    hands = Hands([throttled("3"), good()], backoff_s=0.1, max_pause_s=8.0)
    hands.ask()
    assert [effect.seconds for effect in hands.asked(Sleep)] == [3.0]


def test_for_a_pause_beyond_the_limit_another_route_is_asked_at_once() -> None:
    hands = Hands([throttled("100"), good("gcp"), good("gcp")], max_pause_s=8.0)
    assert hands.ask().route == "gcp-us"
    assert hands.asked(Sleep) == []
    hands.now += 99
    assert hands.ask().route == "gcp-us", "before the time is over it is not asked"
    hands.answers.append(good())
    hands.now += 2
    assert hands.ask().route == "aws-us"


def test_a_provider_may_say_that_trying_again_is_useless() -> None:
    refusal = Answer(529, {"x-should-retry": "false"}, b"")
    hands = Hands([refusal, good("gcp")])
    assert hands.ask().attempts == 2
    assert hands.asked(Sleep) == []


def recorded(hands: Hands) -> list[Any]:
    return [effect.record for effect in hands.asked(Append)]


def outcomes(hands: Hands) -> list[str]:
    return [record.outcome for record in recorded(hands)]


def test_what_one_protocol_refuses_is_asked_of_another() -> None:
    hands = Hands([Answer(400, {}, b"{}"), good("gcp")])
    assert (hands.ask().route, outcomes(hands)) == ("gcp-us", ["failed", "answered"])


def test_content_of_an_unknown_kind_is_paid_for_once() -> None:
    body = msgspec.json.decode(CONVERSE_BODY)
    body["output"]["message"]["content"] = [{"hologram": {}}]
    hands = Hands([Answer(200, {}, msgspec.json.encode(body)), good("gcp")])
    with pytest.raises(UnknownContentError, match="`hologram`"):
        hands.ask()
    assert outcomes(hands) == ["failed"]
    (record,) = recorded(hands)
    assert record.usage.input_tokens == 1_000_000
    assert record.cost_usd


def test_a_pause_that_would_pass_the_deadline_is_spared_and_the_next_route_asked() -> (
    None
):
    hands = Hands([throttled("5"), good("gcp")], timeout_s=4.0, max_pause_s=8.0)
    assert hands.ask().route == "gcp-us"
    assert hands.asked(Sleep) == []


def test_what_is_left_of_the_deadline_is_the_next_attempts_timeout() -> None:
    hands = Hands([throttled("5"), good()], timeout_s=30.0, max_pause_s=8.0)
    hands.ask()
    assert [effect.timeout_s for effect in hands.asked(Send)] == [30.0, 25.0]


def test_past_the_deadline_nothing_more_is_sent() -> None:
    hands = Hands(
        [TransportError("cut"), good("gcp")],
        timeout_s=10.0,
        attempts_per_route=1,
        seconds_a_send=11,
    )
    with pytest.raises(TransportError):
        hands.ask()
    assert len(hands.asked(Send)) == 1


def test_an_answer_costs_the_list_price_with_its_surcharge() -> None:
    hands = Hands([good()])
    # 3 USD a million tokens, and a tenth more in a geography
    # (trivium/vocabulary/catalogue.yaml).
    assert hands.ask().cost_usd == pytest.approx(3.3)
    (append,) = hands.asked(Append)
    assert append.record.cost_usd == pytest.approx(3.3)


# ---------------------------------------------------------------- order

_OUTCOMES: dict[str, Callable[[], Answer | TriviumError]] = {
    "throttled": throttled,
    "overloaded": lambda: Answer(529, {}, b""),
    "broken": lambda: Answer(500, {}, b"?"),
    "denied": lambda: Answer(403, {}, b"{}"),
    "garbage": lambda: Answer(200, {}, b"?"),
    "cut": lambda: TransportError("cut"),
    "refused": lambda: Answer(400, {}, b"{}"),
}


@settings(deadline=None, max_examples=150)
@given(
    outcomes=st.lists(st.sampled_from(sorted(_OUTCOMES)), max_size=12),
    attempts=st.integers(1, 4),
    failures=st.integers(1, 6),
)
def test_every_attempt_is_recorded_before_anything_else_happens(
    outcomes: list[str], attempts: int, failures: int
) -> None:
    """Whatever the providers do: a record follows each sending, before the next one, a
    pause or the answer."""
    answers = [_OUTCOMES[outcome]() for outcome in outcomes]
    hands = Hands(
        [*answers, *[Answer(500, {}, b"")] * 20],
        attempts_per_route=attempts,
        breaker_failures=failures,
    )
    with pytest.raises(TriviumError) as caught:
        hands.ask()
    assert caught.value.request_id == "req_1"
    kinds = [type(effect) for effect in hands.effects]
    assert kinds[0] is Send
    assert kinds[-1] is Append
    sent, records = kinds.count(Send), [effect.record for effect in hands.asked(Append)]
    assert [record.attempt for record in records] == list(range(1, sent + 1))
    for position, kind in enumerate(kinds):
        if kind is Send:
            rest = [
                following
                for following in kinds[position + 1 :]
                if following in (Send, Sleep, Append)
            ]
            assert rest[0] is Append
    assert {record.route for record in records} <= {"aws-us", "gcp-us", "azure-us"}
    if isinstance(caught.value, AllRoutesFailedError):
        assert len(caught.value.attempts) == sent


def test_a_stream_is_opened_in_the_log_before_its_first_event_and_closed_before_its_last() -> (
    None
):
    hands = Hands([Answer(200, STREAM_HEADERS)])
    hands.ask(stream=True, chunks=CONVERSE_STREAM)
    shown = [effect for effect in hands.effects if isinstance(effect, Append | Emit)]
    assert isinstance(shown[0], Append)
    assert isinstance(shown[0].record, Opened)
    assert all(isinstance(effect, Emit) for effect in shown[1:-2])
    assert isinstance(shown[-2], Append)
    assert isinstance(shown[-2].record, Attempt)
    assert isinstance(shown[-1], Emit)
    (last,) = shown[-1].events
    assert isinstance(last, MessageStop)
    assert not any(
        isinstance(event, MessageStop)
        for effect in shown[1:-2]
        if isinstance(effect, Emit)
        for event in effect.events
    )


def test_a_stream_of_another_kind_is_a_protocol_error_and_moves_on() -> None:
    hands = Hands(
        [Answer(200, {"content-type": "text/html"})] * 6, attempts_per_route=2
    )
    with pytest.raises(AllRoutesFailedError):
        hands.ask(stream=True)
    assert [error.code for error in _caught(hands)] == ["protocol"] * 6


def _caught(hands: Hands) -> list[Any]:
    return [effect.record.failure for effect in hands.asked(Append)]


def test_an_answer_that_stopped_for_no_reason_is_paid_for() -> None:
    body = msgspec.json.decode(CONVERSE_BODY) | {"stopReason": "malformed_tool_use"}
    refused = Answer(200, {}, msgspec.json.encode(body))
    hands = Hands([refused, good("gcp")], attempts_per_route=1)
    assert hands.ask().route == "gcp-us"
    assert [bool(record.cost_usd) for record in recorded(hands)] == [True, True]


@pytest.mark.parametrize("stream", [False, True])
def test_an_intervention_of_the_providers_guardrail_is_a_finding(stream: bool) -> None:
    said = "Blocked by the guardrail."
    body = msgspec.json.decode(CONVERSE_BODY) | {"stopReason": "guardrail_intervened"}
    body["output"]["message"]["content"] = [{"text": said}]
    answer = Answer(200, STREAM_HEADERS if stream else {}, msgspec.json.encode(body))
    hands = Hands([answer])
    message = hands.ask(stream=stream, chunks=text_stream(said, "guardrail_intervened"))
    assert message.text == said
    assert message.stop_reason == "guardrail_intervened"
    assert message.decision.action is Action.LOG
    assert message.decision.provisions == ("provider-guardrail",)
    record = recorded(hands)[-1]
    assert record.evaluated == message.decision.evaluated
    told = msgspec.structs.replace(record.decision, evaluated=record.evaluated)
    assert told == message.decision


def test_an_error_that_came_instead_of_an_answer_was_not_paid_for() -> None:
    body = msgspec.json.encode({"message": "m", "usage": {"inputTokens": 5}})
    hands = Hands([Answer(400, {}, body), good("gcp")])
    hands.ask()
    assert recorded(hands)[0].cost_usd is None


def tool_stream(fragment: str, stop_reason: str) -> list[bytes]:
    """Converse's stream of one tool use."""
    use = {"toolUse": {"toolUseId": "t", "name": "look"}}
    begun = ("contentBlockStart", {"contentBlockIndex": 0, "start": use})
    return converse_stream([begun], {"toolUse": {"input": fragment}}, stop_reason)


def text_stream(text: str, stop_reason: str) -> list[bytes]:
    """Converse's stream of one text, which is not announced."""
    return converse_stream([], {"text": text}, stop_reason)


def converse_stream(
    begun: list[tuple[str, Any]], delta: Any, stop_reason: str
) -> list[bytes]:
    events: list[tuple[str, Any]] = [
        ("messageStart", {"role": "assistant"}),
        *begun,
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": stop_reason}),
        ("metadata", {"usage": {"inputTokens": 1_000_000, "outputTokens": 7}}),
    ]
    return [
        encode_frame(
            {":event-type": name, ":message-type": "event"}, msgspec.json.encode(event)
        )
        for name, event in events
    ]


@pytest.mark.parametrize("fragment", ['{"city": ', "", "{}"])
def test_what_max_tokens_cut_in_a_tools_input_is_one_paid_failure_streamed_or_whole(
    fragment: str,
) -> None:
    streamed = Hands([Answer(200, STREAM_HEADERS), good("gcp")])
    with pytest.raises(OutputLimitError, match="Allow more `max_tokens`"):
        streamed.ask(stream=True, chunks=tool_stream(fragment, "max_tokens"))

    body = msgspec.json.decode(CONVERSE_BODY) | {"stopReason": "max_tokens"}
    use = {"toolUseId": "t", "name": "look", "input": {}}
    body["output"]["message"]["content"] = [{"toolUse": use}]
    whole = Hands([Answer(200, {}, msgspec.json.encode(body)), good("gcp")])
    with pytest.raises(OutputLimitError, match="Allow more `max_tokens`"):
        whole.ask()

    for hands in (streamed, whole):
        (attempt,) = (each for each in recorded(hands) if isinstance(each, Attempt))
        assert attempt.outcome == "failed"
        assert attempt.usage.input_tokens == 1_000_000
        assert attempt.cost_usd


def test_a_tool_input_that_is_no_json_is_never_an_answer() -> None:
    frames = tool_stream('{"city": ', "tool_use")
    hands = Hands([Answer(200, STREAM_HEADERS)], attempts_per_route=1)
    with pytest.raises(TriviumError):
        hands.ask(stream=True, chunks=frames)
    assert not any(
        isinstance(effect.record, Attempt) and effect.record.outcome == "answered"
        for effect in hands.asked(Append)
    )
