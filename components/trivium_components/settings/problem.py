"""A problem in a stack file, and the sentence that reports it.

The sentence states where the problem is, what was found, what is expected, what would
happen, and what to do.
"""

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trivium.errors import SettingsError
from trivium_components.settings.key import NAMESPACE

KeyPath = tuple[str | int, ...]
"""Names and indices that lead to a value, below the namespace."""

_SHOWN = 80  # characters of a wrong value that an error repeats
# The parts of an address that may be credentials: its user, its query, its fragment.
# Both patterns are greedy: it is better to hide too much.
_USER = re.compile(r"(?<=://).*@")
_QUERY = re.compile(r"(://[^?#]*[?#]).*")
_KINDS = {
    int: " (a number)",
    float: " (a number)",
    bool: " (true or false)",
    type(None): " (nothing)",
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A value that is wrong, or that another value excludes."""

    path: KeyPath
    """Where it is."""
    found: str
    """What was found, to complete "… is"."""
    expected: str
    """What is allowed, to complete "expected …"."""
    consequence: str
    """What would happen otherwise: one sentence."""
    example: str = ""
    """A value that the remedy's command may set."""
    meant: str = ""
    """The known value that is most similar."""
    remedy: str = ""
    """What to do, if setting the example is not enough. `{command}` stands for the
    command that sets it."""


def nearest(word: str, choices: tuple[str, ...]) -> str:
    """The choice that is most similar to the word; empty if none is similar."""
    return next(iter(difflib.get_close_matches(word, choices, n=1, cutoff=0.6)), "")


def shown(value: Any) -> str:
    """A value as an error repeats it: short and on one line.

    Credentials in an address are left out; the kind is stated if it may be the problem.
    Any: as configured.
    """
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = _QUERY.sub(r"\1…", _USER.sub("…@", text))
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return f"`{cut}`{_KINDS.get(type(value), '')}"


def stack_file(stack: str) -> str:
    """The file that holds a stack's settings, relative to the project."""
    return f"stacks/Pulumi.{stack}.yaml"


def settings_error(
    stack: str, problems: Sequence[Problem], *, secret_keys: frozenset[str]
) -> SettingsError:
    """One error for all problems. It does not repeat the values of `secret_keys`."""
    sentences = tuple(_sentence(stack, problem, secret_keys) for problem in problems)
    count = "a problem" if len(sentences) == 1 else f"{len(sentences)} problems"
    listed = "".join(f"\n- {sentence}" for sentence in sentences)
    return SettingsError(
        f"Stack `{stack}` cannot be deployed: {stack_file(stack)} has {count}.{listed}",
        problems=sentences,
    )


def _sentence(stack: str, problem: Problem, secret_keys: frozenset[str]) -> str:
    """One problem in words."""
    key = f"{NAMESPACE}:{_dotted(problem.path)}"
    top = problem.path[0]
    secret = bool({str(top), f"{NAMESPACE}:{top}"} & secret_keys)
    hidden = secret and problem.found != "missing"
    found = "a secret value, not shown" if hidden else problem.found
    meant = f" Did you mean `{problem.meant}`?" if problem.meant and not secret else ""

    example = problem.meant or problem.example
    command = f"`pulumi config set --stack {stack} --path '{key}' {example}`"
    remedy = problem.remedy or "Correct it with {command}"
    return (
        f"{stack_file(stack)}: `{key}` is {found}; expected {problem.expected}.{meant}"
        f" {problem.consequence} {remedy.replace('{command}', command)}."
    )


def _dotted(path: KeyPath) -> str:
    """A path as Pulumi spells it: `aws.invokers[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
