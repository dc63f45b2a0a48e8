"""The endpoints as a process: the ready line, an orderly end, and errors at the
start."""

import contextlib
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.endpoints import calls
from trivium_rehearsal.endpoints import (
    Configuration,
    Endpoints,
    EndpointsConfigurationError,
    EndpointsError,
    Ports,
    encode_configuration,
    parse_configuration,
)

COMMAND = [sys.executable, "-m", "trivium_rehearsal.endpoints", "--config"]


@contextlib.contextmanager
def _process(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*COMMAND, *arguments], stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "endpoints.json"
    path.write_bytes(encode_configuration(calls.configuration()))
    return path


def _ready(process: subprocess.Popen[bytes]) -> dict[str, str | None]:
    assert process.stdout is not None
    line = process.stdout.readline()
    return dict(json.loads(line))


def test_it_reads_standard_input_says_where_it_listens_and_ends_on_sigterm() -> None:
    with _process("-") as process:
        assert process.stdin is not None
        process.stdin.write(encode_configuration(calls.configuration(grpc=True)))
        process.stdin.close()
        addresses = _ready(process)
        assert list(addresses) == [
            "bedrock",
            "vertex",
            "vertex_grpc",
            "foundry",
            "control",
        ]
        ports = [int(str(address).rpartition(":")[2]) for address in addresses.values()]
        assert all(20_000 <= port < 30_000 for port in ports)
        assert calls.send(str(addresses["bedrock"]), calls.converse()).status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_it_ends_when_the_process_that_started_it_is_gone(config_file: Path) -> None:
    with _process(str(config_file), "--until-stdin-closes") as process:
        assert _ready(process)["vertex_grpc"] is None
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=20) == 0


def test_it_ends_in_order_while_a_request_hangs(config_file: Path) -> None:
    with _process(str(config_file)) as process:
        addresses = _ready(process)
        fault = calls.Draft(
            "/faults", {"kind": "hang", "cloud": "foundry", "after_events": 1}, {}
        )
        assert calls.send(str(addresses["control"]), fault).status == 204
        with calls.connected(
            str(addresses["foundry"]), calls.foundry(stream=True), timeout_s=20
        ) as sock:
            assert sock.recv(100).startswith(b"HTTP/1.1 200")
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0


def test_a_wrong_configuration_is_one_sentence_and_shows_no_secret(
    tmp_path: Path,
) -> None:
    document = json.loads(encode_configuration(calls.configuration()))
    document["bedrock"]["identities"][0]["expires"] = "tomorrow"
    path = tmp_path / "endpoints.json"
    path.write_text(json.dumps(document))
    done = subprocess.run(
        [*COMMAND, str(path)], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "unknown field `expires` - at `$.bedrock.identities[0]`" in done.stderr
    assert calls.SECRET_KEY not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_named_and_nothing_stays_open(endpoints: Endpoints) -> None:
    taken = int(endpoints.addresses["bedrock"].rpartition(":")[2])
    plain = calls.configuration()
    configuration = msgspec.structs.replace(plain, ports=Ports(foundry=taken))
    with pytest.raises(
        EndpointsError, match=rf"could not start: .*{taken}.*Free the port"
    ):
        Endpoints(configuration).__enter__()


def test_a_grpc_port_in_use_is_refused_too(endpoints: Endpoints) -> None:
    taken = int(endpoints.addresses["vertex_grpc"].rpartition(":")[2])
    configuration = msgspec.structs.replace(
        calls.configuration(grpc=True), ports=Ports(vertex_grpc=taken)
    )
    with pytest.raises(EndpointsError, match="could not start"):
        Endpoints(configuration).__enter__()


def test_endpoints_that_are_not_entered_say_so() -> None:
    with pytest.raises(EndpointsError, match="not running"):
        _ = Endpoints(calls.configuration()).addresses


def test_a_configuration_survives_its_own_encoding() -> None:
    configuration = calls.configuration()
    assert parse_configuration(encode_configuration(configuration)) == configuration


def test_a_printed_configuration_shows_no_credential() -> None:
    shown = repr(calls.configuration())
    for secret in (
        calls.SECRET_KEY,
        calls.SESSION_TOKEN,
        calls.GOOGLE_TOKEN,
        calls.FOUNDRY_KEY,
        calls.ENTRA_TOKEN,
    ):
        assert secret not in shown


WRONG: dict[str, tuple[str, str, str]] = {
    "a source of unknown kind": ('"kind":"scripted"', '"kind":"oracle"', "oracle"),
    "a port of zero": ('"control":null', '"control":0', r"\$\.ports\.control"),
    "an empty token": ('"token":"ya29.good"', '"token":""', r"\$\.vertex\.identities"),
    "a moment without a zone": (
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00",
        "has no time zone",
    ),
    "an account of eleven digits": ("000000000000", "00000000000", "account_id"),
    "a document that is not JSON": ("{", "[", "cannot be used"),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_a_configuration_is_refused_with(sentence: str) -> None:
    old, new, expected = WRONG[sentence]
    document = encode_configuration(calls.configuration()).decode()
    assert old in document
    with pytest.raises(EndpointsConfigurationError, match=expected):
        parse_configuration(document.replace(old, new))


def test_no_cloud_need_be_served() -> None:
    only_foundry = Configuration(
        source=calls.configuration().source, foundry=calls.configuration().foundry
    )
    with Endpoints(only_foundry) as endpoints:
        assert sorted(endpoints.addresses) == ["control", "foundry"]


def test_importing_the_endpoints_imports_no_cloud_sdk_and_no_model() -> None:
    code = "import sys, trivium_rehearsal.endpoints; print(*sys.modules)"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    heavy = re.findall(
        r"(?<!\S)(?:boto3|botocore|anthropic|grpc|xllamacpp"
        r"|google\.(?:auth|protobuf|cloud\.\w+))(?!\S)",
        done.stdout,
    )
    assert heavy == []


def test_drafts_are_fresh_every_time() -> None:
    assert (
        dataclasses.asdict(calls.foundry())["body"]
        is not dataclasses.asdict(calls.foundry())["body"]
    )
