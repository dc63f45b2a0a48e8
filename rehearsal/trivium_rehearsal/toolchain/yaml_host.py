"""The host of programs in YAML, built when the first of them is run.

An official engine brings its own. For one that was built here it is built from its own
Go module, as a plugin, because that module does not compile with the engine's version
of their shared packages.
"""

from pathlib import Path

from trivium_rehearsal.toolchain.cache import provide
from trivium_rehearsal.toolchain.engine import Engine
from trivium_rehearsal.toolchain.go_program import GoProgram, build, key
from trivium_rehearsal.toolchain.progress import Progress

VERSION = "1.32.0"
"""The version in yaml_host/go.mod, which is what a build makes."""
YAML_HOST = GoProgram(
    what="the YAML language host",
    kind="yaml-host",
    module=Path(__file__).parent / "yaml_host",
    package="github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    ldflags="-s -w",
    # Counted and measured with 1.32.0: 1.7 GB modules, 0.6 GB compiled packages, 0.3 GB
    # Go.
    downloads=130,
    packages=762,
    room_bytes=3_000_000_000,
    otherwise="install Pulumi from its publisher: it brings a host for YAML",
)
_NAME = "pulumi-language-yaml"


def add_yaml_host(engine: Engine, home: Path, progress: Progress) -> None:
    """Give the engine whose `PULUMI_HOME` is `home` a host for YAML, unless it has one.

    Raises `ToolchainError` when it cannot be built.
    """
    if engine.origin == "official":
        return
    folder = ensure_yaml_host(progress)
    plugin = home / "plugins" / f"language-yaml-v{VERSION}"
    plugin.mkdir(parents=True, exist_ok=True)
    program = plugin / _NAME
    if not program.is_symlink():
        program.symlink_to(folder / _NAME)


def ensure_yaml_host(progress: Progress) -> Path:
    """The folder of the host; building it, if need be, takes some two minutes on two
    cores. Raises `ToolchainError` when that fails."""
    return provide(
        YAML_HOST.kind,
        key(YAML_HOST, VERSION),
        lambda place: _build(place, progress),
        progress=progress,
        room_bytes=YAML_HOST.room_bytes,
    )


def _build(place: Path, progress: Progress) -> tuple[str, ...]:
    """Build it into `place`; returns the files that must be there."""
    progress.say(
        f"building {YAML_HOST.what} {VERSION} from source: once, about 2 minutes on two"
        " cores, 3 GB of disk"
    )
    build(YAML_HOST, place / _NAME, progress)
    progress.say(f"{YAML_HOST.what} {VERSION} is ready")
    return (_NAME,)
