"""What is wrong with a stack's settings, as a person is told it: the stack file, the
key, what was found, what is allowed, what would happen and what to do.
"""

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trivium.errors import SettingsError
from trivium_components.settings import NAMESPACE

_SHOWN = 80  # characters of a wrong value that an error repeats


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One wrong value, or one that another value excludes."""

    path: tuple[str | int, ...]
    """Names and indices that lead to it, below the namespace."""
    found: str
    """What stands there, as the sentence's predicate."""
    expected: str
    """What is allowed, completing "expected …"."""
    consequence: str
    """What would happen otherwise: one sentence."""
    example: str = ""
    """A value that the remedy's command may write."""
    meant: str = ""
    """The known value it comes nearest to."""
    remedy: str = ""
    """What to do, where writing the example is not enough; `{command}` becomes the
    command that writes it."""


def nearest(word: str, choices: tuple[str, ...]) -> str:
    """The choice that the word was perhaps meant to be, or nothing."""
    return next(iter(difflib.get_close_matches(word, choices, n=1, cutoff=0.6)), "")


def shown(value: Any) -> str:
    """A value as an error repeats it: short, on one line, with its kind where that is
    the point. Any: as configured."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    kind = {
        int: " (a number)",
        float: " (a number)",
        bool: " (true or false)",
        type(None): " (nothing)",
    }
    return f"`{cut}`{kind.get(type(value), '')}"


def stack_file(stack: str) -> str:
    """Where a stack's settings stand, seen from the project's root."""
    return f"stacks/Pulumi.{stack}.yaml"


def settings_error(
    stack: str, problems: Sequence[Problem], *, secret_keys: frozenset[str]
) -> SettingsError:
    """All problems in one error; what `secret_keys` hold is not repeated."""
    sentences = tuple(_sentence(stack, problem, secret_keys) for problem in problems)
    count = "a problem" if len(sentences) == 1 else f"{len(sentences)} problems"
    listed = "".join(f"\n- {sentence}" for sentence in sentences)
    return SettingsError(
        f"Stack `{stack}` cannot be deployed: {stack_file(stack)} has {count}.{listed}",
        problems=sentences,
    )


def _sentence(stack: str, problem: Problem, secret_keys: frozenset[str]) -> str:
    key = f"{NAMESPACE}:{_dotted(problem.path)}"
    secret = bool(
        {str(problem.path[0]), f"{NAMESPACE}:{problem.path[0]}"} & secret_keys
    )
    found = (
        "a secret value, not shown"
        if secret and problem.found != "missing"
        else problem.found
    )
    meant = f" Did you mean `{problem.meant}`?" if problem.meant and not secret else ""
    example = problem.meant or problem.example
    command = f"`pulumi config set --stack {stack} --path '{key}' {example}`"
    remedy = (problem.remedy or "Correct it with {command}").replace(
        "{command}", command
    )
    return (
        f"{stack_file(stack)}: `{key}` is {found}; expected {problem.expected}.{meant}"
        f" {problem.consequence} {remedy}."
    )


def _dotted(path: tuple[str | int, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
