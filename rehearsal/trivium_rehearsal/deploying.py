"""Deploying and destroying the stack `rehearsal`, also after a run that was killed."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from trivium_rehearsal.environment import rehearsal_environment
from trivium_rehearsal.places import STACK, Places
from trivium_rehearsal.stack import Event, Outcome, Stack
from trivium_rehearsal.stand_ins import stand_ins
from trivium_rehearsal.toolchain.engine import Engine, ensure_engine
from trivium_rehearsal.toolchain.progress import Progress

USUAL_RESOURCES = 100
"""How many resources a new rehearsal has, about: the progress bar begins with it."""


def driven(places: Places, engine: Engine, env: Mapping[str, str]) -> Stack:
    """The stack, driven by the engine."""
    folder = places.home / "project"
    return Stack(
        places.root,
        STACK,
        folder=folder,
        pulumi=engine.pulumi,
        env=env,
        logs=places.logs,
    )


def deploy(stack: Stack, places: Places, progress: Progress) -> Outcome:
    """`pulumi up` with the policy pack. The state that a killed run left is mended
    first."""
    stack.select()
    if places.unfinished.exists():
        progress.say(
            "The last run was interrupted: bringing the stack's state up to date."
        )
        stack.recover()
    places.unfinished.touch()
    progress.say("Deploying the stack `rehearsal` with the policy pack.")
    known = sum(stack.types().values()) or USUAL_RESOURCES
    outcome = stack.up(
        packs=(places.root / "policies",),
        on_event=_counted(progress, "Deploying", known),
    )
    places.unfinished.unlink()
    return outcome


def destroy(root: Path, places: Places, progress: Progress) -> None:
    """`pulumi destroy`."""
    engine = ensure_engine(progress)
    env = rehearsal_environment(root, path=engine.path)
    with stand_ins(places, env, progress) as variables:
        stack = driven(places, engine, env | variables)
        if places.unfinished.exists():
            stack.recover()
        progress.say("Destroying the stack `rehearsal`.")
        stack.destroy(on_event=_counted(progress, "Destroying", len(stack.types())))


def has_stack(places: Places) -> bool:
    """Whether there is a state of the stack."""
    return any((places.home / "state").rglob(f"{STACK}.json"))


def forget_a_torn_state(places: Places, progress: Progress) -> None:
    """Start over where a full disk cut off the engine's state, which it then refuses to
    read for good.

    Nothing is lost: the stand-ins keep nothing, and the local AWS is emptied with it.
    """
    files = [
        *(places.home / "state").rglob(f"{STACK}.json"),
        *(places.home / "state").rglob("meta.yaml"),
    ]
    if all(_is_whole(file) for file in files):
        return
    progress.say(
        "The last run was cut off while it wrote the stack's state: starting over."
    )
    for folder in ("state", "ministack", "project"):
        shutil.rmtree(places.home / folder, ignore_errors=True)
    places.unfinished.unlink(missing_ok=True)


def _is_whole(file: Path) -> bool:
    """Whether a file of the state was written to its end."""
    content = file.read_bytes()
    if file.suffix != ".json":
        return bool(content.strip())
    try:
        return isinstance(json.loads(content), dict)
    except ValueError:
        return False


def _counted(progress: Progress, verb: str, total: int) -> Callable[[Event], None]:
    """A listener of engine events that moves the progress bar."""
    done = 0

    def listen(event: Event) -> None:
        nonlocal done
        if "resOutputsEvent" in event:
            done += 1
            progress.advance(f"{verb} resources", done, total)

    return listen
