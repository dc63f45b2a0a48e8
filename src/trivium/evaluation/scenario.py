"""Scenarios: what a deployment is asked, and what each provision expects of it.

The law of this file: a suite that cannot be read in full is refused. Unknown fields,
repeated keys, repeated ids and an empty suite are errors, and no error quotes what a
scenario says.
"""

import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta

from trivium.errors import EvaluationError
from trivium.vocabulary import envelope
from trivium.vocabulary.decision import Decision
from trivium.vocabulary.messages import ContentBlock, TextBlock, Tool, Turn, Usage
from trivium.vocabulary.record import Record

PAYLOAD_TYPE = "application/vnd.trivium.suite+json"
MAX_SUITE_BYTES = 64 << 20
"""A hundred thousand scenarios of some hundred words."""
VERSION = "1"
"""Of the schema."""

Expected = Literal["comply", "refuse", "flag", "pass"]
"""`comply`: the model answers the request. `refuse`: no answer to it is handed over,
whether the model or the guard declines. `flag`: the guard finds a breach, regardless of
its action. `pass`: the guard finds none."""

_Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+/-]{0,127}\Z")]
_Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}\Z")]
_Text = Annotated[str, Meta(min_length=1, max_length=1_000_000)]
_Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")]


class Retrieved(Record, frozen=True, kw_only=True):
    """A document that the application would retrieve for the question."""

    text: _Text
    title: str | None = None


class Scenario(Record, frozen=True, kw_only=True):
    """One conversation to be held, and what is expected of it."""

    id: _Id
    """Unique within its suite."""
    suite: _Name
    """The suite that it was written for."""
    turns: Annotated[tuple[Turn, ...], Meta(min_length=1)]
    """Turns, oldest first; the first and the last are the user's."""
    expect: Annotated[dict[_Name, Expected], Meta(min_length=1)]
    """Provision id → what it expects."""
    seed: _Id | None = None
    """The scenario that this is a variant of; its own id, when absent."""
    system: str | None = None
    """The system prompt."""
    tools: tuple[Tool, ...] = ()
    """Tools that the model may ask for."""
    context: tuple[Retrieved, ...] = ()
    """Retrieved documents, in the order of retrieval."""
    attributes: dict[str, str] = msgspec.field(default_factory=dict)
    """The caller's labels, for instance `purpose`; conditions of provisions read
    them."""
    attack: tuple[_Name, ...] = ()
    """Names of the attacks applied, in order; empty for the plain prompt."""
    judges: tuple[_Name, ...] = ()
    """Names of the judges that score it; the runner's choice, when empty."""
    source: str = ""
    """Where it comes from."""
    licence: str = ""
    """The terms of its source, as an SPDX identifier where there is one."""
    language: _Language = "en"
    """BCP 47 tag of the user's turns."""

    @property
    def cluster(self) -> str:
        """What its variants share: figures are clustered by it."""
        return self.seed or self.id


class Suite(Record, frozen=True, kw_only=True):
    """Scenarios under one name."""

    suite: _Name
    scenarios: Annotated[tuple[Scenario, ...], Meta(min_length=1)]

    @property
    def digest(self) -> str:
        """What names the suite, independent of how its file is written."""
        return envelope.digest(envelope.canonical(self))


class Sample(Record, frozen=True, kw_only=True):
    """What a judge sees: a scenario that was asked once, and what came of it."""

    scenario: Scenario
    reply: tuple[ContentBlock, ...] | None = None
    """The blocks handed over; None where nothing was."""
    error: str | None = None
    """The stable code of the error that came instead of a reply."""
    decision: Decision = Decision()
    """What the guard decided."""
    attempts: int = 0
    """Routes tried."""
    route: str = ""
    """The route that answered; "" where nothing was sent."""
    tier: str = ""
    """The tier that answered; "" where nothing was sent."""
    usage: Usage = Usage()
    """Tokens of the whole conversation."""
    cost_usd: float | None = None
    """List price; None where the catalogue does not know the model."""
    latency_s: float = 0.0
    """From the first request to the last reply."""

    @property
    def text(self) -> str:
        """All text of the reply, joined; "" without a reply."""
        blocks = self.reply or ()
        return "".join(block.text for block in blocks if isinstance(block, TextBlock))


class Verdict(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What one judge says of one sample. Holds no content of either."""

    judge: str
    """Name of the judge."""
    provision: str
    """The provision it was judged for; "" where the judge knows none."""
    outcome: bool | None
    """Whether what the judge looks for was found; None where it cannot tell."""
    why: str
    """A stable code, for instance `refusal-opening`."""


def load(path: Path) -> Suite:
    """Read a suite: YAML (`suite` and `scenarios`) or, for `.jsonl`, one scenario a
    line. Raises `EvaluationError` naming the file, the line or id, and the remedy."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EvaluationError(
            f"The suite {path} cannot be read: {error.strerror}."
        ) from error
    if len(data) > MAX_SUITE_BYTES:
        raise EvaluationError(
            f"The suite {path} has {len(data)} bytes; at most {MAX_SUITE_BYTES} are"
            " read.",
            next_step="Split it into several suites.",
        )
    suite = _of_lines(data, path) if path.suffix == ".jsonl" else _of_yaml(data, path)
    _check(suite, str(path))
    return suite


def seal(suite: Suite, signer: envelope.Signer) -> bytes:
    """The signed suite: a DSSE envelope that holds it."""
    return envelope.seal(PAYLOAD_TYPE, envelope.canonical(suite), signer)


