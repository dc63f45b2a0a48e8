"""Keys and numbers that are encoded or disguised are found as if they were not, whole
and streamed, and redacted with what carries them."""

import base64
import html
import urllib.parse
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.guard import worlds
from trivium.constitution import compose
from trivium.guard import REGISTRY, Guard
from trivium.guard.views import LONGEST, VIEWS, readings
from trivium.guard.views.spread import SPREAD as SPREAD_VIEWS
from trivium.guard.views.view import Writing
from trivium.vocabulary.decision import Action
from trivium.vocabulary.messages import (
    Base64Source,
    BlockStart,
    BlockStop,
    Event,
    ImageBlock,
    TextBlock,
    TextDelta,
    ToolResultBlock,
)

KEY = worlds.KEY
CARD = "4111111111111111"
GUARD = Guard(worlds.PACKS)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def numbered(form: str, text: str = KEY) -> str:
    return "".join(form.format(ord(char)) for char in text)


CARRIERS: dict[str, tuple[str, str]] = {
    "a Kubernetes Secret": (f"data:\n  key: {b64(KEY)}\n", "base64"),
    "a basic-auth header": (f"Authorization: Basic {b64(f'ann:{KEY}')}", "base64"),
    "a data URL": (f"data:text/plain;base64,{b64(f'key {KEY}')}", "base64"),
    "base64 without its padding": (b64(f"{KEY}!").rstrip("="), "base64"),
    "base64 for URLs": (
        base64.urlsafe_b64encode(f"~~~???{KEY}".encode()).decode(),
        "base64",
    ),
    "base64 twice": (b64(b64(KEY)), "base64, base64"),
    "a line of wrapped base64": (
        f"{b64('-' * 57)}\n{b64(KEY)}",
        "base64",
    ),
    "base64 of UTF-16, as PowerShell takes it": (
        base64.b64encode(f"key {KEY}".encode("utf-16-le")).decode(),
        "base64",
    ),
    "quoted-printable": (numbered("={:02X}"), "quoted-printable"),
    "percent signs": (numbered("%{:02X}"), "percent"),
    "one percent sign": (f"{KEY[:4]}%49{KEY[5:]}", "percent"),
    "base64 in a query": (
        f"https://x.example/?k={urllib.parse.quote(b64(f'{KEY}??>>'))}&a=1",
        "base64",
    ),
    "decimal entities": (numbered("&#{};"), "entities"),
    "hexadecimal entities": (numbered("&#x{:x};"), "entities"),
    "one entity": (f"{KEY[:4]}&#73;{KEY[5:]}", "entities"),
    "escapes of JSON": (numbered("\\u{:04x}"), "escapes"),
    "escapes of Python": (numbered("\\x{:02x}"), "escapes"),
    "escapes of Rust": (numbered("\\u{{{:x}}}"), "escapes"),
    "hexadecimal": (KEY.encode().hex(), "hexadecimal"),
    "hexadecimal with colons": (KEY.encode().hex(":"), "hexadecimal"),
    "hexadecimal with its prefix": ("0x" + KEY.encode().hex().upper(), "hexadecimal"),
    "tag characters": (
        "Hi" + "".join(chr(0xE0000 + ord(char)) for char in KEY) + "!",
        "tags",
    ),
    "Cyrillic letters": (KEY.translate(str.maketrans("AKO", "АКО")), "look-alikes"),  # noqa: RUF001
    "Greek letters": (KEY.translate(str.maketrans("AKI", "ΑΚΙ")), "look-alikes"),  # noqa: RUF001
    "accents": ("ÁKIÁ" + KEY[4:], "look-alikes"),
    "combining marks": ("\u0301".join(KEY), "look-alikes"),
    "bold HTML": (f"{KEY[:4]}<b>{KEY[4:8]}</b>{KEY[8:]}", "mark-up"),
    "a comment": (f"{KEY[:9]}<!--x-->{KEY[9:]}", "mark-up"),
    "bold markdown": (f"{KEY[:4]}**{KEY[4:8]}**{KEY[8:]}", "mark-up"),
    "code spans": (f"{KEY[:4]}`{KEY[4:8]}`{KEY[8:]}", "mark-up"),
    "mark-up in entities": (
        html.escape(f"{KEY[:4]}<b>{KEY[4:8]}</b>{KEY[8:]}"),
        "entities, mark-up",
    ),
}


