"""The local AWS and the stand-in providers: processes that the engine attaches to."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from trivium_rehearsal import processes
from trivium_rehearsal.ministack import MiniStack
from trivium_rehearsal.places import Places
from trivium_rehearsal.toolchain.ministack import ensure_ministack
from trivium_rehearsal.toolchain.progress import Progress

READY_S = 60.0
"""How long the stand-ins may take to start: they import the SDKs of three clouds."""

NOTHING = "none"
"""In place of the local AWS's address, where nothing is to be executed."""


@contextmanager
def stand_ins(
    places: Places, env: Mapping[str, str], progress: Progress
) -> Iterator[dict[str, str]]:
    """Start the local AWS and the stand-in providers. Yields the variables with which
    the engine finds them."""
    emulator = ensure_ministack(progress)
    progress.say("Starting the local AWS and the stand-in providers.")
    with (
        MiniStack(
            places.home / "ministack", emulator, places.logs / "ministack.log"
        ) as aws,
        providers(aws.url, places.logs, env) as variables,
    ):
        if aws.lost_state:
            places.unfinished.touch()
        yield variables


@contextmanager
def providers(
    emulator: str, logs: Path, env: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Start the stand-in providers alone. `emulator`: the local AWS's address, or
    `NOTHING`."""
    log = logs / "stand-ins.log"
    log.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "trivium_rehearsal.server",
        "--ministack",
        emulator,
    ]
    with processes.start(
        command, name="the stand-in providers", env=env, log=log
    ) as child:
        said = processes.wait_until_says(child, r"^\{.*\}$", timeout_s=READY_S)
        ports: dict[str, int] = json.loads(said[0])
        yield {
            "PULUMI_DEBUG_PROVIDERS": ",".join(
                f"{name}:{port}" for name, port in ports.items()
            )
        }
