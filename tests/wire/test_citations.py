"""Citations are carried on every protocol, whole and streamed, in one shape."""

import json
from typing import Any

import pytest

from tests.wire import samples
from trivium.client.message import Accumulator
from trivium.errors import ProtocolError, RequestError
from trivium.vocabulary.deployment import Protocol
from trivium.vocabulary.messages import (
    Base64Source,
    Citations,
    DocumentBlock,
    Json,
    MessageRequest,
    TextBlock,
    TextSource,
    Turn,
)
from trivium.wire import ADAPTERS, Place

# `Any` below: JSON of the providers.

CITED = "Rome has seven hills."
CITATIONS: dict[str, tuple[Any, Json]] = {
    "characters of a document": (
        {
            "title": "Guide",
            "sourceContent": [{"text": "Rome has seven "}, {"text": "hills."}],
            "location": {"documentChar": {"documentIndex": 1, "start": 4, "end": 25}},
        },
        {
            "type": "char_location",
            "cited_text": CITED,
            "document_index": 1,
            "document_title": "Guide",
            "start_char_index": 4,
            "end_char_index": 25,
        },
    ),
    "pages of a document": (
        {
            "title": "Guide",
            "sourceContent": [{"text": CITED}],
            "location": {"documentPage": {"documentIndex": 0, "start": 2, "end": 3}},
        },
        {
            "type": "page_location",
            "cited_text": CITED,
            "document_index": 0,
            "document_title": "Guide",
            "start_page_number": 2,
            "end_page_number": 3,
        },
    ),
    "blocks of a document": (
        {
            "title": "Guide",
            "sourceContent": [{"text": CITED}],
            "location": {"documentChunk": {"documentIndex": 0, "start": 0, "end": 1}},
        },
        {
            "type": "content_block_location",
            "cited_text": CITED,
            "document_index": 0,
            "document_title": "Guide",
            "start_block_index": 0,
            "end_block_index": 1,
        },
    ),
    "a search result": (
        {
            "title": "Guide",
            "source": "guide-7",
            "sourceContent": [{"text": CITED}],
            "location": {
                "searchResultLocation": {"searchResultIndex": 2, "start": 0, "end": 1}
            },
        },
        {
            "type": "search_result_location",
            "cited_text": CITED,
            "search_result_index": 2,
            "source": "guide-7",
            "start_block_index": 0,
            "end_block_index": 1,
            "title": "Guide",
        },
    ),
    "a page of the web": (
        {
            "title": "Guide",
            "sourceContent": [{"text": CITED}],
            "location": {"web": {"url": "https://example.org/rome"}},
        },
        {
            "type": "web_search_result_location",
            "cited_text": CITED,
            "title": "Guide",
            "url": "https://example.org/rome",
        },
    ),
}
EACH = pytest.mark.parametrize(("theirs", "ours"), CITATIONS.values(), ids=CITATIONS)


def converse_whole(*citations: Any) -> bytes:
    content = {"content": [{"text": "Seven."}], "citations": list(citations)}
    return json.dumps(
        {
            "output": {"message": {"content": [{"citationsContent": content}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 1, "outputTokens": 1},
        }
    ).encode()


def messages_whole(*citations: Any) -> bytes:
    block = {"type": "text", "text": "Seven.", "citations": list(citations)}
    return json.dumps(
        {
            "id": "msg_1",
            "model": "claude",
            "content": [block],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
    ).encode()


def converse_stream(citation: Any) -> list[bytes]:
    frame = samples.frame
    return [
        frame("messageStart", {"role": "assistant"}),
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Sev"}}),
        frame(
            "contentBlockDelta",
            {"contentBlockIndex": 0, "delta": {"citation": citation}},
        ),
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "en."}}),
        frame("contentBlockStop", {"contentBlockIndex": 0}),
        frame("messageStop", {"stopReason": "end_turn"}),
        frame("metadata", {"usage": {"inputTokens": 1, "outputTokens": 1}}),
    ]


