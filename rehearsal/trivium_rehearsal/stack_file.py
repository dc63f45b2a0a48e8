"""A project's YAML files, read as the engine reads them, and refused in words that name
the file and the line.

The engine says of most of these faults that it "could not create secrets manager for
new stack", and names no file. Two it does not see at all: a word misspelt at the top of
a stack file, and a misspelt namespace before a key's colon. Either would be without
effect. What the keys of a namespace mean is for the program to judge.
"""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from trivium.errors import ConfigurationError

TOP = ("config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider")
"""What may stand at the top of a stack file (Pulumi's
sdk/go/common/workspace/project.json, 3.259)."""

PROVIDERS = ("aws", "aws-native", "azure", "azure-native", "azuread", "gcp", "pulumi")
"""Namespaces that are never a misspelt project, whatever a project is called."""


class StackFileError(ConfigurationError):
    """A project file or a stack file cannot be used."""


def read_project(project: Path) -> Mapping[str, Any]:
    """Pulumi.yaml of the project in the folder `project`. Any: YAML. Raises
    `StackFileError`."""
    file = project / "Pulumi.yaml"
    if not file.is_file():
        raise StackFileError(
            f"{project} is not a Pulumi project: it has no Pulumi.yaml.",
            next_step="Name the folder of one by PROJECT=…",
        )
    described = _mapping(file, _text(file))
    for key in ("name", "runtime"):
        if not described.get(key):
            raise StackFileError(
                f"{file}: `{key}` is missing; the engine needs it.",
                next_step=f"Add `{key}: …`.",
            )
    return described


def runtime(project: Path) -> str:
    """The language of the project in the folder `project`, such as `python`. Raises
    `StackFileError`."""
    stated = read_project(project)["runtime"]
    return str(stated.get("name") if isinstance(stated, dict) else stated)


def read_stack(file: Path, project: str) -> str:
    """The text of a stack file of the project named `project`. Raises `StackFileError`
    for one that cannot be used."""
    text = _text(file)
    stack = _mapping(file, text)
    for key in stack:
        _not_misspelt(file, str(key), TOP, "key of a stack file")
    config = stack.get("config") or {}
    if not isinstance(config, dict):
        raise StackFileError(
            f"{file}: `config` is {_kind(config)}; expected keys and values.",
            next_step=f"Write them indented beneath it, such as `{project}:zone: us`.",
        )
    for key in config:
        _not_misspelt(
            file,
            str(key).partition(":")[0],
            (project, *PROVIDERS),
            f"namespace (in `{key}`)",
        )
    return text


def _not_misspelt(file: Path, word: str, known: tuple[str, ...], what: str) -> None:
    """Refuse a word that is nearly one that counts. Others may be of a provider, or of
    a newer engine."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.8)
    if word not in known and close:
        raise StackFileError(
            f"{file}: `{word}` is not a {what}; it would silently have no effect.",
            next_step=f"Did you mean `{close[0]}`? Correct or remove it.",
        )


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise StackFileError(
            f"{file} is not written in UTF-8 (line {line}).",
            next_step="Save it as UTF-8, then run it again.",
        ) from error


def _mapping(file: Path, text: str) -> Mapping[str, Any]:
    """The document's top, with each key once at every depth. Any: YAML."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise StackFileError(
            f"{file} is not YAML: {_reason(error)}.",
            next_step="Correct that line; indent with spaces, never tabs.",
        ) from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise StackFileError(
            f"{file} holds {_kind(document)} at its top; expected keys and values.",
            next_step="Begin it with `config:`.",
        )
    for key, first, again in _twice(tree):
        raise StackFileError(
            f"{file}: `{key}` stands in line {first} and again in line {again}; only"
            " one can count.",
            next_step="Remove one of them.",
        )
    return document


def _reason(error: yaml.YAMLError) -> str:
    """What the parser complains of, with the line as people count them."""
    said = getattr(error, "problem", None) or str(error).splitlines()[0]
    mark = getattr(error, "problem_mark", None)
    return f"{said} (line {mark.line + 1})" if mark else said


def _twice(node: yaml.Node | None) -> Iterator[tuple[str, int, int]]:
    """Each key that a mapping has twice, with the lines of both."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _twice(item)
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line, name = key.start_mark.line + 1, str(key.value)
            if name in seen:
                yield name, seen[name], line
            seen[name] = line
            yield from _twice(value)


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else "a single value"
