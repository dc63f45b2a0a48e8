"""What is said, and what is begun anew, when a disk is full or was."""

import errno
import os
from pathlib import Path

import pytest

from trivium_rehearsal import __main__ as command
from trivium_rehearsal import down, trivium_command
from trivium_rehearsal import places as places_module
from trivium_rehearsal.deploying import forget_a_torn_state
from trivium_rehearsal.places import Places
from trivium_rehearsal.processes import ProcessError
from trivium_rehearsal.stack import StackError
from trivium_rehearsal.toolchain import installers, room
from trivium_rehearsal.toolchain.progress import PlainProgress


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder on a full disk; every other disk has room."""
    monkeypatch.setattr(
        room, "free_bytes", lambda folder: 0 if folder == tmp_path else 10**12
    )
    for module in (installers, command, places_module):
        monkeypatch.setattr(module, "free_bytes", room.free_bytes)
    return tmp_path


def test_the_space_of_a_folder_that_is_not_made_yet_is_its_disks(
    tmp_path: Path,
) -> None:
    assert room.free_bytes(tmp_path / "not" / "made") == pytest.approx(
        room.free_bytes(tmp_path), rel=0.1
    )
    assert room.free_bytes(tmp_path) > 0


def test_the_fullest_of_several_disks_is_named_with_what_it_lacks(full: Path) -> None:
    assert room.fullest(Path("/"), full) == full
    assert (
        room.demand(full, 3_000_000_000)
        == f"The disk that holds {full} has 0 MB free. Free 3.0 GB there,"
    )


SAID = {
    "that says so": "error: No space left on device (os error 28)",
    "that does not": "Fatal Python error",
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_an_installer_on_a_full_disk_asks_for_room_on_that_disk(
    said: str, full: Path
) -> None:
    assert installers.remedy(said, Path("/"), full).startswith(
        f"The disk that holds {full} has 0 MB free."
    )


def test_whatever_fails_on_a_full_disk_the_one_instruction_is_to_make_room(
    full: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise StackError("The engine failed.", next_step="Look at its log.")

    monkeypatch.setattr(command, "_run", fail)
    monkeypatch.setattr(command, "rehearsal_folders", lambda _: (Path("/"), full))
    assert command.main(["down"]) == 1
    said = capsys.readouterr().err
    assert (
        f"The disk that holds {full} has 0 MB free. Free 100 MB there, then run `make"
        " down` again." in said
    )
    assert "Look at its log." not in said


STATE = "stacks/a/rehearsal.json"
TORN = {
    "an empty state": (STATE, b""),
    "half a state": (STATE, b'{"version": 3,'),
    "an empty description": ("meta.yaml", b" \n"),
}


@pytest.mark.parametrize(("name", "content"), TORN.values(), ids=TORN)
def test_a_state_that_was_cut_off_is_forgotten_with_all_that_depends_on_it(
    name: str, content: bytes, tmp_path: Path
) -> None:
    places = Places(tmp_path)
    torn, audit = places.home / "state" / name, places.audit / "log.json"
    for file, text in (
        (torn, content),
        (audit, b"{}"),
        (places.home / "ministack" / "s", b""),
        (places.unfinished, b""),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    forget_a_torn_state(places, PlainProgress())
    assert not (places.home / "state").exists()
    assert not (places.home / "ministack").exists()
    assert not places.unfinished.exists()
    assert audit.exists()


def test_a_whole_state_is_kept(tmp_path: Path) -> None:
    places = Places(tmp_path)
    state = places.home / "state" / "stacks" / "rehearsal.json"
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    forget_a_torn_state(places, PlainProgress())
    assert state.exists()


# What a killed run left


def test_records_that_a_killed_run_left_unsealed_are_not_counted_as_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = Places(tmp_path)
    places.audit.mkdir(parents=True)
    places.audit_key.parent.mkdir()
    places.audit_key.touch()
    places.audit_key.with_name("audit.pem.pub").touch()
    kinds = {"opened": 3, "attempt": 23, "stated": 4}
    monkeypatch.setattr(trivium_command, "verified", lambda *_: {"kinds": kinds})
    assert trivium_command.recorded(places, {}) == 26


def test_without_a_key_nothing_can_have_been_recorded(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.audit.mkdir(parents=True)
    assert trivium_command.recorded(places, {}) == 0


def test_a_public_half_that_was_never_written_is_made_from_the_key(
    tmp_path: Path,
) -> None:
    key, env = tmp_path / "key.pem", dict(os.environ)
    trivium_command.trivium("deployment", "keygen", str(key), env=env)
    public = tmp_path / "key.pem.pub"
    content = public.read_bytes()
    public.unlink()
    trivium_command.show_public(key, env)
    assert public.read_bytes() == content


def test_a_folder_that_cannot_go_is_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stay(folder: Path) -> None:
        (folder / "kept").unlink(missing_ok=True)
        raise OSError(errno.EBUSY, "Device or resource busy", str(folder))

    (tmp_path / "kept").touch()
    monkeypatch.setattr("trivium_rehearsal.down.shutil.rmtree", stay)
    down._remove(tmp_path)
    (tmp_path / "stubborn").touch()
    with pytest.raises(OSError, match="busy"):
        down._remove(tmp_path)


# An environment that has lost something


LOST = "    ModuleNotFoundError: No module named 'grpc'"


@pytest.mark.parametrize(
    ("error", "anew"),
    [
        pytest.param(
            ModuleNotFoundError("No module named 'grpc'", name="grpc"),
            True,
            id="our own import",
        ),
        pytest.param(
            ProcessError(f"The stand-ins ended.\n{LOST}"), True, id="a child's import"
        ),
        pytest.param(
            ProcessError(f"The AWS emulator ended.\n{LOST}"),
            False,
            id="another environment's",
        ),
    ],
)
def test_a_lost_module_has_the_environment_made_anew(
    error: Exception,
    anew: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> int:
        raise error

    ready, making = (
        tmp_path / ".venv" / "trivium.ready",
        tmp_path / ".venv" / "trivium.making",
    )
    ready.parent.mkdir()
    ready.touch()
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "_run", fail)
    assert command.main(["down"]) == 1
    assert (ready.exists(), making.exists()) == (not anew, anew)
    assert (
        "has lost the module `grpc`. Run `make down` again" in capsys.readouterr().err
    ) == anew
