"""What the guard decides, in words that the client returns and the audit log keeps."""

from enum import IntEnum
from typing import Literal

import msgspec

from trivium.vocabulary.record import Record


class Action(IntEnum):
    """What happens to a request or reply; layers are joined by max, so a layer can only
    tighten."""

    ALLOW = 0
    LOG = 1
    """Goes on; the finding is recorded."""
    REDACT = 2
    """Goes on without the matched spans."""
    REVISE = 3
    """The reply must be written again."""
    ESCALATE = 4
    """A person decides first; until then it is refused."""
    BLOCK = 5


Stage = Literal["request", "reply"]
"""Before the request leaves, or before the reply is handed over."""


class Finding(Record, frozen=True, kw_only=True):
    """One provision that applied. Never carries the matched text."""

    provision: str
    """Provision id, for instance `secrets-never-leave`."""
    layer: str
    """The layer it comes from, for instance `baseline`."""
    action: Action
    detector: str
    """The detector that fired (`aws-access-key`), or `condition`."""
    stage: Stage
    location: str
    """Where, as a path into the request or reply: `messages[0].content[1].text`."""
    count: int = 1
    """Matches at this place."""


class Decision(Record, frozen=True, kw_only=True):
    """The guard's answer for one request: the strictest of all findings."""

    action: Action = Action.ALLOW
    findings: tuple[Finding, ...] = ()
    """Strictest first."""
    constitution: str = ""
    """`sha256:` digest of the constitution that decided."""
    duration_s: float = 0.0
    """Time spent deciding, request and reply together, without waiting for the
    provider."""
    evaluated: dict[Stage, dict[str, float]] = msgspec.field(default_factory=dict)
    """Stage → `layer/provision` → seconds: every provision that was evaluated, whether
    it applied or not. What several share (reading, decoding, the pass that rules them
    out together) is in `duration_s` alone; a detector that several name counts for
    each."""

    @property
    def provisions(self) -> tuple[str, ...]:
        """Ids of the provisions that applied, strictest first, each once."""
        return tuple(dict.fromkeys(finding.provision for finding in self.findings))

    def joined(self, other: "Decision") -> "Decision":
        """Both decisions as one: the stricter action, all findings, the sum of the
        times."""
        findings = sorted(
            self.findings + other.findings, key=lambda finding: -finding.action
        )
        return Decision(
            action=max(self.action, other.action),
            findings=tuple(findings),
            constitution=self.constitution or other.constitution,
            duration_s=self.duration_s + other.duration_s,
            evaluated=_together(self.evaluated, other.evaluated),
        )


def _together(
    one: dict[Stage, dict[str, float]], other: dict[Stage, dict[str, float]]
) -> dict[Stage, dict[str, float]]:
    """The times of both, added."""
    if not one or not other:
        return one or other
    result = {stage: dict(times) for stage, times in one.items()}
    for stage, times in other.items():
        sums = result.setdefault(stage, {})
        for key, seconds in times.items():
            sums[key] = sums.get(key, 0.0) + seconds
    return result


class Context(Record, frozen=True, kw_only=True):
    """What a condition may ask about, besides the request itself."""

    request_id: str
    deployment: str
    environment: str
    zone: str
    route: str
    cloud: str
    region: str
    tier: str
    model: str
    """Catalogue key of the model that the route would use."""
    scope: str
    """`regional`, `geo` or `global`."""
    rehearsal: bool = False
    user_id: str | None = None
    """The caller's opaque id of its end user, if it gave one."""
    attributes: dict[str, str] = msgspec.field(default_factory=dict)
    """The caller's own labels, for instance `purpose`."""
