"""What the policies said, as a table for a person.

Pulumi carries one text per finding. A rule of the pack writes it in labelled lines (its
`describe`), and this reads them back; what is not in that form (a note, a waiver, a
rule that broke) is shown as it is. Text from resources is not trusted: control
characters are shown escaped.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LABELS = ("property", "found", "expected", "why", "remedy", "see", "URN")
"""The lines of a finding, in order."""

_LINE = re.compile(rf"^({'|'.join(LABELS)})\s+(.*)$")


@dataclass(frozen=True)
class Finding:
    """One message of a policy."""

    level: str
    """`mandatory` stops the deployment; `advisory` does not."""
    policy: str
    severity: str
    """"" where the engine does not say."""
    resource: str
    """Logical name; "" for the whole stack."""
    message: str
    """As the policy wrote it."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """By label; empty for a message in another form."""

    @property
    def line(self) -> str:
        """Everything in one line."""
        text = " ".join(self.message.split())
        return f"[{self.level}] {self.policy} ({self.resource}): {text}"


def finding(event: Mapping[str, Any]) -> Finding:
    """The finding of a policy event. Any: the engine's JSON."""
    message = _printable(event["message"])
    matches = filter(None, map(_LINE.match, message.splitlines()))
    parts = {match[1]: match[2] for match in matches}
    return Finding(
        level=event["enforcementLevel"],
        policy=event["policyName"],
        severity=str(event.get("severity", "")),
        resource=_printable(event.get("resourceUrn", "").rpartition("::")[2]),
        message=message,
        parts=parts if set(LABELS) <= set(parts) else {},
    )


def table(findings: Sequence[Finding], *, explain: bool = False) -> str:
    """Findings by resource: severity, rule and property, then found → expected and
    remedy. `explain` adds the consequence and where the rule is documented."""
    lines: list[str] = []
    for resource in dict.fromkeys(found.resource for found in findings):
        lines.append(resource or "the whole stack")
        for found in findings:
            if found.resource == resource:
                lines += [f"  {line}" for line in _shown(found, explain=explain)]
    return "\n".join(lines)


def _shown(found: Finding, *, explain: bool) -> Iterable[str]:
    grade = f"{found.severity}  " if found.severity else ""
    head = f"{grade}[{found.level}] {found.policy}"
    if not found.parts:
        yield head
        yield f"  {' '.join(found.message.split())}"
        return
    parts = found.parts
    yield f"{head}  {parts['property']}"
    yield f"  {parts['found']} → {parts['expected']}"
    yield f"  Remedy: {parts['remedy']}"
    if explain:
        yield f"  Why: {parts['why']}"
        yield f"  See {parts['see']}. URN: {parts['URN']}"


def _printable(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(
        character
        if character.isprintable() or character == "\n"
        else repr(character)[1:-1]
        for character in text
    )
