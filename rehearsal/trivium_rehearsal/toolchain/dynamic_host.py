"""Becomes the provider of a program's dynamic resources, in the environment that the
program runs in.

    python -m trivium_rehearsal.toolchain.dynamic_host <engine address>

The engine names the `virtualenv` of Pulumi.yaml, if there is one, in
PULUMI_RUNTIME_VIRTUALENV, relative to the project file's folder, and starts this in the
program's folder, which may lie below that one (`main` in Pulumi.yaml).
"""

import os
import sys
from pathlib import Path


def interpreter(directory: Path, virtualenv: str) -> Path:
    """The Python of `virtualenv`, sought in `directory` and then upwards; ours where
    none is named.

    Raises `FileNotFoundError` when there is no such environment.
    """
    if not virtualenv:
        return Path(sys.executable)
    for folder in (directory, *directory.parents):
        python = folder / virtualenv / "bin" / "python"
        if python.exists():
            return python
    raise FileNotFoundError(
        f"no environment `{virtualenv}` (named in Pulumi.yaml) in {directory} or"
        " above it"
    )


def main(arguments: list[str]) -> None:
    """Replace this process by the provider."""
    try:
        python = interpreter(
            Path.cwd(), os.environ.get("PULUMI_RUNTIME_VIRTUALENV", "")
        )
    except FileNotFoundError as error:
        sys.exit(f"{error}. Make that environment, or remove the option `virtualenv`.")
    # Without -P: a pickled provider finds its modules in the working directory.
    os.execv(python, [str(python), "-u", "-m", "pulumi.dynamic", *arguments])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
