"""Writes docs/policies.md from the rules and profiles, so that the page cannot say what
the pack does not do.

python -m trivium_policies.documentation > docs/policies.md
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from trivium_policies.asides import INPUTS, UNSEEN, VOICES
from trivium_policies.discovery import RuleFile, rule_files
from trivium_policies.pack import PROFILE_VARIABLE, WAIVERS_VARIABLE
from trivium_policies.profile import (
    DEFAULT_PROFILE,
    Profile,
    load_profile,
    profile_names,
)
from trivium_policies.role import AUDIT_STORE, ROLE_LABEL
from trivium_policies.rule import Rule, Value

_CLOUDS: Final = {
    "aws": "AWS",
    "gcp": "Google Cloud",
    "azure": "Azure",
    "shared": "all three",
}

_INTRODUCTION: Final = Path(__file__).with_name("introduction.md")
"""The page's beginning, with `{names}` that the code fills in."""


def render(files: Sequence[RuleFile], profiles: Sequence[Profile]) -> str:
    """The page."""
    rules = [file.rule for file in files]
    introduction = _INTRODUCTION.read_text(encoding="utf-8").format(
        profile=PROFILE_VARIABLE,
        default=DEFAULT_PROFILE,
        waivers=WAIVERS_VARIABLE,
        label=ROLE_LABEL,
        store=AUDIT_STORE,
        unseen=UNSEEN.id,
        inputs=INPUTS.id,
        rules=_table(
            ("Rule", "Promise", "Cloud", "Severity", "Scope"),
            (_row(rule) for rule in rules),
        ),
    )
    parts = [
        introduction.rstrip(),
        "",
        "\n".join(
            f"- `{voice.id}`{_effect(voice.mandatory)} {voice.description}"
            for voice in (*VOICES.values(), UNSEEN, INPUTS)
        ),
        "\n## Profiles\n",
        "\n".join(_profile_lines(profiles)),
        *(_section(file, profiles) for file in files),
    ]
    return "\n".join(parts) + "\n"


def _effect(mandatory: bool) -> str:
    return " (stops the deployment):" if mandatory else " (does not stop):"


def _row(rule: Rule) -> tuple[str, ...]:
    """A rule's line in the table."""
    return (
        f"[`{rule.id}`](#{rule.id})",
        rule.promise,
        _CLOUDS[rule.cloud],
        rule.severity,
        rule.scope,
    )


def _profile_lines(profiles: Sequence[Profile]) -> Iterator[str]:
    for profile in profiles:
        yield f"- `{profile.name}`: {profile.title}"
        yield from (f"  - {source}" for source in profile.sources)


def _section(file: RuleFile, profiles: Sequence[Profile]) -> str:
    """A rule's own section."""
    rule = file.rule
    parts = [
        f"\n## {rule.id}\n",
        f"{rule.title}. {rule.promise}\n",
        "**Refused**, among others:\n",
        *(f"- {sentence}" for sentence in file.violating),
        "\n**Prefer**\n",
        f"```python\n{rule.remediation.pulumi}\n```\n",
        f"**Rationale.** {rule.rationale}\n",
        f"**Risk.** {rule.risk}\n",
        "**Evidence for** "
        + "; ".join(f"{c.framework} {c.control}" for c in rule.compliance)
        + ".",
    ]
    if rule.peers:
        parts.append("\n**Covered in part by** " + ", ".join(rule.peers) + ".")
    if rule.parameters:
        header = (
            "Parameter",
            "Meaning",
            "Default",
            *(profile.name for profile in profiles),
            "Source of the default",
        )
        parts += ["", _table(header, _parameter_rows(rule, profiles))]
    parts.append("\nJudges " + ", ".join(f"`{token}`" for token in rule.types) + ".")
    return "\n".join(parts)


def _parameter_rows(
    rule: Rule, profiles: Sequence[Profile]
) -> Iterator[tuple[str, ...]]:
    for parameter in rule.parameters:
        values = (
            profile.setting(rule).parameters.get(parameter.name, parameter.default)
            for profile in profiles
        )
        shown = (_shown(value) for value in (parameter.default, *values))
        yield (f"`{parameter.name}`", parameter.meaning, *shown, parameter.source)


def _shown(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value).lower()


def _table(header: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    lines = (header, ["---"] * len(header), *rows)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


if __name__ == "__main__":
    print(
        render(rule_files(), [load_profile(name) for name in profile_names()]), end=""
    )
