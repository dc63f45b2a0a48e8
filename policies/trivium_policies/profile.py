"""Profiles: at which level each rule applies, and with which figures.

Profiles are data, one JSON file each under `profiles/`. A profile may set the
parameters of a rule and lower it to `advisory`. Switching a rule off requires the key
`unsafe_disabled` with a reason, which every run repeats. A rule that a profile does not
name is mandatory at its defaults, so a rule added later applies in every profile.

    python -m trivium_policies.profile NAME        a file for `--policy-pack-config`
    python -m trivium_policies.profile --schema    the JSON Schema of profile files
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal, get_args

from trivium.errors import ConfigurationError
from trivium_policies.discovery import rules
from trivium_policies.rule import Parameter, Rule, Value

Level = Literal["mandatory", "advisory"]

DEFAULT_PROFILE: Final = "baseline"
PROFILES: Final = Path(__file__).parents[1] / "profiles"

_LEVELS: Final[tuple[str, ...]] = get_args(Level)
_TOP_LEVEL_KEYS: Final = ("$schema", "title", "sources", "rules")
_RULE_KEYS: Final = ("level", "unsafe_disabled")


@dataclass(frozen=True)
class Setting:
    """What a profile says about one rule."""

    level: Level = "mandatory"
    """What a violation does: `mandatory` stops the deployment, `advisory` warns."""
    unsafe_disabled: str = ""
    """Why the rule is switched off; empty when it is not."""
    parameters: Mapping[str, Value] = field(default_factory=dict, hash=False)
    """Parameters that differ from the rule's defaults."""


@dataclass(frozen=True)
class Profile:
    """One file of `profiles/`."""

    name: str
    """The file's name without its ending."""
    title: str
    """For whom it is."""
    sources: tuple[str, ...]
    """Where its figures come from."""
    settings: Mapping[str, Setting] = field(hash=False)
    """Rule id → setting."""

    def setting(self, rule: Rule) -> Setting:
        """The setting of `rule`: mandatory at its defaults unless the profile says
        otherwise."""
        return self.settings.get(rule.id, Setting())


def load_profile(name: str, known: Sequence[Rule] | None = None) -> Profile:
    """The profile called `name`, or the one in the file `name` when that ends in
    `.json`.

    Raises `ConfigurationError` naming every problem of the file: unknown keys, rules
    and parameters, wrong types, figures below a parameter's minimum.
    """
    file = Path(name) if name.endswith(".json") else PROFILES / f"{name}.json"
    try:
        document: object = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        available = ", ".join(profile_names())
        raise ConfigurationError(
            f"Policy profile `{name}` does not exist; there are {available}. No stack"
            " is judged without a profile.",
            next_step=(
                "Set TRIVIUM_POLICY_PROFILE to one of them, or to the path of a profile"
                " file."
            ),
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"Policy profile `{name}` cannot be read as JSON ({type(error).__name__});"
            " no stack is judged without a profile.",
            next_step="Mend the file.",
        ) from error
    return parse_profile(file.stem, document, rules() if known is None else known)


def profile_names() -> tuple[str, ...]:
    """The profiles that ship with the pack."""
    return tuple(
        sorted(
            file.stem
            for file in PROFILES.glob("*.json")
            if file.name != "profile.schema.json"
        )
    )


def parse_profile(name: str, document: object, known: Sequence[Rule]) -> Profile:
    """`document` as a profile. Raises `ConfigurationError` naming every problem."""
    problems = list(_problems(document, {rule.id: rule for rule in known}))
    if problems or not isinstance(document, Mapping):
        raise ConfigurationError(
            f"Policy profile `{name}` cannot be used, so no stack is judged:"
            f" {' '.join(problems)}",
            next_step="Mend the profile; profiles/profile.schema.json lists every key.",
        )
    settings = {
        rule_id: _setting(written)
        for rule_id, written in document.get("rules", {}).items()
    }
    return Profile(
        name,
        title=document["title"],
        sources=tuple(document.get("sources", ())),
        settings=settings,
    )


def parameter_problem(parameter: Parameter, value: object) -> str:
    """Why `value` cannot be the value of `parameter`, as a phrase; empty when it
    can."""
    default = parameter.default
    if isinstance(default, bool):
        return (
            ""
            if isinstance(value, bool)
            else f"{json.dumps(value)} is not true or false"
        )
    if isinstance(default, int):
        if isinstance(value, bool) or not isinstance(value, int):
            return f"{json.dumps(value)} is not an integer"
        too_small = parameter.minimum is not None and value < parameter.minimum
        return (
            f"{value} is below the minimum of {parameter.minimum}" if too_small else ""
        )
    if (
        not isinstance(value, (list, tuple))
        or len(value) < len(default[:1])
        or not all(isinstance(text, str) for text in value)
    ):
        return f"{json.dumps(value)} is not a list of one or more strings"
    for text in value:
        if parameter.choices and text not in parameter.choices:
            return f"{json.dumps(text)} is none of {', '.join(parameter.choices)}"
        if parameter.pattern and not re.fullmatch(parameter.pattern, text):
            return f"{json.dumps(text)} has not the form `{parameter.form}`"
    return ""


def frozen_value(value: object) -> Value:
    """A JSON value that `parameter_problem` accepted, as a parameter's value."""
    if isinstance(value, (list, tuple)):
        return tuple(str(text) for text in value)
    return value if isinstance(value, bool) else int(str(value))


