"""Documents and images: their text is judged, and what cannot be read passes only where
the constitution admits its kind by name."""

import base64
import builtins
import io
import zipfile
from pathlib import Path
from typing import Any, get_args

import pytest
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
)

from tests.guard import worlds
from trivium.constitution import compose
from trivium.errors import ConstitutionError
from trivium.guard import Checked, Guard
from trivium.vocabulary.decision import Action
from trivium.vocabulary.messages import (
    Base64Source,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    MessageRequest,
    ToolResultBlock,
)

KEY = worlds.KEY
CARD = "4111 1111 1111 1111"
PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
PICTURE = b"\x89PNG\r\n\x1a\n"


def pdf(*texts: str, picture: bool = False) -> bytes:
    """A PDF with a page for each text, as small as PDFs get."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(texts)))
    image = "/XObject << /I 3 0 R >>" if picture else ""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(texts)} >>",
        "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8"
        " /ColorSpace /DeviceGray /Length 1 >>\nstream\n0\nendstream",
    ]
    for n, text in enumerate(texts):
        drawn = f"BT /F1 12 Tf 10 100 Td ({text}) Tj ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 200] /Resources <<"
            f" /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
            f" {image} >> /Contents {5 + 2 * n} 0 R >>"
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")

    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    out += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n"
        f"<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF"
    ).encode()
    return out


def office(**parts: str | bytes) -> bytes:
    """An archive of these parts; `__` stands for a slash, and `_xml` for its end."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            path = (
                name.replace("__", "/").replace("_xml", ".xml").replace("_png", ".png")
            )
            archive.writestr(path, content)
    return data.getvalue()


def word(text: str, **more: str | bytes) -> bytes:
    runs = "".join(f"<w:r><w:t>{part}</w:t></w:r>" for part in text.split("|"))
    body = f'<w:document xmlns:w="w"><w:body><w:p>{runs}</w:p></w:body></w:document>'
    return office(word__document_xml=body, **more)


def document(data: bytes, media_type: str = PDF) -> DocumentBlock:
    text = base64.b64encode(data).decode()
    return DocumentBlock(source=Base64Source(media_type=media_type, data=text))


def image(media_type: str = "image/png") -> ImageBlock:
    data = base64.b64encode(PICTURE).decode()
    return ImageBlock(source=Base64Source(media_type=media_type, data=data))


def admitting(*lists: list[str] | None) -> Guard:
    """The guard of the packs' rules and a layer for each list."""
    authorities = ("organisation", "sector", "application")
    layers = [
        worlds.layer(
            worlds.provision(f"rule-{n}", detectors=["aws-access-key"]),
            name=f"layer-{n}",
            authority=authorities[n],
            **({} if kinds is None else {"admits": kinds}),
        )
        for n, kinds in enumerate(lists)
    ]
    return Guard(compose(*layers))


PACKS = Guard(worlds.PACKS)
CLOSED = admitting(None)


def checked(guard: Guard, *blocks: ContentBlock) -> Checked[MessageRequest]:
    return guard.check_request(worlds.request(blocks), worlds.context())


UNREAD: dict[str, tuple[ContentBlock, str]] = {
    "an image": (image(), "image/png not read"),
    "a scanned page": (document(pdf("", picture=True)), f"{PDF} has pictures"),
    "a page with a picture beside its text": (
        document(pdf("hello", picture=True)),
        f"{PDF} has pictures",
    ),
    "a damaged PDF": (document(b"%PDF-1.4 and no more"), f"{PDF} not read"),
    "no PDF at all": (document(b"hello"), f"{PDF} not read"),
    "a Word file with a picture": (
        document(word("hello", word__media__a_png=PICTURE), WORD),
        f"{WORD} has pictures",
    ),
    "a Word file that is no archive": (document(b"\xff\xfe", WORD), f"{WORD} not read"),
    "XML with entities of its own": (
        document(
            office(
                word__document_xml='<!DOCTYPE d [<!ENTITY a "b">]><d>&a;</d>',
            ),
            WORD,
        ),
        f"{WORD} not read: it is damaged",
    ),
    "a file that unpacks to too much": (
        document(office(word__document_xml=b"<d>" + b" " * (65 << 20) + b"</d>"), WORD),
        f"{WORD} not read: it unpacks to too much",
    ),
    "the old format of Word": (
        document(b"\xd0\xcf\x11\xe0", "application/msword"),
        "application/msword not read",
    ),
    "bytes of any kind": (
        document(b"\xff\xfe", "application/octet-stream"),
        "application/octet-stream not read",
    ),
}


