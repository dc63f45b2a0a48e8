"""Finds the rules: every module below a package of rules that holds a `RULE`.

Adding a rule is adding a file, in any folder. An organisation's own rules lie in a
package of its own, in the same form.
"""

import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

from trivium.errors import ConfigurationError
from trivium_policies.rule import Cloud, Compliant, Rule, Violating

SHIPPED: Final = ("trivium_policies.rules",)
"""The packages of rules that this pack brings."""

_CLOUDS: Final[tuple[Cloud, ...]] = ("shared", "aws", "gcp", "azure")
"""In which order rules are listed."""


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
def rule_files(packages: tuple[str, ...] = SHIPPED) -> tuple[RuleFile, ...]:
    """Every rule of the packages with its examples, by cloud, then by id.

    Raises `ConfigurationError` when there is none (an empty pack would pass
    everything), when a file is incomplete, or when two rules have one id.
    """
    found = [_rule_file(module) for name in packages for module in _modules(name)]
    if not found:
        raise ConfigurationError(
            "The policy pack holds no rule. An empty pack would let every stack pass.",
            next_step="Restore the rule files under policies/trivium_policies/rules.",
        )
    ids = [file.rule.id for file in found]
    for repeated in (name for name in ids if ids.count(name) > 1):
        raise ConfigurationError(
            f"Two policy rules are named `{repeated}`, so a finding could not say which"
            " of them judged.",
            next_step="Rename one of them, and its file.",
        )
    return tuple(sorted(found, key=_place))


def own_packages(folders: str) -> tuple[str, ...]:
    """The packages in these folders, which are separated as in PATH, ready to be
    imported; for an organisation's own rules.

    Raises `ConfigurationError` for one that is no folder, or whose name Python cannot
    import.
    """
    packages = []
    for text in filter(None, folders.split(os.pathsep)):
        folder = Path(text).resolve()
        if not folder.is_dir() or not folder.name.isidentifier():
            raise ConfigurationError(
                f"`{text}` cannot hold policy rules: it is no folder whose name Python"
                " can import. The pack is not loaded, so no stack is judged.",
                next_step="Name a folder such as `policies/acme_rules`.",
            )
        if str(folder.parent) not in sys.path:
            sys.path.append(str(folder.parent))
        packages.append(folder.name)
    return tuple(packages)


def rules(packages: tuple[str, ...] = SHIPPED) -> tuple[Rule, ...]:
    """Every rule of the packages."""
    return tuple(file.rule for file in rule_files(packages))


def _place(file: RuleFile) -> tuple[int, str]:
    """Where a rule stands in lists: by cloud, then by id."""
    return _CLOUDS.index(file.rule.cloud), file.rule.id


def _modules(package: str) -> Iterator[ModuleType]:
    """Every module below a package that is not a package itself."""
    root = _imported(package)
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        if not found.ispkg:
            yield _imported(found.name)


def _imported(name: str) -> ModuleType:
    """The module. Raises `ConfigurationError` that says what is wrong with its code,
    and where."""
    try:
        return importlib.import_module(name)
    except ConfigurationError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"Policy rule file {name} cannot be loaded: {type(error).__name__}:"
            f" {error} ({_place_of(error)}). The pack is not loaded, so no stack is"
            " judged.",
            next_step="Mend the file.",
        ) from error


def _place_of(error: Exception) -> str:
    """Where an error arose, as a person looks for it."""
    if isinstance(error, SyntaxError):
        return f"{Path(error.filename or '?').name}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename]
    frame = (own or list(frames))[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}"


def _rule_file(module: ModuleType) -> RuleFile:
    """The rule of a module, if the file is complete."""
    rule, compliant, violating = (
        getattr(module, name, None) for name in ("RULE", "COMPLIANT", "VIOLATING")
    )
    if not isinstance(rule, Rule):
        raise _incomplete(
            module,
            "it has no RULE that is a Rule; what is not a rule belongs outside `rules`",
        )
    if module.__name__.rpartition(".")[2].replace("_", "-") != rule.id:
        raise _incomplete(
            module, f"its rule is named `{rule.id}`, which the file's name does not say"
        )
    if not compliant or not violating:
        raise _incomplete(
            module, "COMPLIANT and VIOLATING must each hold at least one example"
        )
    if not rule.checks or not rule.types or not rule.controls:
        raise _incomplete(module, "a rule needs checks, types and controls")
    return RuleFile(rule, compliant, violating)


def _incomplete(module: ModuleType, problem: str) -> ConfigurationError:
    """The error for a file that is no rule."""
    return ConfigurationError(
        f"Policy rule file {module.__name__}: {problem}. The pack is not loaded, so no"
        " stack is judged.",
        next_step="Complete the file in the manner of its neighbours.",
    )