def _problems(document: object, known: Mapping[str, Rule]) -> Iterator[str]:
    """What is wrong with a profile file, one sentence each."""
    if not isinstance(document, Mapping):
        yield f"it is {type(document).__name__}, not an object."
        return
    yield from _unknown("key", document, _TOP_LEVEL_KEYS)
    if not isinstance(document.get("title"), str):
        yield "`title` is missing or no string."
    if not _is_list_of_texts(document.get("sources", [])):
        yield "`sources` is not a list of strings."
    settings = document.get("rules", {})
    if not isinstance(settings, Mapping):
        yield "`rules` is not an object."
        return
    yield from _unknown("rule", settings, tuple(known))
    for rule_id, written in settings.items():
        if rule_id in known:
            yield from _setting_problems(known[rule_id], written)


def _setting_problems(rule: Rule, written: object) -> Iterator[str]:
    """What is wrong with what a profile says of one rule."""
    if not isinstance(written, Mapping):
        yield f"`{rule.id}` is not an object."
        return
    parameters = {parameter.name: parameter for parameter in rule.parameters}
    yield from _unknown(f"key of `{rule.id}`", written, (*_RULE_KEYS, *parameters))
    if written.get("level", "mandatory") not in _LEVELS:
        yield (
            f"`{rule.id}.level` is {json.dumps(written['level'])}, not"
            f" {' or '.join(_LEVELS)}."
        )
    reason = written.get("unsafe_disabled", "-")
    if not isinstance(reason, str) or not reason.strip():
        yield f"`{rule.id}.unsafe_disabled` must give the reason."
    for name, parameter in parameters.items():
        problem = parameter_problem(parameter, written[name]) if name in written else ""
        if problem:
            yield f"`{rule.id}.{name}`: {problem}."


def _unknown(
    what: str, written: Mapping[str, object], allowed: Sequence[str]
) -> Iterator[str]:
    """Names that do not exist, with what was probably meant."""
    for name in written:
        if name not in allowed:
            near = get_close_matches(name, allowed, n=1)
            yield f"unknown {what} `{name}`" + (
                f"; did you mean `{near[0]}`?" if near else "."
            )


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _setting(written: Mapping[str, object]) -> Setting:
    """What a profile says of one rule."""
    return Setting(
        level="advisory" if written.get("level") == "advisory" else "mandatory",
        unsafe_disabled=str(written.get("unsafe_disabled", "")),
        parameters={
            name: frozen_value(value)
            for name, value in written.items()
            if name not in _RULE_KEYS
        },
    )


def schema(known: Sequence[Rule]) -> dict[str, object]:
    """The JSON Schema of profile files; it and `parse_profile` refuse the same
    documents."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Trivium policy profile",
        "type": "object",
        "additionalProperties": False,
        "required": ["title"],
        "properties": {
            "$schema": {"type": "string"},
            "title": {"type": "string"},
            "sources": {"type": "array", "items": {"type": "string"}},
            "rules": {
                "type": "object",
                "additionalProperties": False,
                "properties": {rule.id: _rule_schema(rule) for rule in known},
            },
        },
    }


def _rule_schema(rule: Rule) -> dict[str, object]:
    """The JSON Schema of one rule's setting."""
    return {
        "type": "object",
        "description": rule.promise,
        "additionalProperties": False,
        "properties": {
            "level": {"enum": list(_LEVELS)},
            "unsafe_disabled": {
                "type": "string",
                "pattern": r"\S",
                "description": "Why the rule is switched off.",
            },
            **{
                parameter.name: parameter_schema(parameter)
                for parameter in rule.parameters
            },
        },
    }


def parameter_schema(
    parameter: Parameter, default: Value | None = None
) -> dict[str, object]:
    """The JSON Schema of one parameter."""
    effective = parameter.default if default is None else default
    shape: dict[str, object]
    if isinstance(parameter.default, bool):
        shape = {"type": "boolean"}
    elif isinstance(parameter.default, int):
        shape = {"type": "integer"} | (
            {} if parameter.minimum is None else {"minimum": parameter.minimum}
        )
    else:
        items: dict[str, object] = {"type": "string"}
        if parameter.choices:
            items["enum"] = list(parameter.choices)
        if parameter.pattern:
            items["pattern"] = (
                f"^(?:{parameter.pattern})$"  # JSON Schema anchors nothing
            )
        shape = {"type": "array", "minItems": 1 if parameter.default else 0}
        shape["items"] = items
    shown = list(effective) if isinstance(effective, tuple) else effective
    return {**shape, "description": parameter.meaning, "default": shown}


def policy_pack_config(profile: Profile, known: Sequence[Rule]) -> dict[str, object]:
    """The profile in the form that `pulumi --policy-pack-config` reads."""
    config: dict[str, object] = {}
    for rule in known:
        setting = profile.setting(rule)
        parameters = {
            name: list(v) if isinstance(v, tuple) else v
            for name, v in setting.parameters.items()
        }
        config[rule.id] = {
            "enforcementLevel": (
                "disabled" if setting.unsafe_disabled else setting.level
            ),
            **parameters,
        }
    return config


def main(arguments: Sequence[str]) -> int:
    """Prints what the module's docstring says; 2 for wrong arguments."""
    if list(arguments) == ["--schema"]:
        document: object = schema(rules())
    elif len(arguments) == 1 and not arguments[0].startswith("-"):
        try:
            document = policy_pack_config(load_profile(arguments[0]), rules())
        except ConfigurationError as error:
            print(error, file=sys.stderr)
            return 1
    else:
        print(
            "usage: python -m trivium_policies.profile (NAME | --schema)",
            file=sys.stderr,
        )
        return 2
    print(json.dumps(document, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