@pytest.mark.parametrize(("text", "view"), CARRIERS.values(), ids=CARRIERS)
def test_a_carried_key_stops_a_request_and_the_finding_names_the_view(
    text: str, view: str
) -> None:
    checked = GUARD.check_request(worlds.request(f"See {text} there"), worlds.context())
    assert "secrets-never-leave" in checked.decision.provisions
    (finding,) = (
        each
        for each in checked.decision.findings
        if each.provision == "secrets-never-leave"
    )
    assert finding.detector == f"aws-access-key ({view})"


@pytest.mark.parametrize(("text", "_view"), CARRIERS.values(), ids=CARRIERS)
def test_a_carried_key_is_redacted_with_what_carries_it_whole_and_streamed(
    text: str, _view: str
) -> None:
    said = f"See {text} there, and go on."
    reply = worlds.reply(said)
    whole = GUARD.check_reply(reply, worlds.context())
    (block,) = whole.value.content
    assert isinstance(block, TextBlock)
    assert not any(KEY in each.text for each in readings(block.text))
    assert "[redacted:aws-access-key]" in block.text
    assert block.text.endswith(", and go on.")
    for size in (1, 3, 7, len(said)):
        pieces = [said[n : n + size] for n in range(0, len(said), size)]
        assert streamed(GUARD, pieces) == (block.text, whole.decision.findings)


LONG = b64("-" * 40 + KEY + "-" * 60)

SPREAD: dict[str, tuple[str, str]] = {
    "base64 in lines of 76": (
        "\n".join(LONG[n : n + 76] for n in range(0, len(LONG), 76)),
        "base64 in lines",
    ),
    "base64 in lines of 64 that are indented": (
        "\r\n  ".join(LONG[n : n + 64] for n in range(0, len(LONG), 64)),
        "base64 in lines",
    ),
    "columns of a dump": (KEY.encode().hex(" "), "hexadecimal in columns"),
    "columns of two bytes": (KEY.encode().hex(" ", 2), "hexadecimal in columns"),
    "an array in C": (
        ", ".join(f"0x{char:02x}" for char in KEY.encode()),
        "hexadecimal in columns",
    ),
}


@pytest.mark.parametrize(("text", "view"), SPREAD.values(), ids=SPREAD)
def test_what_is_spread_over_white_space_stops_a_request(text: str, view: str) -> None:
    decision = GUARD.check_request(worlds.request(text), worlds.context()).decision
    assert decision.action is Action.BLOCK
    (finding,) = decision.findings
    assert finding.detector == f"aws-access-key ({view})"


@pytest.mark.parametrize("view", VIEWS + SPREAD_VIEWS, ids=lambda view: view.name)
def test_a_long_word_is_read_in_time_that_grows_with_its_length(view: Writing) -> None:
    word = "A1b/" * 500_000
    list(view.stretches(word))


def streamed(guard: Guard, pieces: list[str]) -> tuple[str, object]:
    stream = guard.stream(worlds.context())
    events: list[Event] = [BlockStart(index=0, block=TextBlock(text=""))]
    events += [TextDelta(index=0, text=piece) for piece in pieces]
    events += [BlockStop(index=0)]
    released = [out for event in events for out in stream.feed(event)]
    released += stream.close()
    text = "".join(each.text for each in released if isinstance(each, TextDelta))
    return text, stream.decision.findings


@pytest.mark.parametrize(
    "text",
    [b64(f"card {CARD} please"), numbered("&#{};", CARD), CARD.encode().hex()],
)
def test_a_carried_card_is_redacted(text: str) -> None:
    checked = GUARD.check_request(worlds.request(f"Pay {text}."), worlds.context())
    content = checked.value.messages[0].content
    assert isinstance(content, str)
    assert content.startswith("Pay [redacted:payment-card]")


def test_what_shows_by_itself_is_found_once() -> None:
    for text in (f"{KEY}%20", f"{KEY}&amp;", f"**{KEY}**", f"é{KEY}"):
        checked = GUARD.check_request(worlds.request(text), worlds.context())
        assert [each.detector for each in checked.decision.findings] == [
            "aws-access-key"
        ], text


REDACTING = Guard(
    compose(
        worlds.layer(
            *(
                worlds.provision(name, action="REDACT", detectors=[name])
                for name in REGISTRY
            )
        )
    )
)
PIECES = st.sampled_from(
    [
        *(text for text, _ in CARRIERS.values()),
        KEY,
        CARD,
        " ",
        "\n",
        "word ",
        "%20",
        "&amp;",
        "ann@example.org",
        "x" * 40,
        "a1" * (LONGEST // 2),
        "é",
        "\\u0041",
    ]
)


@settings(max_examples=30, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=6), st.data())
def test_any_split_of_carried_texts_gives_what_the_whole_gives(
    parts: list[str], data: st.DataObject
) -> None:
    text = "".join(parts)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8))
    places = sorted({0, len(text), *cuts})
    pieces = [text[begin:end] for begin, end in pairwise(places)]
    whole = REDACTING.check_reply(worlds.reply(text), worlds.context())
    (block,) = whole.value.content
    assert isinstance(block, TextBlock)
    assert streamed(REDACTING, pieces) == (block.text, whole.decision.findings)


