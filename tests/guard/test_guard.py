"""The guard reads everything that leaves, joins layers by max, redacts the union, fails
closed and tells no secret."""

import base64
import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium.constitution
import trivium.guard
from tests.guard import worlds
from trivium.constitution import Constitution, compose
from trivium.errors import ConstitutionError, GuardFailureError
from trivium.guard import REGISTRY, Detector, Guard, prove
from trivium.guard.text import Span, View
from trivium.vocabulary.decision import Action, Decision
from trivium.vocabulary.messages import (
    Base64Source,
    DocumentBlock,
    MessageRequest,
    TextBlock,
    TextSource,
    ThinkingBlock,
    Tool,
    ToolChoice,
    ToolResultBlock,
    ToolUseBlock,
    Turn,
)

PACKS = Guard(worlds.PACKS)
BLOCKING = Guard(worlds.constitution(worlds.provision()))
REDACTING = Guard(worlds.constitution(worlds.provision(action="REDACT")))
KEY = worlds.KEY


def decide(guard: Guard, request: MessageRequest, **context: Any) -> Decision:
    return guard.check_request(request, worlds.context(**context)).decision


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


PLACES: dict[str, tuple[MessageRequest, str]] = {
    "a plain system prompt": (worlds.request(system=KEY), "system"),
    "a block of the system prompt": (
        worlds.request(system=(TextBlock(text="a"), TextBlock(text=KEY))),
        "system[1].text",
    ),
    "an earlier turn": (
        worlds.request(
            messages=(
                Turn(role="user", content=KEY),
                Turn(role="assistant", content="a"),
            )
        ),
        "messages[0].content",
    ),
    "a text block": (
        worlds.request((TextBlock(text=KEY),)),
        "messages[0].content[0].text",
    ),
    "a tool's input": (
        worlds.request((ToolUseBlock(id="t", name="n", input={"a": [{"b": KEY}]}),)),
        "messages[0].content[0].input",
    ),
    "the name of a member in a tool's input": (
        worlds.request((ToolUseBlock(id="t", name="n", input={KEY: 1}),)),
        "messages[0].content[0].input",
    ),
    "a tool's result": (
        worlds.request((ToolResultBlock(tool_use_id="t", content=KEY),)),
        "messages[0].content[0].content",
    ),
    "a block of a tool's result": (
        worlds.request(
            (ToolResultBlock(tool_use_id="t", content=(TextBlock(text=KEY),)),)
        ),
        "messages[0].content[0].content[0].text",
    ),
    "reasoning that is sent back": (
        worlds.request((ThinkingBlock(thinking=KEY, signature="s"),)),
        "messages[0].content[0].thinking",
    ),
    "a text document": (
        worlds.request((DocumentBlock(source=TextSource(data=KEY)),)),
        "messages[0].content[0].source.data",
    ),
    "a text document in base64": (
        worlds.request(
            (
                DocumentBlock(
                    source=Base64Source(media_type="text/csv", data=encoded(KEY))
                ),
            )
        ),
        "messages[0].content[0].source.data",
    ),
    "a document's title": (
        worlds.request((DocumentBlock(source=TextSource(data="a"), title=KEY),)),
        "messages[0].content[0].title",
    ),
    "a tool's description": (
        worlds.request(tools=(Tool(name="n", input_schema={}, description=KEY),)),
        "tools[0].description",
    ),
    "a tool's schema": (
        worlds.request(
            tools=(
                Tool(name="n", input_schema={"properties": {"a": {"default": KEY}}}),
            )
        ),
        "tools[0].input_schema",
    ),
    "the id of a tool's use": (
        worlds.request((ToolUseBlock(id=KEY, name="n", input={}),)),
        "messages[0].content[0].id",
    ),
    "the id that a tool's result answers": (
        worlds.request((ToolResultBlock(tool_use_id=KEY, content="a"),)),
        "messages[0].content[0].tool_use_id",
    ),
    "the tool that must be used": (
        worlds.request(tool_choice=ToolChoice(type="tool", name=KEY)),
        "tool_choice.name",
    ),
    "a document of a type nobody knows": (
        worlds.request(
            (
                DocumentBlock(
                    source=Base64Source(media_type="application/rtf", data=encoded(KEY))
                ),
            )
        ),
        "messages[0].content[0].source.data",
    ),
    "a stop sequence": (worlds.request(stop_sequences=("a", KEY)), "stop_sequences[1]"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_key_is_found_in(place: str) -> None:
    request, location = PLACES[place]
    decision = decide(BLOCKING, request)
    assert (decision.action, [finding.location for finding in decision.findings]) == (
        Action.BLOCK,
        [location],
    )


@pytest.mark.parametrize("place", PLACES)
def test_a_key_is_redacted_in(place: str) -> None:
    request, _ = PLACES[place]
    checked = REDACTING.check_request(request, worlds.context())
    assert checked.decision.action is Action.REDACT
    assert decide(BLOCKING, checked.value).action is Action.ALLOW
    sent = msgspec.json.encode(checked.value).decode()
    assert (
        "[redacted:aws-access-key]" in sent
        or encoded("[redacted:aws-access-key]") in sent
    )


@pytest.mark.parametrize("place", PLACES)
def test_nothing_the_guard_says_carries_a_key_found_in(place: str) -> None:
    assert KEY not in repr(decide(BLOCKING, PLACES[place][0]))


def test_a_request_without_findings_is_the_same_object() -> None:
    request = worlds.request("How do I rotate a key?")
    assert PACKS.check_request(request, worlds.context()).value is request


@pytest.mark.parametrize(
    "code", [*range(0x09), *range(0x0E, 0x20), *range(0x7F, 0xA0), 0x2800, 0x200B]
)
def test_a_character_that_shows_nothing_hides_nothing(code: int) -> None:
    assert (
        decide(BLOCKING, worlds.request(f"{KEY[:9]}{chr(code)}{KEY[9:]}")).action
        is Action.BLOCK
    )


def test_a_document_in_utf_16_is_read() -> None:
    data = base64.b64encode(KEY.encode("utf-16")).decode()
    document = DocumentBlock(source=Base64Source(media_type="text/plain", data=data))
    assert decide(BLOCKING, worlds.request((document,))).action is Action.BLOCK


def test_a_document_that_claims_to_be_text_and_is_not_base64_is_refused() -> None:
    document = DocumentBlock(source=Base64Source(media_type="text/plain", data="%%%"))
    with pytest.raises(GuardFailureError, match="fails closed"):
        decide(BLOCKING, worlds.request((document,)))


def test_a_match_never_spans_two_turns() -> None:
    turns = (
        Turn(role="user", content=KEY[:10]),
        Turn(role="assistant", content=KEY[10:]),
    )
    asked = worlds.request(messages=turns)
    assert decide(BLOCKING, asked).action is Action.ALLOW


def test_a_password_is_known_by_the_name_of_its_member() -> None:
    block = ToolUseBlock(
        id="t",
        name="n",
        input={"db_password": "xK9mP2vL5nQ8wR4t", "note": "xK9mP2vL5nQ8wR4t"},
    )
    checked = PACKS.check_request(worlds.request((block,)), worlds.context())
    content = checked.value.messages[0].content
    assert isinstance(content, tuple)
    (sent,) = content
    assert isinstance(sent, ToolUseBlock)
    assert sent.input == {
        "db_password": "[redacted:assigned-secret]",
        "note": "xK9mP2vL5nQ8wR4t",
    }


NAMED_APART = {
    "beside it, as environments are written": [
        {"name": "DB_PASSWORD", "value": "xK9mP2vL5nQ8wR4t"}
    ],
    "beside it, in capitals": {"Value": "xK9mP2vL5nQ8wR4t", "Key": "db_password"},
    "around it": {"password": {"value": "xK9mP2vL5nQ8wR4t", "version": 3}},
    "around the list of it": {
        "passwords": {"password": [{"value": "xK9mP2vL5nQ8wR4t"}]}
    },
}


@pytest.mark.parametrize("value", NAMED_APART.values(), ids=NAMED_APART)
def test_a_password_is_known_by_a_name_that_stands(value: Any) -> None:
    block = ToolUseBlock(id="t", name="n", input={"v": value})
    checked = PACKS.check_request(worlds.request((block,)), worlds.context())
    assert "xK9mP2vL5nQ8wR4t" not in str(checked.value)
    assert "[redacted:assigned-secret]" in str(checked.value)


def test_a_value_of_a_harmless_name_is_none() -> None:
    value = {
        "password_policy": "strict",
        "fields": [{"name": "note", "value": "xK9mP2vL5nQ8wR4t"}, {"value": "x"}],
    }
    block = ToolUseBlock(id="t", name="n", input=value)
    assert decide(PACKS, worlds.request((block,))).action is Action.ALLOW


def test_redactions_of_all_layers_are_united() -> None:
    guard = Guard(
        compose(
            worlds.layer(worlds.provision("keys", action="REDACT")),
            worlds.layer(
                worlds.provision("cards", action="REDACT", detectors=["payment-card"]),
                name="second",
            ),
        )
    )
    checked = guard.check_request(
        worlds.request(f"{KEY} and {worlds.CARD}."), worlds.context()
    )
    assert (
        checked.value.messages[0].content
        == "[redacted:aws-access-key] and [redacted:payment-card]."
    )


def test_findings_count_matches_and_stand_strictest_first() -> None:
    decision = decide(
        PACKS, worlds.request(f"a@b.co {worlds.CARD}, {worlds.CARD}; {KEY}")
    )
    found = [
        (finding.action.name, finding.detector, finding.count)
        for finding in decision.findings
    ]
    assert found == [
        ("BLOCK", "aws-access-key", 1),
        ("REDACT", "payment-card", 2),
        ("LOG", "email-address", 1),
    ]
    assert decision.constitution == worlds.PACKS.digest
    assert decision.duration_s > 0


@pytest.mark.parametrize(
    ("context", "changes", "provision"),
    [
        ({"model": "other"}, {}, "claude-models-only"),
        ({"scope": "global"}, {}, "placement-stays-in-zone"),
        ({}, {"max_tokens": 200_000}, "output-bounded"),
    ],
)
def test_a_condition_blocks(
    context: dict[str, str], changes: dict[str, Any], provision: str
) -> None:
    decision = decide(PACKS, worlds.request(**changes), **context)
    assert (decision.action, decision.provisions) == (Action.BLOCK, (provision,))


def test_a_condition_beside_detectors_must_hold_as_well() -> None:
    guard = Guard(
        worlds.constitution(worlds.provision(condition='context.zone == "eu"'))
    )
    assert decide(guard, worlds.request(KEY), zone="eu").action is Action.BLOCK
    assert decide(guard, worlds.request(KEY), zone="us").action is Action.ALLOW


def test_a_provision_holds_from_its_first_day_until_its_sunset() -> None:
    rule = worlds.provision(effective_from="2026-02-01", sunset="2026-03-01")
    days = [
        dt.date(2026, 1, 31),
        dt.date(2026, 2, 1),
        dt.date(2026, 2, 28),
        dt.date(2026, 3, 1),
    ]
    always = worlds.provision("always", detectors=["iban"])
    guards = [
        Guard(worlds.constitution(rule, always), today=lambda day=day: day)
        for day in days
    ]  # type: ignore[misc]  # bound
    actions = [decide(guard, worlds.request(KEY)).action.name for guard in guards]
    assert actions == ["ALLOW", "BLOCK", "BLOCK", "ALLOW"]


def test_a_constitution_that_has_lapsed_as_a_whole_refuses() -> None:
    lapsed = worlds.constitution(worlds.provision(sunset="2026-03-01"))
    with pytest.raises(
        GuardFailureError, match="No provision of the constitution holds on 2026-03-01"
    ):
        decide(
            Guard(lapsed, today=lambda: dt.date(2026, 3, 1)), worlds.request("hello")
        )


def test_the_public_names_are_these() -> None:
    assert trivium.guard.__all__ == [
        "REGISTRY",
        "Checked",
        "Detector",
        "Guard",
        "Rule",
        "StreamGuard",
        "prove",
        "unproven",
    ]
    assert trivium.constitution.__all__ == [
        "Constitution",
        "Layer",
        "Provision",
        "compose",
        "load_layers",
        "packs",
        "parse",
        "resolve",
    ]


class _Broken:
    max_length = 1
    patterns = ()
    signs = None

    def spans(self, view: View) -> list[Span]:
        raise RuntimeError("the text was " + view.original)

    def open_from(self, view: View) -> int:
        return len(view.plain)


BROKEN = {
    **REGISTRY,
    "broken": Detector(
        name="broken",
        title="b",
        source="s",
        finder=_Broken(),
        examples=(),
        counter_examples=(),
    ),
}


class _Blind(_Broken):
    def spans(self, view: View) -> list[Span]:
        return []


def test_a_detector_that_does_not_find_its_own_examples_is_refused() -> None:
    blind = Detector(
        name="blind",
        title="b",
        source="s",
        finder=_Blind(),
        examples=("key",),
        counter_examples=(),
    )
    with pytest.raises(
        ConstitutionError, match="`blind` does not find its own examples on Python"
    ):
        Guard(
            worlds.constitution(worlds.provision(detectors=["blind"])),
            detectors={"blind": blind},
        )


def test_a_failing_detector_refuses_and_names_itself_but_not_the_text() -> None:
    guard = Guard(
        worlds.constitution(worlds.provision(detectors=["broken"])), detectors=BROKEN
    )
    for act in (
        lambda: guard.check_request(worlds.request("secret words"), worlds.context()),
        lambda: guard.check_reply(worlds.reply("secret words"), worlds.context()),
    ):
        with pytest.raises(GuardFailureError) as caught:
            act()
        assert caught.value.provisions == ("rule",)
        assert "`broken` failed with RuntimeError" in str(caught.value)
        assert "secret words" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_provision_that_fails_open_lets_the_request_pass_and_says_so() -> None:
    rules = [
        worlds.provision("open", detectors=["broken"], unsafe_fail_open=True),
        worlds.provision("shut"),
    ]
    guard = Guard(worlds.constitution(*rules), detectors=BROKEN)
    decision = decide(guard, worlds.request("hello"))
    assert [(f.provision, f.action, f.detector) for f in decision.findings] == [
        ("open", Action.LOG, "broken (failed open)")
    ]
    assert decide(guard, worlds.request(KEY)).action is Action.BLOCK


def test_a_condition_that_reads_an_absent_field_refuses() -> None:
    rule = worlds.provision(
        detectors=None, condition='context.user_id == "ada"', stages=["request"]
    )
    with pytest.raises(
        GuardFailureError, match="Provision `rule`: the condition failed"
    ):
        decide(Guard(worlds.constitution(rule)), worlds.request())


def test_a_guard_without_provisions_is_refused() -> None:
    with pytest.raises(ConstitutionError, match="no provisions"):
        Guard(Constitution(layers=(), digest=""))


def test_an_unknown_detector_is_refused() -> None:
    with pytest.raises(ConstitutionError, match="detector `aws-acess-key` is unknown"):
        Guard(worlds.constitution(worlds.provision(detectors=["aws-acess-key"])))


def test_deeply_nested_tool_input_is_refused_not_passed() -> None:
    nested: Any = KEY
    for _ in range(5000):
        nested = [nested]
    with pytest.raises(GuardFailureError, match="RecursionError"):
        decide(
            BLOCKING,
            worlds.request((ToolUseBlock(id="t", name="n", input={"a": nested}),)),
        )


def test_the_packs_prove_themselves() -> None:
    assert prove(worlds.PACKS) == ()


def test_a_wrong_proof_is_told_by_provision_and_number() -> None:
    rule = worlds.provision(
        tests={"must_match": [KEY, "nothing"], "must_pass": [KEY]}, stages=["request"]
    )
    assert prove(worlds.constitution(rule)) == (
        (
            "Layer `first`, provision `rule`, must_match[1], request: the provision"
            " does not apply."
        ),
        (
            "Layer `first`, provision `rule`, must_pass[0], request: the provision"
            " applies."
        ),
    )


# --- a layer can only tighten ---------------------------------------------------------

PARENT = worlds.provision("no-keys")


def composed(*children: dict[str, Any]) -> Guard:
    return Guard(
        compose(
            worlds.layer(PARENT),
            worlds.layer(*children, name="app", authority="application"),
        )
    )


def test_a_childs_allow_under_another_name_does_not_silence_its_parent() -> None:
    guard = composed(worlds.provision("everything-goes", action="ALLOW"))
    assert decide(guard, worlds.request(KEY)).action is Action.BLOCK


def test_a_childs_allow_by_condition_does_not_silence_its_parent() -> None:
    child = worlds.provision(
        "a-default", action="ALLOW", detectors=None, condition="true"
    )
    assert decide(composed(child), worlds.request(KEY)).action is Action.BLOCK


def test_priorities_do_not_exist() -> None:
    with pytest.raises(ConstitutionError, match="unknown field `priority`"):
        composed(worlds.provision("everything-goes", action="ALLOW", priority=1000))


def test_a_block_that_the_child_omits_is_inherited() -> None:
    guard = composed({"id": "no-keys", "owner": "claims team"})
    decision = decide(guard, worlds.request(KEY))
    assert [(finding.layer, finding.action.name) for finding in decision.findings] == [
        ("first", "BLOCK"),
        ("app", "BLOCK"),
    ]


_ACTIONS = st.sampled_from(["ALLOW", "LOG", "REDACT", "ESCALATE", "BLOCK"])
_RULES = st.lists(
    st.builds(
        lambda action, detectors, stages, condition: worlds.provision(
            action=action,
            detectors=sorted(detectors),
            stages=sorted(stages),
            condition=condition,
        ),
        _ACTIONS,
        st.sets(
            st.sampled_from(["aws-access-key", "payment-card", "email-address"]),
            min_size=1,
        ),
        st.sets(st.sampled_from(["request", "reply"]), min_size=1),
        st.sampled_from([None, "true", "false", 'context.zone == "eu"']),
    ),
    min_size=1,
    max_size=3,
)
_WORDS = st.lists(
    st.sampled_from([KEY, worlds.CARD, "a@b.co", "hello"]), max_size=4
).map("; ".join)


def _layered(layers: list[list[dict[str, Any]]]) -> list[bytes]:
    return [
        worlds.layer(
            *({**rule, "id": f"r{number}-{i}"} for i, rule in enumerate(rules)),
            name=f"l{number}",
        )
        for number, rules in enumerate(layers)
    ]


@given(
    layers=st.lists(_RULES, min_size=2, max_size=3),
    text=_WORDS,
    zone=st.sampled_from(["eu", "us"]),
)
@settings(max_examples=60, deadline=None)
def test_more_layers_never_decide_less(
    layers: list[list[dict[str, Any]]], text: str, zone: str
) -> None:
    documents = _layered(layers)
    parent, child = Guard(compose(*documents[:-1])), Guard(compose(*documents))
    context = worlds.context(zone=zone)
    for ask in ("request", "reply"):
        if ask == "request":
            before = parent.check_request(worlds.request(text), context).decision
            after = child.check_request(worlds.request(text), context).decision
        else:
            before = parent.check_reply(worlds.reply(text), context).decision
            after = child.check_reply(worlds.reply(text), context).decision
        assert after.action >= before.action
        assert set(before.findings) <= set(after.findings)
