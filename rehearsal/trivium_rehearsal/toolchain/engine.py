"""The Pulumi engine: the one on PATH if it will do, else built from its Go module, once
for a user.

The official download needs the open internet; the Go module comes through whatever
module proxy the machine has. `engine/go.mod` and `engine/go.sum` pin every module to
its hash, so the sum database has nothing to add. Beside a built engine stand two
scripts of ours, the Python language host and the host of dynamic providers, because the
official ones are not in that module. Both find their Python in `TRIVIUM_PYTHON`, as one
built engine serves every clone.
"""

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trivium_rehearsal.processes import ProcessError, run
from trivium_rehearsal.toolchain.cache import ToolchainError, cache_folder, provide
from trivium_rehearsal.toolchain.go_program import ANSWER_S, GoProgram, build, key
from trivium_rehearsal.toolchain.progress import PlainProgress, Progress

VERSION = "3.259.0"
"""The version in engine/go.mod, which is what a build makes."""
OLDEST = (3, 250)
"""Older engines lack parts of the language and provider protocols that the rehearsal
speaks."""

_HERE = Path(__file__).parent
_SCRIPTS = (
    _HERE / "scripts" / "pulumi-language-python",
    _HERE / "scripts" / "pulumi-resource-pulumi-python",
)
ENGINE = GoProgram(
    what="the Pulumi engine",
    kind="engine",
    module=_HERE / "engine",
    package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    ldflags=(
        f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
    ),
    # Counted and measured with 3.259.0: 1.6 GB modules, 1.6 GB compiled packages,
    # 0.3 GB Go, linking.
    downloads=254,
    packages=1684,
    room_bytes=4_500_000_000,
    otherwise="install Pulumi from its publisher, so that it is on PATH",
)


@dataclass(frozen=True)
class Engine:
    """A Pulumi command line that the rehearsal can use."""

    pulumi: Path
    """The executable."""
    version: str
    """Without a leading v, for instance `3.259.0`."""
    origin: Literal["official", "built"]
    """Whether it was found on PATH with its own language host, or built here with
    ours."""
    path: tuple[Path, ...]
    """Folders to put at the head of PATH for it."""


def ensure_engine(progress: Progress | None = None) -> Engine:
    """The engine to rehearse with; building it, if need be, takes some five minutes on
    two cores.

    Raises `ToolchainError` when it can be neither found nor built.
    """
    said = progress or PlainProgress()
    found = _on_path(said)
    if found is not None:
        return found
    folder = provide(
        ENGINE.kind,
        key(ENGINE, VERSION, *_SCRIPTS),
        lambda place: _build(place, said),
        progress=said,
        room_bytes=ENGINE.room_bytes,
    )
    _make_executable(folder)
    return Engine(
        pulumi=folder / "pulumi", version=VERSION, origin="built", path=(folder,)
    )


def _make_executable(folder: Path) -> None:
    """Give the programs of a built engine the permission back that a copy of the cache
    may have lost."""
    for program in (folder / "pulumi", *(folder / script.name for script in _SCRIPTS)):
        if not os.access(program, os.X_OK):
            try:
                program.chmod(0o755)
            except OSError as error:
                raise ToolchainError(
                    f"{program} cannot be run: {error.strerror}.",
                    next_step=(
                        "Make it executable for you, or set XDG_CACHE_HOME to a folder"
                        " you can write."
                    ),
                ) from error


def _on_path(progress: Progress) -> Engine | None:
    """The engine on PATH; None, with the reason said, when it will not do."""
    found = shutil.which("pulumi")
    if found is None or Path(found).resolve().is_relative_to(
        cache_folder("engine").resolve()
    ):
        return None
    version = _version(Path(found))
    if version is None:
        progress.say(
            f"{found} does not tell its version; using an engine of our own instead"
        )
    elif tuple(map(int, version.split(".")[:2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        progress.say(
            f"{found} is Pulumi {version}, older than {oldest}; using {VERSION} of our"
            " own instead"
        )
    elif (host := _language_host(Path(found))) is None:
        progress.say(
            f"{found} comes without pulumi-language-python; using an engine of our own"
            " instead"
        )
    else:
        return Engine(
            Path(found),
            version,
            "official",
            tuple(dict.fromkeys((Path(found).parent, host.parent))),
        )
    return None


def _version(pulumi: Path) -> str | None:
    """What `pulumi version` says, without its leading v; None when it says nothing of
    the kind.

    It is asked with a home of its own, so that nothing of the user's is read or
    written.
    """
    with tempfile.TemporaryDirectory(prefix="trivium-") as home:
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": home,
            "PULUMI_HOME": home,
        }
        env["PULUMI_SKIP_UPDATE_CHECK"] = "true"
        try:
            answer = run(
                [pulumi, "version"],
                name="pulumi",
                env=env,
                keep_lines=20,
                timeout_s=ANSWER_S,
            )
        except (OSError, ProcessError):
            return None
    versions = (
        re.fullmatch(r"v?(\d+\.\d+\.\d+\S*)", line.strip()) for line in answer.lines
    )
    return (
        next((match[1] for match in versions if match), None)
        if answer.code == 0
        else None
    )


def _language_host(pulumi: Path) -> Path | None:
    """The engine's own Python language host: beside it (through links), else on
    PATH."""
    beside = pulumi.resolve().with_name("pulumi-language-python")
    elsewhere = shutil.which("pulumi-language-python")
    return (
        beside if os.access(beside, os.X_OK) else Path(elsewhere) if elsewhere else None
    )


def _build(place: Path, progress: Progress) -> tuple[str, ...]:
    """Build the engine into `place`, which also holds everything that building needs
    until it is done."""
    progress.say(
        f"building the Pulumi engine {VERSION} from source: once, about 5 minutes on"
        " two cores, 4 GB of disk"
    )
    build(ENGINE, place / "pulumi", progress)
    for script in _SCRIPTS:
        shutil.copy(script, place / script.name)
        (place / script.name).chmod(0o755)
    made = _version(place / "pulumi")
    if made != VERSION:
        raise ToolchainError(
            f"The engine was built, but `pulumi version` says {made or 'nothing'}"
            f" instead of {VERSION}.",
            next_step=(
                "Install Pulumi from its publisher, so that it is on PATH, then run it"
                " again."
            ),
        )
    progress.say(f"the Pulumi engine {VERSION} is ready")
    return ("pulumi", *(script.name for script in _SCRIPTS))