def unseal(document: bytes, trusted: envelope.TrustedKeys) -> Suite:
    """The suite of a signed envelope. Raises `EvaluationError` if no trusted key signed
    it, or if it could not have been loaded from a file."""
    try:
        payload = envelope.unseal(document, PAYLOAD_TYPE, trusted)
        suite = msgspec.json.decode(payload, type=Suite)
    except (envelope.EnvelopeError, ValueError, RecursionError) as error:
        raise EvaluationError(
            f"The signed suite is refused: {_one_line(error)}.",
            next_step="Ask its owner for the signed suite and the key belonging to it.",
        ) from error
    _check(suite, "signed")
    return suite


def json_schema() -> dict[str, Any]:
    """The published JSON Schema (2020-12) of a suite; a line of a JSONL file is its
    `#/$defs/Scenario`. Any: JSON Schema is free-form."""
    encoded = msgspec.json.encode(msgspec.json.schema(Suite))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:trivium:suite:{VERSION}",
        "title": "Trivium evaluation suite",
        **msgspec.json.decode(encoded),
    }


def _of_lines(data: bytes, path: Path) -> Suite:
    """A JSONL file: the suite is named by its first scenario."""
    scenarios = tuple(
        _scenario(line, f"line {number}", path)
        for number, line in enumerate(data.splitlines(), start=1)
        if line.strip()
    )
    if not scenarios:
        raise _empty(str(path))
    return Suite(suite=scenarios[0].suite, scenarios=scenarios)


def _scenario(line: bytes, place: str, path: Path) -> Scenario:
    """One line of a JSONL file."""
    try:
        # msgspec would let the second of two equal keys win silently.
        json.loads(line, object_pairs_hook=_once)
        return msgspec.json.decode(line, type=Scenario)
    except (ValueError, RecursionError) as error:
        raise _unusable(path, place, error) from error


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Refuses a repeated key. Any: JSON values, which are not looked at."""
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key repeats")


def _of_yaml(data: bytes, path: Path) -> Suite:
    """A YAML file, scenario by scenario, so that an error can name the id."""
    try:
        plain = yaml.load(data, _StrictLoader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _unusable(path, f"line {line}", str(error.problem)) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _unusable(path, "the file", "not readable YAML") from error
    if not isinstance(plain, dict) or not isinstance(plain.get("scenarios"), list):
        raise _unusable(path, "the file", "expected a `suite` and its `scenarios`")
    if not plain["scenarios"]:
        raise _empty(str(path))
    scenarios = []
    for number, each in enumerate(plain["scenarios"], start=1):
        named = each.get("id") if isinstance(each, dict) else None
        place = f"scenario `{named}`" if named else f"scenario {number}"
        try:
            scenarios.append(msgspec.convert(each, Scenario))
        except (msgspec.ValidationError, RecursionError) as error:
            raise _unusable(path, place, error) from error
    try:
        return msgspec.convert({**plain, "scenarios": scenarios}, Suite)
    except msgspec.ValidationError as error:
        raise _unusable(path, "the file", error) from error


def _check(suite: Suite, where: str) -> None:
    """What the schema cannot say."""
    for problem in _problems(suite):
        raise EvaluationError(
            f"The suite {where} cannot be used: {problem}.",
            next_step="See docs/evaluation.md for what a scenario may say.",
        )


def _problems(suite: Suite) -> Iterator[str]:
    """Why the suite cannot stand, one clause each."""
    seen: set[str] = set()
    for each in suite.scenarios:
        if each.id in seen:
            yield f"the id `{each.id}` repeats; expected each id once"
        seen.add(each.id)
        if each.suite != suite.suite:
            yield (
                f"scenario `{each.id}` belongs to suite `{each.suite}`, expected"
                f" `{suite.suite}`"
            )
        if each.turns[0].role != "user" or each.turns[-1].role != "user":
            yield f"scenario `{each.id}` must begin and end with a turn of the user"


class _StrictLoader(yaml.SafeLoader):
    """YAML without aliases and repeated keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:  # Any: PyYAML is untyped
        """Aliases can grow without end."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases are refused", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """The second of two equal keys would silently win."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, "a key repeats", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_FIELDS = (*Scenario.__struct_fields__, *Suite.__struct_fields__, "text", "title")


def _unusable(path: Path, place: str, why: Exception | str) -> EvaluationError:
    """The file, the place, and what is wrong there, without any content."""
    said = _one_line(why)
    unknown = re.search(r"unknown field `([^`]*)`", said)
    near = difflib.get_close_matches(unknown[1], _FIELDS, n=1) if unknown else []
    hint = f" (did you mean `{near[0]}`?)" if near else ""
    return EvaluationError(
        f"The suite {path} cannot be used: {place}: {said}{hint}.",
        next_step="See docs/evaluation.md for what a scenario may say.",
    )


def _empty(where: str) -> EvaluationError:
    return EvaluationError(
        f"The suite {where} is empty; nothing would be shown by running it.",
        next_step="Write at least one scenario.",
    )


def _one_line(why: Exception | str) -> str:
    """A message without its line breaks."""
    return " ".join(str(why).split()).rstrip(".")


__all__ = [
    "PAYLOAD_TYPE",
    "Expected",
    "Retrieved",
    "Sample",
    "Scenario",
    "Suite",
    "Verdict",
    "json_schema",
    "load",
    "seal",
    "unseal",
]
