"""The command line, as its users call it."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.audit.test_audit_log import SIGNER as AUDIT_SIGNER
from tests.audit.test_audit_log import write
from tests.vocabulary.drafts import DRAFT, draft
from trivium.cli import main
from trivium.client.loading import audit_directory
from trivium.vocabulary.envelope import Ed25519Signer


def run(*arguments: str) -> int:
    """The exit status of one command."""
    try:
        main(list(arguments))
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "deployment.pem"
    assert run("deployment", "keygen", str(path)) == 0
    return path


@pytest.fixture
def signed(tmp_path: Path, key: Path) -> Path:
    (tmp_path / "draft.json").write_text(json.dumps(DRAFT))
    out = tmp_path / "descriptor.json"
    assert (
        run(
            "deployment",
            "sign",
            str(tmp_path / "draft.json"),
            "--key",
            str(key),
            "--out",
            str(out),
        )
        == 0
    )
    return out


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("ask", "audit", "deployment", "doctor"))


def test_a_signed_descriptor_is_shown_as_verified(
    signed: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("deployment", "show", str(signed), "--trust", f"{key}.pub") == 0
    shown = capsys.readouterr().out
    assert "signature, version, content and validity verified" in shown
    assert "us.anthropic.claude-sonnet-5-5 → us-east-1, us-east-2" in shown


def test_json_stays_json(
    signed: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert (
        run("deployment", "show", str(signed), "--trust", f"{key}.pub", "--json") == 0
    )
    assert json.loads(capsys.readouterr().out)["name"] == "claims"


def test_signing_fixes_the_constitution(
    signed: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    run("deployment", "show", str(signed), "--trust", f"{key}.pub", "--json")
    constitution = json.loads(capsys.readouterr().out)["constitution"]
    assert constitution["digest"].startswith("sha256:")
    assert constitution["layers"][0]["digest"].startswith("sha256:")


def test_without_a_trusted_key_a_descriptor_is_shown_and_refused(
    signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("deployment", "show", str(signed)) == 1
    captured = capsys.readouterr()
    assert "claims (prod)" in captured.out
    assert "REFUSED" in captured.err


def test_a_strangers_key_refuses_it(
    signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stranger.pub").write_bytes(Ed25519Signer.generate().public_pem)
    assert (
        run(
            "deployment", "show", str(signed), "--trust", str(tmp_path / "stranger.pub")
        )
        == 1
    )
    assert "no valid signature by a trusted key" in capsys.readouterr().err


def test_a_signing_key_is_private_and_never_replaced(
    key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    assert run("deployment", "keygen", str(key)) == 1
    assert key.read_bytes() == before
    assert "never replaced" in capsys.readouterr().err


LAYER = """
layer: application
authority: application
title: A provision that does not do what its test says
provisions:
  - id: no-keys
    title: No keys
    text: A request with a private key is stopped.
    rationale: A test needs a provision that fails its own.
    severity: high
    action: BLOCK
    stages: [request]
    detectors: [{detector}]
    tests: {{must_match: ["nothing of the kind"], must_pass: ["hello"]}}
