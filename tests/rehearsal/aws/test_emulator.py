"""The AWS emulator's process: where it listens, what it inherits, how it stops and what
a violent end costs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trivium_rehearsal.aws import executors
from trivium_rehearsal.ministack import MiniStack
from trivium_rehearsal.processes import ProcessError
from trivium_rehearsal.toolchain.ministack import ensure_ministack

HOSTILE = {
    "AWS_ACCESS_KEY_ID": "AKIAUSERSOWNKEY",
    "AWS_SECRET_ACCESS_KEY": "users-own-secret",
    "AWS_SESSION_TOKEN": "users-own-token",
    "AWS_PROFILE": "there-is-no-such-profile",
    "AWS_REGION": "mars-north-1",
    "AWS_DEFAULT_REGION": "mars-north-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_CA_BUNDLE": "/there/is/no/such/file",
    "AWS_CONFIG_FILE": "/there/is/no/such/file",
    "AWS_DEFAULTS_MODE": "no-such-mode",
    "AWS_MAX_ATTEMPTS": "none",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "BIND_HOST": "0.0.0.0",
    "GATEWAY_PORT": "4566",
    "MINISTACK_ACCOUNT_ID": "999999999999",
    "MINISTACK_REGION": "mars-north-1",
    "PERSIST_STATE": "0",
    "DOCKER_HOST": "tcp://127.0.0.1:9",
}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_listens_on_127_0_0_1_alone_and_nothing_of_the_users_environment_reaches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    with MiniStack(tmp_path, ensure_ministack(), tmp_path / "log") as emulator:
        made = executors(emulator.url)["aws:sns/topic:Topic"].create({"name": "t"})
        assert emulator.listening() == [f"127.0.0.1:{emulator.port}"]
        pid = emulator.pid
    assert made.id == "arn:aws:sns:us-east-1:000000000000:t"
    assert not alive(pid)
    written = {
        path.relative_to(tmp_path).parts[0]
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert written <= {"state", "objects", "tmp", "home", "log", "lock"}
    assert "users-own" not in (tmp_path / "log").read_text()


def test_a_graceful_stop_keeps_everything(tmp_path: Path) -> None:
    folder, python, log = tmp_path / "emulator", ensure_ministack(), tmp_path / "log"
    with MiniStack(folder, python, log) as emulator:
        types = executors(emulator.url)
        made = {
            "aws:s3/bucket:Bucket": (
                types["aws:s3/bucket:Bucket"].create(
                    {"bucket": "bbb", "objectLockEnabled": True}
                )
            ),
            "aws:kms/key:Key": (
                types["aws:kms/key:Key"].create({"enableKeyRotation": True})
            ),
            "aws:ec2/vpc:Vpc": (
                types["aws:ec2/vpc:Vpc"].create({"cidrBlock": "10.0.0.0/16"})
            ),
            "aws:cloudwatch/logGroup:LogGroup": (
                types["aws:cloudwatch/logGroup:LogGroup"].create({"name": "/l"})
            ),
            "aws:bedrock/inferenceProfile:InferenceProfile": (
                types["aws:bedrock/inferenceProfile:InferenceProfile"].create(
                    {
                        "name": "p",
                        "modelSource": {
                            "copyFrom": "arn:aws:bedrock:us-east-1::foundation-model/m"
                        },
                    }
                )
            ),
        }
    with MiniStack(folder, python, log) as again:
        assert not again.lost_state
        types = executors(again.url)
        for token, created in made.items():
            assert types[token].read(created.id, created.outputs) == created.outputs


def test_after_kill_9_it_begins_empty_and_says_so(tmp_path: Path) -> None:
    folder, python, log = tmp_path / "emulator", ensure_ministack(), tmp_path / "log"
    with MiniStack(folder, python, log) as emulator:
        made = executors(emulator.url)["aws:s3/bucket:Bucket"].create({"bucket": "bbb"})
        os.kill(emulator.pid, signal.SIGKILL)
    with MiniStack(folder, python, log) as again:
        assert again.lost_state
        buckets = executors(again.url)["aws:s3/bucket:Bucket"]
        assert buckets.read(made.id, made.outputs) is None
        buckets.delete(made.id, made.outputs)
        assert buckets.create({"bucket": "bbb"}).id == "bbb"
    with MiniStack(folder, python, log) as third:
        assert not third.lost_state
        assert executors(third.url)["aws:s3/bucket:Bucket"].read("bbb", {}) is not None


def test_a_damaged_state_file_is_noticed(tmp_path: Path) -> None:
    folder, python, log = tmp_path / "emulator", ensure_ministack(), tmp_path / "log"
    with MiniStack(folder, python, log) as emulator:
        executors(emulator.url)["aws:cloudwatch/logGroup:LogGroup"].create(
            {"name": "/l"}
        )
    (folder / "state" / "cloudwatch_logs.json").write_text("{torn")
    with MiniStack(folder, python, log) as again:
        assert again.lost_state


def test_a_state_that_could_not_be_saved_is_not_trusted(tmp_path: Path) -> None:
    folder, python, log = tmp_path / "emulator", ensure_ministack(), tmp_path / "log"
    with MiniStack(folder, python, log) as emulator:
        executors(emulator.url)["aws:cloudwatch/logGroup:LogGroup"].create(
            {"name": "/l"}
        )
        (
            folder / "state" / "cloudwatch_logs.json"
        ).mkdir()  # as bad as a full disk: nothing can be written there
    with MiniStack(folder, python, log) as again:
        assert again.lost_state


def test_two_in_one_folder_are_refused(tmp_path: Path) -> None:
    with (
        MiniStack(tmp_path, ensure_ministack(), tmp_path / "log") as first,
        pytest.raises(ProcessError, match="Another AWS emulator already runs in"),
        MiniStack(tmp_path, ensure_ministack(), tmp_path / "log"),
    ):
        pass
    assert not first.lost_state


def test_a_start_that_fails_quotes_the_log(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho No module named ministack >&2\nexit 3\n")
    broken.chmod(0o755)
    with (
        pytest.raises(
            ProcessError,
            match=(
                r"(?s)The AWS emulator ended with exit code 3.*No module named"
                r" ministack"
            ),
        ),
        MiniStack(tmp_path / "emulator", broken, tmp_path / "log"),
    ):
        pass
    with MiniStack(
        tmp_path / "emulator", ensure_ministack(), tmp_path / "log"
    ) as mended:
        assert not mended.lost_state


def test_it_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from trivium_rehearsal.ministack"
        " import MiniStack\nwith MiniStack(Path(sys.argv[1]), Path(sys.argv[2]),"
        " Path(sys.argv[1]) / 'log') as it:\n    print(it.port, flush=True);"
        " time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), str(ensure_ministack())],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        assert listens(port)
    finally:
        parent.kill()
        parent.wait()
        parent.stdout and parent.stdout.close()
    assert gone(port)


def listens(port: int) -> bool:
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(
        row.split()[1] == f"0100007F:{port:04X}" and row.split()[3] == "0A"
        for row in rows
    )


def gone(port: int) -> bool:
    """Whether nothing listens any more, looking for at most ten seconds."""
    import time

    for _ in range(200):
        if not listens(port):
            return True
        time.sleep(0.05)
    return False