def messages_stream(citation: Any) -> list[bytes]:
    start = {"id": "m", "model": "c", "content": [], "usage": {"input_tokens": 1}}
    block = {"type": "text", "text": "", "citations": []}
    deltas = (
        {"type": "text_delta", "text": "Sev"},
        {"type": "citations_delta", "citation": citation},
        {"type": "text_delta", "text": "en."},
    )
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *(
            {"type": "content_block_delta", "index": 0, "delta": delta}
            for delta in deltas
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ]
    return [samples.sse(event["type"], event) for event in events]


def whole(protocol: Protocol, body: bytes) -> tuple[Any, ...]:
    return ADAPTERS[protocol].decode(200, {}, body, model="m").content


def streamed(protocol: Protocol, chunks: list[bytes]) -> tuple[Any, ...]:
    decoder, gathered = ADAPTERS[protocol].decoder("m"), Accumulator()
    for chunk in chunks:
        gathered.take(decoder.feed(chunk))
    gathered.take(decoder.close())
    return gathered.reply().content


@EACH
def test_both_apis_say_the_same_whole_and_streamed(theirs: Any, ours: Json) -> None:
    expected = (TextBlock(text="Seven.", citations=(ours,)),)
    assert whole("converse", converse_whole(theirs)) == expected
    assert whole("vertex", messages_whole(ours)) == expected
    assert streamed("converse", converse_stream(theirs)) == expected
    assert streamed("foundry", messages_stream(ours)) == expected


def test_every_location_of_botocores_model_is_read() -> None:
    import botocore.session

    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    locations = model.shape_for("CitationLocation").members
    read = {next(iter(theirs["location"])) for theirs, _ in CITATIONS.values()}
    assert read == set(locations)


@EACH
def test_a_cited_text_can_be_handed_back(theirs: Any, ours: Json) -> None:
    answer = TextBlock(text="Seven.", citations=(ours,))
    turn = Turn(role="assistant", content=(answer,))
    sent = body("converse", turn)["messages"][1]["content"]
    joined = {**theirs, "sourceContent": [{"text": CITED}]}
    assert sent == [
        {"citationsContent": {"content": [{"text": "Seven."}], "citations": [joined]}}
    ]
    assert body("vertex", turn)["messages"][1]["content"] == [
        {"type": "text", "text": "Seven.", "citations": [ours]}
    ]


def body(protocol: Protocol, *turns: Turn) -> Any:
    request = MessageRequest(
        model="sonnet",
        max_tokens=9,
        messages=(Turn(role="user", content="How many hills?"), *turns),
    )
    route = samples.ROUTES[protocol]
    place = Place(route.models["sonnet"], route)
    return json.loads(ADAPTERS[protocol].encode(request, place, stream=False).body)


@pytest.mark.parametrize(
    "source",
    [
        TextSource(data=CITED),
        Base64Source(media_type="application/pdf", data=samples.PDF),
    ],
)
def test_a_documents_citations_are_asked_for(
    source: TextSource | Base64Source,
) -> None:
    asked = DocumentBlock(source=source, citations=Citations(enabled=True))
    turn = Turn(role="user", content=(asked,))
    (document,) = body("converse", turn)["messages"][0]["content"][1:]
    assert document["document"]["citations"] == {"enabled": True}
    (document,) = body("vertex", turn)["messages"][1]["content"]
    assert document["citations"] == {"enabled": True}


@pytest.mark.parametrize(
    "citation",
    [
        {"location": {"hologram": {"x": 1}}},
        {},
        {"location": []},
        {"sourceContent": [{}], "location": {"web": {"url": "u"}}},
        {"sourceContent": "all", "location": {"web": {"url": "u"}}},
    ],
)
def test_a_citation_that_cannot_be_read_is_no_answer(citation: Any) -> None:
    with pytest.raises(ProtocolError):
        whole("converse", converse_whole(citation))
    with pytest.raises(ProtocolError):
        streamed("converse", converse_stream(citation))


def test_a_citation_that_converse_cannot_carry_is_refused() -> None:
    answer = TextBlock(text="Seven.", citations=({"type": "novel"},))
    with pytest.raises(RequestError, match="citation of a type"):
        body("converse", Turn(role="assistant", content=(answer,)))