def forms(levels: int, text: str) -> bytes:
    """A PDF whose page draws nested forms, each the next one twice."""
    writer = PdfWriter()
    font = DictionaryObject({NameObject("/BaseFont"): NameObject("/Helvetica")})
    font[NameObject("/Type")] = NameObject("/Font")
    font[NameObject("/Subtype")] = NameObject("/Type1")
    inner: Any = None
    for _ in range(levels):
        drawn = "/X Do /X Do" if inner else f"BT /F 12 Tf ({text}) Tj ET"
        form = StreamObject()
        form.set_data(drawn.encode())
        form[NameObject("/Subtype")] = NameObject("/Form")
        form[NameObject("/BBox")] = ArrayObject([NumberObject(0)] * 4)
        form[NameObject("/Resources")] = _resources(font, inner)
        inner = writer._add_object(form)
    page = writer.add_blank_page(200, 200)
    contents = StreamObject()
    contents.set_data(b"/X Do")
    page[NameObject("/Contents")] = writer._add_object(contents)
    page[NameObject("/Resources")] = _resources(font, inner)
    data = io.BytesIO()
    writer.write(data)
    return data.getvalue()


def _resources(font: DictionaryObject, form: Any) -> DictionaryObject:
    fonts = DictionaryObject({NameObject("/F"): font})
    found = DictionaryObject({NameObject("/Font"): fonts})
    if form is not None:
        drawn = DictionaryObject({NameObject("/X"): form})
        found[NameObject("/XObject")] = drawn
    return found


def many_pages_of(content: bytes, pages: int) -> bytes:
    """A PDF whose pages share one content stream."""
    writer, stream = PdfWriter(), StreamObject()
    stream.set_data(content)
    shared = writer._add_object(stream.flate_encode())
    for _ in range(pages):
        writer.add_blank_page(200, 200)[NameObject("/Contents")] = shared
    data = io.BytesIO()
    writer.write(data)
    return data.getvalue()


def test_forms_that_pypdf_skips_are_told_as_unread_and_logged_nowhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (finding,) = checked(CLOSED, document(forms(15, "hidden"))).decision.findings
    assert finding.action is Action.BLOCK
    assert "cannot be read" in finding.detector
    assert caplog.records == []


def test_forms_that_are_followed_to_their_end_are_read() -> None:
    found = checked(PACKS, document(forms(3, f"key {KEY} end"))).decision
    assert found.provisions == ("secrets-never-leave",)


def test_pages_that_share_a_stream_count_as_often_as_they_show_it() -> None:
    data = many_pages_of(b"q " * 20_000, 900)
    (finding,) = checked(CLOSED, document(data)).decision.findings
    assert finding.detector.endswith("it unpacks to too much")


def test_a_part_of_an_office_file_that_is_not_xml_is_told_as_unread() -> None:
    data = word("hello", word__afchunk_html="<p>more</p>")
    (finding,) = checked(CLOSED, document(data, WORD)).decision.findings
    assert finding.detector.endswith("has parts that cannot be read")


def test_the_words_of_a_link_and_of_a_picture_are_read() -> None:
    data = word("hello", word__document2_xml=f'<w><docPr descr="key {KEY} end"/></w>')
    found = checked(PACKS, document(data, WORD)).decision
    assert found.provisions == ("secrets-never-leave",)


@pytest.mark.parametrize(("block", "told"), UNREAD.values(), ids=UNREAD)
def test_what_cannot_be_read_is_refused_by_name(block: ContentBlock, told: str) -> None:
    decision = checked(CLOSED, block).decision
    assert decision.action is Action.BLOCK
    (finding,) = decision.findings
    assert finding.provision == "content-is-read"
    assert finding.detector.startswith(told)
    assert finding.location == "messages[0].content[0].source.data"


def test_an_image_in_a_tools_result_is_refused_with_its_place() -> None:
    result = ToolResultBlock(tool_use_id="t", content=(image(),))
    (finding,) = checked(CLOSED, result).decision.findings
    assert finding.location == "messages[0].content[0].content[0].source.data"


