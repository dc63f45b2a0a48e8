"""The application of a rehearsal: a process of its own that knows the signed descriptor
and nothing else (examples/governed/application.py)."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivium.errors import TriviumError
from trivium_rehearsal import processes

SCENE_S = 180.0
"""No scene may take longer; the slowest waits for nine answers of an embedded model."""


class SceneError(TriviumError):
    """The application of a scene ended without a result."""

    fault = "platform"


@dataclass(frozen=True)
class Application:
    """How to run a scene of the application."""

    script: Path
    env: Mapping[str, str]
    logs: Path

    def play(self, scene: str) -> Iterator[dict[str, Any]]:
        """Run one scene; its results as they come. Any: the application's JSON."""
        log = self.logs / f"application-{scene}.log"
        with (
            log.open("wb") as errors,
            processes.start(
                [sys.executable, self.script, scene],
                name=f"the application ({scene})",
                env=self.env,
                stdout=subprocess.PIPE,
                stderr=errors,
            ) as child,
        ):
            assert child.stdout is not None  # noqa: S101 -- asked for above
            for line in child.stdout:
                yield json.loads(line)
            code = child.wait(SCENE_S)
        if code:
            raise SceneError(
                f"The application's scene `{scene}` ended with exit code"
                f" {code}:\n{log.read_text(errors='replace')}"
            )
