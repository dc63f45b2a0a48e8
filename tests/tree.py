"""The repository as the tests see it."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def copied(target: Path) -> Path:
    """Copy the files that git tracks or would add, as they are in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target
