"""Project and stack files that cannot be used are refused by file and line, before the
engine sees them."""

from pathlib import Path

import pytest

from tests.tree import ROOT
from trivium_rehearsal.stack_file import StackFileError, read_project, read_stack

BROKEN: dict[str, tuple[bytes, str]] = {
    "a tab": (b"config:\n\ttrivium:zone: us\n", r"is not YAML: .* \(line 2\)"),
    "a key twice": (
        b"config:\n  trivium:zone: us\n  trivium:zone: eu\n",
        "stands in line 2 and again in line 3",
    ),
    "a key twice in depth": (
        b"config:\n  a:b:\n    c: 1\n    c: 2\n",
        "`c` stands in line 3 and again in line 4",
    ),
    "another encoding": (
        "config:\n  trivium:name: Zürich\n".encode("latin-1"),
        r"not written in UTF-8 \(line 2\)",
    ),
    "a list at the top": (b"- config\n", "holds a list at its top"),
    "a word alone": (b"config\n", "holds a single value at its top"),
    "a list for config": (
        b"config: [a]\n",
        "`config` is a list; expected keys and values",
    ),
    "config misspelt": (
        b"confg:\n  trivium:zone: us\n",
        "`confg` is not a key of a stack file.*Did you mean `config`",
    ),
    "the namespace misspelt": (
        b"config:\n  trivum:zone: us\n",
        "`trivum` is not a namespace.*Did you mean `trivium`",
    ),
}


@pytest.mark.parametrize(("content", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_stack_file_is_refused_by_name_and_line(
    content: bytes, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_bytes(content)
    with pytest.raises(StackFileError, match=said) as caught:
        read_stack(file, "trivium")
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "config: {}\n",
        "config:\n  aws:region: us-east-1\n  acme:key: 1\n",
        "\ufeffconfig: {}\n",
    ],
)
def test_what_is_unusual_but_right_is_read(content: str, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(content, encoding="utf-8")
    assert read_stack(file, "trivium") == content.lstrip("\ufeff")


def test_the_stack_files_that_ship_are_read() -> None:
    for file in sorted((ROOT / "stacks").glob("Pulumi.*.yaml")):
        assert read_stack(file, "trivium") == file.read_text(encoding="utf-8")


def test_a_folder_that_is_no_project_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackFileError, match=r"has no Pulumi\.yaml"):
        read_project(tmp_path)


def test_a_project_without_a_runtime_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: a\n")
    with pytest.raises(StackFileError, match="`runtime` is missing"):
        read_project(tmp_path)
