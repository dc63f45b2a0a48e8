"""From a suite to what the runner asks, and from what came back to breaches.

Two opposite errors are never averaged. What a provision demands to be refused or
flagged is counted under the provision's id; what it must let pass is counted under
`<id>:over-refusal`, with a figure and a bound of its own.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from trivium.errors import EvaluationError
from trivium.evaluation.journal import JudgeRef
from trivium.evaluation.judges import JUDGES
from trivium.evaluation.runner import Conversation, Scored, Task
from trivium.evaluation.scenario import Expected, Scenario, Suite, load, unseal
from trivium.evaluation.suites import of_pack
from trivium.evaluation.tasks import judges_of, tasks
from trivium.vocabulary.envelope import Envelope, TrustedKeys, payload_unverified

OVER_REFUSAL = ":over-refusal"
_PACK = "pack:"


def read_suite(
    named: str | Path, trusted: TrustedKeys | None = None
) -> tuple[Suite, str]:
    """A suite (a file, or `pack:NAME`), and the key id that signed it; "" for a plain
    file or a pack, and for a signed one when there is no key to trust. Raises
    `EvaluationError`."""
    if str(named).startswith(_PACK):
        return of_pack(str(named).removeprefix(_PACK)), ""
    path = Path(named)
    if path.suffix != ".dsse":
        return load(path), ""
    try:
        document = path.read_bytes()
        if trusted is None:
            return msgspec.json.decode(payload_unverified(document), type=Suite), ""
    except (OSError, ValueError) as error:
        raise EvaluationError(f"The signed suite {path} cannot be read.") from error
    suite = unseal(document, trusted)
    signatures = msgspec.json.decode(document, type=Envelope).signatures
    return suite, next(s.keyid for s in signatures if s.keyid in trusted.keyids)


def plan(suite: Suite) -> list[Task]:
    """What the runner asks, in the suite's order; opposite errors counted apart."""
    return [
        _counted_apart(task, scenario)
        for task, scenario in zip(tasks(suite), suite.scenarios, strict=True)
    ]


def judges(suite: Suite) -> tuple[JudgeRef, ...]:
    """The judges that the suite needs beside the guard, with their calibrations."""
    return tuple(JUDGES[name].reference for name in judges_of(suite))


def tested(suite: Suite) -> dict[str, list[Scenario]]:
    """Name in the figures → the scenarios behind it."""
    found: dict[str, list[Scenario]] = {}
    for scenario in suite.scenarios:
        for provision, wanted in scenario.expect.items():
            found.setdefault(counted_as(provision, wanted), []).append(scenario)
    return found


def counted_as(provision: str, wanted: Expected) -> str:
    """The name under which an expectation is counted."""
    return provision + (OVER_REFUSAL if wanted in ("comply", "pass") else "")


def _counted_apart(task: Task, scenario: Scenario) -> Task:
    """The task, with each provision under the name that it is counted as."""

    async def score(asked: Conversation) -> Scored:
        scored = await task.score(asked)
        judged = tuple(
            msgspec.structs.replace(
                each,
                provision=counted_as(each.provision, scenario.expect[each.provision]),
            )
            for each in scored.judged
        )
        return replace(scored, judged=judged)

    return replace(task, score=score)


Names = Mapping[str, str]
"""Provision id → title."""


def title_of(name: str, titles: Names) -> str:
    """The title of a name in the figures; "" where the constitution has none."""
    title = titles.get(name.removesuffix(OVER_REFUSAL), "")
    return f"{title}: refused too much" if title and OVER_REFUSAL in name else title