ODD = "AKI0139afx%&#;\\u{}<>/*`=+-_ \u0301\u0410\U000e0041é"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=ODD, max_size=300))
def test_any_text_is_read_and_a_stretch_lies_within_its_token(text: str) -> None:
    for reading in readings(text):
        assert reading.token <= reading.start < reading.end <= len(text)
        assert not any(map(str.isspace, text[reading.token : reading.end]))


@pytest.mark.parametrize(
    "unit", ["%41", "&#65;", "QUtJ", "4a", "A<b>", "A*", "\\u0041", "Á", "ab:"]
)
def test_the_work_is_linear_in_the_length_of_a_token(unit: str) -> None:
    def cost(length: int) -> int:
        text = unit * (length // len(unit))
        return sum(len(each.text) for each in readings(text, longest=1 << 20))

    assert cost(40_000) <= 12 * max(cost(4_000), 4_000)


def test_an_overlong_token_of_a_reply_is_released_and_ends_with_its_white_space() -> (
    None
):
    long = "ab" * LONGEST
    text = f"{long}{b64(KEY)} {b64(KEY)} end"
    whole = GUARD.check_reply(worlds.reply(text), worlds.context())
    (block,) = whole.value.content
    assert isinstance(block, TextBlock)
    assert block.text == f"{long}{b64(KEY)} [redacted:aws-access-key] end"
    pieces = [text[n : n + 50] for n in range(0, len(text), 50)]
    assert streamed(GUARD, pieces) == (block.text, whole.decision.findings)


# --- a text in several blocks --------------------------------------------------------


def blocks(*texts: str) -> tuple[TextBlock, ...]:
    return tuple(TextBlock(text=text) for text in texts)


def cut_at(text: str, *places: int) -> tuple[TextBlock, ...]:
    ends = [0, *places, len(text)]
    return blocks(*(text[begin:end] for begin, end in pairwise(ends)))


@pytest.mark.parametrize("place", range(1, len(KEY)))
def test_a_key_that_is_cut_between_two_blocks_of_a_turn_is_one_key(place: int) -> None:
    checked = GUARD.check_request(
        worlds.request(cut_at(f"Use {KEY} now", 4 + place)), worlds.context()
    )
    assert checked.decision.provisions == ("secrets-never-leave",)


@pytest.mark.parametrize(
    "parts", [cut_at(KEY, *range(1, 20)), cut_at(b64(KEY), 5, 9), cut_at(KEY, 8, 8)]
)
def test_a_key_in_many_blocks_or_encoded_over_them_is_one_key(
    parts: tuple[TextBlock, ...],
) -> None:
    checked = GUARD.check_request(worlds.request(parts), worlds.context())
    assert checked.decision.provisions == ("secrets-never-leave",)


def test_a_card_over_two_blocks_is_redacted_in_both() -> None:
    parts = blocks("Pay 4111 1111 ", "1111 1111 today")
    checked = GUARD.check_request(worlds.request(parts), worlds.context())
    assert checked.value.messages[0].content == blocks(
        "Pay [redacted:payment-card]", "[redacted:payment-card] today"
    )
    (finding,) = checked.decision.findings
    assert (finding.location, finding.count) == ("messages[0].content[0].text", 1)


def test_a_tools_result_in_several_texts_is_one_text() -> None:
    result = ToolResultBlock(tool_use_id="t", content=cut_at(KEY, 7))
    checked = GUARD.check_request(worlds.request((result,)), worlds.context())
    assert checked.decision.provisions == ("secrets-never-leave",)


def test_what_lies_within_a_block_is_found_once_and_a_neighbour_hides_nothing() -> None:
    parts = blocks("see A", KEY, "Z and go on")
    checked = GUARD.check_request(worlds.request(parts), worlds.context())
    assert [each.location for each in checked.decision.findings] == [
        "messages[0].content[1].text"
    ]


def test_blocks_that_do_not_adjoin_are_no_one_text() -> None:
    half, rest = cut_at(KEY, 10)
    picture = ImageBlock(source=Base64Source(media_type="image/png", data="QUJD"))
    parts = (half, picture, rest)
    checked = GUARD.check_request(worlds.request(parts), worlds.context())
    assert checked.decision.provisions == ("content-is-read",)  # the picture
