"""Writes docs/policies.md from the rules and profiles, so that the page cannot say what
the pack does not do.

python -m trivium_policies.documentation > docs/policies.md
"""

from collections.abc import Iterator, Sequence
from typing import Final

from trivium_policies.asides import UNSEEN, VOICES
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

_INTRODUCTION: Final = f"""\
# Policies

<!-- Generated: python -m trivium_policies.documentation > docs/policies.md -->

The policy pack judges every resource of a stack before it is made, and the stack as a whole before anything is made:

```
pulumi preview --policy-pack policies
```

Each rule is one file under `policies/trivium_policies/` with the examples that prove it. A finding names the resource,
the property, what was found, what is allowed, what follows and how to mend it. Adding a rule is adding a file; the pack
finds it, and it binds in every profile.

**Profile.** `{PROFILE_VARIABLE}` names one of the profiles below, or the path of a profile file; `{DEFAULT_PROFILE}` is
used when it is unset. A profile sets figures and may lower a rule to `advisory`; a rule that it does not name is
mandatory. Switching a rule off takes `unsafe_disabled` with a reason, which every run repeats. For Pulumi's own way of
configuring a pack, `python -m trivium_policies.profile finance > finance.json` writes a profile as a file for
`--policy-pack-config finance.json`; what such a file says wins over the profile. Pulumi ignores a rule id there that
does not exist.

**Audit stores.** The rules about audit stores judge a bucket or storage account that carries the label (tag)
`{ROLE_LABEL}: {AUDIT_STORE}`, or that is made inside a component whose type ends in `AuditStore`. A label that is this
one but for capitals, dashes or a letter or two counts as this one.

**What no rule sees.** Each rule lists the resource types that it judges; a resource of another type passes it. So what
is inside a template that a cloud deploys by itself (a CloudFormation stack, an ARM deployment) is not judged, nor what
stands outside the stack, nor a label that a provider adds by default. Templates, scripts, commands and dynamic
resources that a stack declares are reported as `makes-what-no-rule-sees`; a reviewer decides on them by sight.

**Waivers.** `policies/waivers.yaml`, or the file that `{WAIVERS_VARIABLE}` names, lists accepted violations:
rule, resource (the URN that ends the finding), reason, owner, first and last day, at most 366 days apart. A waived
finding is still shown. An expired waiver, or one for a rule that does not exist, keeps the pack from loading.

**Unknown in a preview is not a pass.** An input that the preview cannot know is reported as `cannot-be-judged-yet`, and
judged in the update before the resource is made (rules of scope `stack`: after the update).

**Fail closed.** A rule that breaks while it judges stops the deployment. So does a profile or a waiver file that cannot
be used. Two things are the operator's own and are not prevented here: running Pulumi without the pack, and lowering a
rule by `--policy-pack-config`.

Beside its rules the pack has these policies; all but `{UNSEEN.id}` speak for the rules, and once more, under
names that end in `-in-stack`, for those of scope `stack`:
"""


def render(files: Sequence[RuleFile], profiles: Sequence[Profile]) -> str:
    """The page."""
    rules = [file.rule for file in files]
    parts = [
        _INTRODUCTION,
        "\n".join(
            f"- `{voice.id}`{_effect(voice.mandatory)} {voice.description}"
            for voice in (*VOICES.values(), UNSEEN)
        ),
        "\n## Rules\n",
        _table(
            ("Rule", "Promise", "Cloud", "Severity", "Scope"),
            (_row(rule) for rule in rules),
        ),
        "\n## Profiles\n",
        "\n".join(_profile_lines(profiles)),
        *(_section(file, profiles) for file in files),
    ]
    return "\n".join(parts) + "\n"


def _effect(mandatory: bool) -> str:
    return " (stops the deployment):" if mandatory else " (does not stop):"


def _row(rule: Rule) -> tuple[str, ...]:
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
