"""Signing with each cloud's key service, and files that are whole, as a platform team
meets them."""

import errno
import json
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_commands import run
from tests.credentials.kms import aws, azure, google
from tests.credentials.kms.standing_in import StandIn, listening
from tests.vocabulary.drafts import DRAFT
from trivium import durable
from trivium.credentials import kms
from trivium.vocabulary.envelope import Ed25519Signer, TrustedKeys

LOGINS = {
    "AWS_ACCESS_KEY_ID": "ASIASIGNER",
    "AWS_SECRET_ACCESS_KEY": aws.SECRET,
    "AWS_SESSION_TOKEN": aws.TOKEN,
    "GOOGLE_OAUTH_ACCESS_TOKEN": google.TOKEN,
    "AZURE_ACCESS_TOKEN": azure.TOKEN,
}


@pytest.fixture(
    params=[aws.AwsKms, google.GoogleKms, azure.KeyVault],
    ids=["aws", "google", "azure"],
)
def service(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StandIn]:
    """Each key service in turn, with a person logged in to all of them."""
    for name, value in {**LOGINS, "NO_PROXY": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    with listening(request.param) as service:
        monkeypatch.setattr(kms, "signer", partial(kms.signer, endpoint=service.url))
        yield service


@pytest.fixture
def draft(tmp_path: Path) -> str:
    (tmp_path / "draft.json").write_text(json.dumps(DRAFT))
    return str(tmp_path / "draft.json")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out" / "descriptor.json"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()


@pytest.fixture
def key(tmp_path: Path) -> str:
    assert run("deployment", "keygen", str(tmp_path / "key.pem")) == 0
    return str(tmp_path / "key.pem")


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_a_key_service_signed_is_verified_with_the_public_key_that_it_gives(
    service: StandIn,
    draft: str,
    out: Path,
    tmp_path: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """The three commands of the README, one after the other."""
    assert (
        run("deployment", "sign", draft, "--kms", service.name, "--out", str(out)) == 0
    )
    signed = capsysbinary.readouterr().out.decode()
    assert run("deployment", "public-key", "--kms", service.name) == 0
    shown = capsysbinary.readouterr()
    trusted = tmp_path / "signing.pub"
    trusted.write_bytes(shown.out)
    assert shown.out == service.public_pem
    assert TrustedKeys.from_pem(shown.out).keyids == (shown.err.decode().strip(),)
    assert f"signed by {shown.err.decode()[:16]}" in signed
    assert run("deployment", "show", str(out), "--trust", str(trusted)) == 0
    assert (
        b"signature, version, content and validity verified"
        in capsysbinary.readouterr().out
    )


def test_the_public_key_is_had_without_a_signature(service: StandIn) -> None:
    assert run("deployment", "public-key", "--kms", service.name) == 0
    assert len(service.asked) == 1


FAILURES: dict[str, tuple[Callable[[StandIn], Any], str]] = {
    "no permission": (
        lambda service: service.forbid(),
        "refused to give the public half",
    ),
    "a private key that was swapped": (
        lambda service: setattr(service, "spoil", swapped(service)),
        "does not hold",
    ),
}


def swapped(service: StandIn) -> Callable[[str, dict[str, Any]], None]:
    """Swaps the private key as soon as the public half is out."""

    def spoil(_: str, __: dict[str, Any]) -> None:
        service.swap()

    return spoil


@pytest.mark.parametrize("case", FAILURES)
def test_what_was_signed_before_is_kept_when_a_key_service_fails(
    service: StandIn,
    case: str,
    draft: str,
    out: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fail, words = FAILURES[case]
    out.write_text("signed yesterday")
    fail(service)
    assert (
        run("deployment", "sign", draft, "--kms", service.name, "--out", str(out)) == 1
    )
    assert words in capsys.readouterr().err
    assert out.read_text() == "signed yesterday"
    assert [entry.name for entry in out.parent.iterdir()] == ["descriptor.json"]


@pytest.mark.parametrize(
    "name", ["", "alias/signing", "projects/p/locations/l/keyRings/r/cryptoKeys/k"]
)
@pytest.mark.parametrize(
    "command", [("sign", "draft.json", "--out", "x.json"), ("public-key",)]
)
def test_what_names_no_key_is_refused(
    name: str,
    command: tuple[str, ...],
    draft: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("deployment", *command, "--kms", name) == 1
    assert "names no key of a cloud's key service" in capsys.readouterr().err
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize("command", ["sign", "public-key"])
@pytest.mark.parametrize("both", [True, False])
def test_one_key_is_needed_and_no_more(
    command: str,
    both: bool,
    draft: str,
    out: Path,
    key: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = (
        ("sign", draft, "--out", str(out)) if command == "sign" else ("public-key",)
    )
    keys = (
        ("--key", key, "--kms", "arn:aws:kms:us-east-1:111122223333:key/1")
        if both
        else ()
    )
    assert run("deployment", *arguments, *keys) == 2
    assert "either --key or --kms" in capsys.readouterr().err


def test_the_public_half_of_a_key_file_is_what_keygen_wrote(
    key: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    capsysbinary.readouterr()
    assert run("deployment", "public-key", "--key", key) == 0
    assert capsysbinary.readouterr().out == Path(f"{key}.pub").read_bytes()


def test_a_descriptor_can_be_read_by_the_application_and_its_key_by_nobody_else(
    draft: str, key: str, out: Path
) -> None:
    before = os.umask(0o022)
    try:
        assert run("deployment", "sign", draft, "--key", key, "--out", str(out)) == 0
        assert run("deployment", "keygen", str(out.with_name("key.pem"))) == 0
    finally:
        os.umask(before)
    assert permissions(out) == permissions(out.with_name("key.pem.pub")) == 0o644
    assert permissions(out.with_name("key.pem")) == 0o600


def full(*, after: int = 0) -> Callable[[int], None]:
    """A disk that is full when the file after so many syncs is forced to it; folders
    take no space."""
    synced: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            synced.append(descriptor)
            if len(synced) > after:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    return fsync


@pytest.mark.parametrize("old", [b"signed yesterday", None])
def test_a_full_disk_leaves_the_descriptor_that_was_there(
    old: bytes | None,
    draft: str,
    key: str,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if old:
        out.write_bytes(old)
    monkeypatch.setattr(durable.os, "fsync", full())
    assert run("deployment", "sign", draft, "--key", key, "--out", str(out)) == 1
    told = capsys.readouterr().err
    assert f"cannot be written to {out}: No space left on device." in told
    assert (
        "The file that was there is untouched." if old else "No file was made."
    ) in told
    assert {entry.name: entry.read_bytes() for entry in out.parent.iterdir()} == (
        {out.name: old} if old else {}
    )


def test_a_descriptor_that_may_not_outlive_a_power_cut_is_not_called_untouched(
    draft: str,
    key: str,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    out.write_bytes(b"signed yesterday")
    monkeypatch.setattr(durable, "sync_directory", fail)
    assert run("deployment", "sign", draft, "--key", key, "--out", str(out)) == 1
    assert (
        "The file is there, but may not outlive a power cut." in capsys.readouterr().err
    )
    assert out.read_bytes() != b"signed yesterday"


def test_a_place_that_is_none_is_named(
    draft: str, key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "no" / "descriptor.json"
    assert run("deployment", "sign", draft, "--key", key, "--out", str(nowhere)) == 1
    assert (
        f"{nowhere}: No such file or directory. No file was made."
        in capsys.readouterr().err
    )
    assert run("deployment", "keygen", str(nowhere)) == 1
    assert (
        f"The signing key {nowhere} cannot be made: No such file or directory."
        in capsys.readouterr().err
    )


def test_a_key_whose_public_half_found_no_space_can_be_completed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    path = tmp_path / "key.pem"
    with monkeypatch.context() as patch:
        patch.setattr(durable.os, "fsync", full(after=1))
        assert run("deployment", "keygen", str(path)) == 1
    assert (
        f"run `trivium deployment public-key --key {path} > {path}.pub`"
        in capsysbinary.readouterr().err.decode()
    )
    assert not path.with_name("key.pem.pub").exists()
    assert run("deployment", "public-key", "--key", str(path)) == 0
    assert (
        capsysbinary.readouterr().out
        == Ed25519Signer.from_pem(path.read_bytes()).public_pem
    )
