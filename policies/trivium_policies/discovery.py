"""Finds the rules: every module of `shared`, `aws`, `gcp` and `azure` with a `RULE`.
Adding a rule is adding a file."""

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Final

import trivium_policies
from trivium.errors import ConfigurationError
from trivium_policies.rule import Compliant, Rule, Violating

_ROOMS: Final = ("shared", "aws", "gcp", "azure")


@dataclass(frozen=True)
class RuleFile:
    """One rule with the examples that prove it."""

    rule: Rule
    """The rule."""
    compliant: Compliant
    """Resources that pass, by sentence."""
    violating: Violating
    """Resources that break this rule and no other, by sentence."""


@cache
def rule_files() -> tuple[RuleFile, ...]:
    """Every rule of the pack with its examples, in the order of `shared`, `aws`, `gcp`,
    `azure`, then by id.

    Raises `ConfigurationError` when there is none (an empty pack would pass
    everything), or when a file is incomplete.
    """
    found = tuple(_rule_file(module) for room in _ROOMS for module in _modules(room))
    if not found:
        raise ConfigurationError(
            "The policy pack holds no rule; an empty pack would let every stack pass.",
            next_step="Restore the rule files under policies/trivium_policies.",
        )
    return found


def rules() -> tuple[Rule, ...]:
    """Every rule of the pack."""
    return tuple(file.rule for file in rule_files())


def _modules(room: str) -> tuple[ModuleType, ...]:
    package = f"{trivium_policies.__name__}.{room}"
    names = sorted(
        module.name
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__)
    )
    return tuple(importlib.import_module(f"{package}.{name}") for name in names)


def _rule_file(module: ModuleType) -> RuleFile:
    rule, compliant, violating = (
        getattr(module, name, None) for name in ("RULE", "COMPLIANT", "VIOLATING")
    )
    if not isinstance(rule, Rule):
        raise _incomplete(
            module,
            "it has no RULE that is a Rule; what is no rule belongs one folder up",
        )
    if module.__name__.rpartition(".")[2].replace("_", "-") not in (
        rule.id,
        rule.id.removeprefix(f"{rule.cloud}-"),
    ):
        raise _incomplete(
            module, f"its rule is named `{rule.id}`, which the file's name does not say"
        )
    if not compliant or not violating:
        raise _incomplete(
            module, "COMPLIANT and VIOLATING must each hold at least one example"
        )
    if not rule.checks or not rule.types or not rule.compliance:
        raise _incomplete(
            module, "a rule needs checks, types and compliance references"
        )
    return RuleFile(rule, compliant, violating)


def _incomplete(module: ModuleType, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"Policy rule file {module.__name__}: {problem}. The pack is not loaded, so no"
        " stack is judged.",
        next_step="Complete the file in the manner of its neighbours.",
    )