READ: dict[str, ContentBlock] = {
    "a PDF": document(pdf("nothing here", f"key {KEY} end")),
    "a Word file": document(word(f"key {KEY} end"), WORD),
    "a key in two runs of a Word file": document(word(f"{KEY[:7]}|{KEY[7:]}"), WORD),
    "a comment in a Word file": document(
        word("hello", word__comments_xml=f"<c><p>{KEY}</p></c>"), WORD
    ),
    "a sheet": document(
        office(xl__sharedStrings_xml=f"<sst><si><t>{KEY}</t></si></sst>"), SHEET
    ),
    "a slide": document(office(ppt__slides__slide1_xml=f"<p><a>{KEY}</a></p>"), SLIDES),
}


@pytest.mark.parametrize("block", READ.values(), ids=READ)
def test_a_key_in_a_document_stops_the_request(block: ContentBlock) -> None:
    decision = checked(PACKS, block).decision
    assert decision.action is Action.BLOCK
    assert decision.provisions == ("secrets-never-leave",)


@pytest.mark.parametrize(
    "block", [document(pdf("hello")), document(word("hello"), WORD)]
)
def test_a_document_whose_text_is_clean_passes(block: ContentBlock) -> None:
    found = checked(PACKS, block)
    assert found.decision.findings == ()
    assert found.value.messages[0].content == (block,)


def test_what_would_have_to_be_redacted_in_a_document_is_refused() -> None:
    decision = checked(PACKS, document(pdf(f"card {CARD}"))).decision
    assert decision.action is Action.BLOCK
    assert decision.provisions == ("content-is-read", "payment-data-redacted")
    assert decision.findings[0].detector == f"{PDF} cannot be redacted"


def test_what_is_admitted_passes_and_is_recorded_with_the_layer() -> None:
    found = checked(admitting(["image/png"]), image())
    assert found.decision.action is Action.LOG
    (finding,) = found.decision.findings
    assert (finding.provision, finding.layer, finding.detector) == (
        "content-is-read",
        "layer-0",
        "image/png not read",
    )


def test_the_text_of_an_admitted_document_is_judged_all_the_same() -> None:
    guard = admitting([PDF])
    scanned = document(pdf(f"key {KEY}", picture=True))
    assert checked(guard, scanned).decision.action is Action.BLOCK
    clean = document(pdf("hello", picture=True))
    assert checked(guard, clean).decision.action is Action.LOG


@pytest.mark.parametrize(
    ("lists", "passes"),
    [
        ((None, None), False),
        ((["image/png"], None), True),
        ((None, ["image/png"]), True),
        ((["image/png"], ["image/png", "image/gif"]), True),
        ((["image/png"], []), False),
        (([], ["image/png"]), False),
        ((["image/gif"], ["image/png"]), False),
    ],
)
def test_a_later_layer_can_only_narrow_what_an_earlier_one_admits(
    lists: tuple[list[str] | None, ...], passes: bool
) -> None:
    decision = checked(admitting(*lists), image()).decision
    assert (decision.action < Action.BLOCK) is passes


@pytest.mark.parametrize("kind", ["image", "image/*", "IMAGE/PNG", "image/png; q=1"])
def test_a_kind_that_is_none_is_refused(kind: str) -> None:
    with pytest.raises(ConstitutionError, match="admits"):
        admitting([kind])


def test_without_the_extra_a_pdf_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("pypdf"):
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    (finding,) = checked(CLOSED, document(pdf("hello"))).decision.findings
    assert finding.detector == f"{PDF} not read: install trivium[documents]"


def test_the_page_says_of_every_kind_of_content_what_becomes_of_it() -> None:
    page = (Path(__file__).parents[2] / "docs" / "constitution.md").read_text()
    table = page.partition("| Kind |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1:-1] for line in table.splitlines() if "---" not in line]
    kinds = {str(block.__struct_config__.tag) for block in get_args(ContentBlock)}
    named = {kind for kind in kinds if any(f"`{kind}`" in row[0] for row in rows[1:])}
    assert named == kinds
    fates = ("checked", "refused", "passes", "its text is checked")
    for row in rows[1:]:
        assert all(cell.strip().startswith(fates) for cell in row[1:]), row