"""
REFUSED_LAYERS = {
    "a provision that fails its own test": ("private-key", "must_match[0]"),
    "a detector that nobody has": ("no-such-detector", "no-such-detector"),
}


@pytest.mark.parametrize("case", REFUSED_LAYERS)
def test_a_constitution_that_does_not_hold_is_not_signed(
    case: str, tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    detector, words = REFUSED_LAYERS[case]
    (tmp_path / "layer.yaml").write_text(LAYER.format(detector=detector))
    layers = {"layers": [{"source": "pack:baseline"}, {"source": "path:layer.yaml"}]}
    (tmp_path / "draft.json").write_text(json.dumps(draft(constitution=layers)))
    out = tmp_path / "descriptor.json"
    assert (
        run(
            "deployment",
            "sign",
            str(tmp_path / "draft.json"),
            "--key",
            str(key),
            "--out",
            str(out),
        )
        == 1
    )
    assert words in capsys.readouterr().err
    assert not out.exists()


REFUSED_SIGNING = {
    "a contradiction": (json.dumps(draft(zone="eu")), "outside zone `eu`"),
    "an unknown pack": (
        json.dumps(
            draft(**{"constitution": {"layers": [{"source": "pack:nobody-has-this"}]}})
        ),
        "nobody-has-this",
    ),
    "no JSON": ("{", "is not JSON"),
}


@pytest.mark.parametrize("case", REFUSED_SIGNING)
def test_what_cannot_be_used_is_not_signed(
    case: str, tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, words = REFUSED_SIGNING[case]
    (tmp_path / "draft.json").write_text(text)
    out = tmp_path / "descriptor.json"
    assert (
        run(
            "deployment",
            "sign",
            str(tmp_path / "draft.json"),
            "--key",
            str(key),
            "--out",
            str(out),
        )
        == 1
    )
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_a_key_that_is_none_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "draft.json").write_text(json.dumps(DRAFT))
    (tmp_path / "key.pem").write_text("nonsense")
    arguments = (
        "--key",
        str(tmp_path / "key.pem"),
        "--out",
        str(tmp_path / "out.json"),
    )
    assert run("deployment", "sign", str(tmp_path / "draft.json"), *arguments) == 1
    assert "PKCS#8" in capsys.readouterr().err


@pytest.fixture
def log(tmp_path: Path) -> tuple[Path, str]:
    (tmp_path / "audit.pub").write_bytes(AUDIT_SIGNER.public_pem)
    return write(tmp_path / "log"), str(tmp_path / "audit.pub")


def test_an_intact_log_is_said_to_be(
    log: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    directory, public = log
    assert run("audit", "verify", str(directory), "--key", public) == 0
    shown = capsys.readouterr().out
    assert "intact" in shown
    assert "4 records sealed in 2 segments" in shown
    assert "not verifiable here" in shown


def test_a_removed_segment_fails_the_command(
    log: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    directory, public = log
    shutil.rmtree(directory / "00")
    assert run("audit", "verify", str(directory), "--key", public, "--json") == 1
    assert json.loads(capsys.readouterr().out)["intact"] is False


@pytest.mark.parametrize("option", ["--key", "--checkpoint"])
def test_a_file_that_is_a_fifo_is_refused_and_never_waited_for(
    log: tuple[Path, str],
    tmp_path: Path,
    option: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    directory, public = log
    os.mkfifo(tmp_path / "fifo")
    arguments = ("--key", public, option, str(tmp_path / "fifo"))
    assert run("audit", "verify", str(directory), *arguments) == 1
    assert "fifo cannot be read: it is not a regular file" in capsys.readouterr().err


def test_a_log_is_compared_with_an_earlier_checkpoint(
    log: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory, public = log
    earlier = shutil.copy(directory / "checkpoint.json", tmp_path / "yesterday.json")
    write(directory, segments=1)
    assert (
        run(
            "audit",
            "verify",
            str(directory),
            "--key",
            public,
            "--checkpoint",
            str(earlier),
        )
        == 0
    )
    assert "not verifiable here" not in capsys.readouterr().out


def test_the_doctor_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TRIVIUM_DEPLOYMENT", raising=False)
    assert run("doctor") == 1
    assert "Set TRIVIUM_DEPLOYMENT" in capsys.readouterr().out


def test_the_doctor_is_content_with_a_good_deployment(
    signed: Path,
    key: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TRIVIUM_AUDIT_DIR", str(tmp_path / "audit"))
    capsys.readouterr()
    assert (
        run("doctor", "--deployment", str(signed), "--trust", f"{key}.pub", "--json")
        == 0
    )
    checks = {
        check["subject"]: check["verdict"]
        for check in json.loads(capsys.readouterr().out)
    }
    assert checks["Deployment"] == checks["Constitution"] == checks["Audit log"] == "ok"


def test_the_doctor_takes_what_the_client_takes(
    signed: Path,
    key: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The descriptor as a URL, and the key itself."""
    monkeypatch.setenv("TRIVIUM_DEPLOYMENT", signed.resolve().as_uri())
    monkeypatch.setenv("TRIVIUM_TRUSTED_KEYS", Path(f"{key}.pub").read_text())
    monkeypatch.delenv("TRIVIUM_AUDIT_DIR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert run("doctor") == 0
    told = capsys.readouterr().out
    assert "signature verified" in told
    assert str(audit_directory(None, DRAFT["name"])) in told


def test_the_doctor_tells_a_wrong_key_from_a_wrong_descriptor(
    signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(
            "doctor", "--deployment", str(signed), "--trust", str(tmp_path / "none.pem")
        )
        == 1
    )
    assert "fail  Trusted keys" in capsys.readouterr().out


def test_the_doctor_connects_as_the_client_does_and_names_the_cause(
    signed: Path,
    key: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Through the environment's proxy, at which nobody listens."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    named = ("--deployment", str(signed), "--trust", f"{key}.pub")
    assert run("doctor", *named, "--connect") == 1
    told = capsys.readouterr().out
    assert "could not be reached through the proxy (proxy)" in told
    assert "Check HTTPS_PROXY and NO_PROXY" in told


def test_wrong_usage_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("audit", "verify") == 2
    assert "Missing argument" in capsys.readouterr().err
