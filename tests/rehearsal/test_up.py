"""The main job, as `make up` and `make down` run it: killed, run again, in a hostile
environment, and taken down."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tree import ROOT, copied

pytestmark = pytest.mark.engine

HOSTILE = {
    "AWS_ACCESS_KEY_ID": "hostile",
    "AWS_SECRET_ACCESS_KEY": "hostile",
    "AWS_PROFILE": "hostile",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_CONFIG_FILE": "/dev/null",
    "GOOGLE_APPLICATION_CREDENTIALS": "/dev/null",
    "GOOGLE_OAUTH_ACCESS_TOKEN": "hostile",
    "GOOGLE_CLOUD_PROJECT": "hostile",
    "AZURE_CLIENT_ID": "hostile",
    "AZURE_ACCESS_TOKEN": "hostile",
    "ARM_SUBSCRIPTION_ID": "hostile",
    "PULUMI_BACKEND_URL": "https://127.0.0.1:1",
    "PULUMI_HOME": "/dev/null",
    "PULUMI_CONFIG_PASSPHRASE": "hostile",
    "TRIVIUM_DEPLOYMENT": "/dev/null",
    "TRIVIUM_AUDIT_DIR": "/dev/null",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "ALL_PROXY": "http://127.0.0.1:1",
}
"""Whatever of this reached the engine, a stand-in or the application would make the
rehearsal fail."""


class Checkout:
    """A copy of the repository, with a user's home beside it."""

    def __init__(self, folder: Path) -> None:
        self.root = copied(folder / "checkout")
        (self.root / ".venv").symlink_to(ROOT / ".venv")
        self.home = folder / "home"
        for name in (
            ".aws/credentials",
            ".pulumi/credentials.json",
            ".azure/azureProfile.json",
        ):
            (self.home / name).parent.mkdir(parents=True)
            (self.home / name).write_text("the user's own")
        rooms = ("src", "components", "policies", "rehearsal")
        cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        kept = {
            name: os.environ[name]
            for name in ("PATH", "LANG", "TMPDIR")
            if name in os.environ
        }
        self.env = {
            **kept,
            **HOSTILE,
            "HOME": str(self.home),
            "XDG_CACHE_HOME": cache,  # where the engine is, built before the tests
            "PYTHONPATH": os.pathsep.join(str(self.root / room) for room in rooms),
        }

    def start(self, command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "trivium_rehearsal", command],
            cwd=self.root,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> str:
        process = self.start(command)
        output, _ = process.communicate(timeout=600)
        assert process.returncode == 0, output
        return output

    def processes(self) -> list[str]:
        """Processes whose command line names this copy."""
        found = []
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                text = line.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(self.root) in text and f"/{os.getpid()}/" not in str(line):
                found.append(text)
        return found


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    if sys.platform != "linux":
        pytest.skip("processes are looked for in /proc")
    folder = tmp_path_factory.mktemp("up")
    yield Checkout(folder)
    shutil.rmtree(folder, ignore_errors=True)


def gone(checkout: Checkout) -> list[str]:
    """What still runs, after the guardians have had their moment."""
    deadline = time.monotonic() + 20
    while checkout.processes() and time.monotonic() < deadline:
        time.sleep(0.1)
    return checkout.processes()


def test_a_run_killed_while_it_deploys_leaves_no_process(checkout: Checkout) -> None:
    process = checkout.start("up")
    assert process.stdout is not None
    for line in process.stdout:
        if "Deploying" in line:
            break
    time.sleep(4)  # into the deployment, not to its end
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert gone(checkout) == []


def test_the_next_run_mends_it_and_every_claim_holds(checkout: Checkout) -> None:
    output = checkout.run("up")
    summary = json.loads((checkout.root / ".trivium" / "summary.json").read_text())
    assert [
        claim["sentence"] for claim in summary["claims"] if not claim["holds"]
    ] == []
    assert len(summary["answers"]) == 9
    assert summary["resources"]["aws"]["executed"]["aws:s3/bucket:Bucket"] >= 1
    assert "✗" not in output
    assert gone(checkout) == []


def test_nothing_of_the_user_was_read_into_it_or_changed(checkout: Checkout) -> None:
    kept = [path for path in (checkout.root / ".trivium").rglob("*") if path.is_file()]
    assert [path for path in kept if b"hostile" in path.read_bytes()] == []
    files = sorted(
        str(path.relative_to(checkout.home))
        for path in checkout.home.rglob("*")
        if path.is_file()
    )
    assert files == [
        ".aws/credentials",
        ".azure/azureProfile.json",
        ".pulumi/credentials.json",
    ]
    changed = [
        name
        for name in ("stacks", "Pulumi.yaml")
        if differs(checkout.root / name, ROOT / name)
    ]
    assert changed == []


def test_no_prompt_reply_or_secret_is_in_a_log(checkout: Checkout) -> None:
    summary = json.loads((checkout.root / ".trivium" / "summary.json").read_text())
    words = {
        "the secret": b"AKIAIOSFODNN7EXAMPLE",
        "the question": b"private network endpoint",
    }
    # A word or two may stand anywhere; a whole sentence may not.
    answers = [answer["text"].encode() for answer in summary["answers"]]
    words |= {
        f"answer {number}": text
        for number, text in enumerate(answers)
        if len(text) > 30
    }
    places = [checkout.root / ".trivium" / name for name in ("logs", "audit")]
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    found = [
        (path.name, what)
        for path in files
        for what, word in words.items()
        if word in path.read_bytes()
    ]
    assert found == []


def test_taking_it_down_leaves_nothing(checkout: Checkout) -> None:
    checkout.run("down")
    assert not (checkout.root / ".trivium").exists()
    assert gone(checkout) == []


def differs(one: Path, other: Path) -> bool:
    if one.is_file():
        return one.read_bytes() != other.read_bytes()
    mine = {path.name: path.read_bytes() for path in one.glob("*.*") if path.is_file()}
    return any((other / name).read_bytes() != content for name, content in mine.items())
