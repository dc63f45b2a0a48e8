"""`make down`: destroy the rehearsal and remove what it keeps."""

import shutil
from pathlib import Path

from trivium_rehearsal import processes
from trivium_rehearsal.deploying import destroy, forget_a_torn_state, has_stack
from trivium_rehearsal.places import Places, alone
from trivium_rehearsal.toolchain.progress import Progress


def down(root: Path, progress: Progress) -> None:
    """Destroy the stack and remove everything that the rehearsal keeps. Does nothing
    where nothing was set up."""
    places = Places(root)
    if not places.home.exists():
        progress.say("Nothing to take down.")
        return
    with alone(places), processes.ended_like_ctrl_c():
        try:
            forget_a_torn_state(places, progress)
            if has_stack(places):
                destroy(root, places, progress)
        finally:
            _remove(places.home)
    progress.say(
        "Removed .trivium. Kept: .venv (`make clean` removes it), and the engine in the"
        " user's cache."
    )


def _remove(home: Path) -> None:
    """Remove the folder. One that is a mounted disk or a container's volume can only be
    emptied."""
    try:
        shutil.rmtree(home)
    except OSError:
        if home.exists() and any(home.iterdir()):
            raise
