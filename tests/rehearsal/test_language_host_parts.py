"""The parts of the language host that need no engine."""

import base64
import binascii
import os
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, language_pb2

from trivium_rehearsal.processes import Finished, run
from trivium_rehearsal.toolchain import dynamic_host, language_host, program
from trivium_rehearsal.toolchain.analyzer_proxy import AnalyzerProxy, stack_environment
from trivium_rehearsal.toolchain.language_host import (
    HostError,
    dependencies,
    interpreter,
)


def test_the_host_and_its_programs_agree_on_the_exit_code_of_a_failure_already_shown() -> (
    None
):
    assert language_host.ALREADY_SHOWN == program.ALREADY_SHOWN


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(
            "import sys; from trivium_rehearsal.toolchain import language_host; assert"
            " 'pulumi' not in sys.modules",
            id="the host starts without the SDK",
        ),
        pytest.param(
            "from trivium_rehearsal.toolchain.messages import language_pb2; import"
            " pulumi; from pulumi.runtime import proto; assert proto.language_pb2 is"
            " language_pb2; pulumi.Output.from_input(1)",
            id="the SDK imported later is whole and has the same messages",
        ),
        pytest.param(
            "import pulumi; from trivium_rehearsal.toolchain.messages import"
            " language_pb2; assert pulumi.runtime.proto.language_pb2 is language_pb2",
            id="the SDK imported before is used",
        ),
    ],
)
def test_messages_come_without_the_sdk_around_them(script: str) -> None:
    finished = run(
        [sys.executable, "-c", script], name="python", env={"PATH": os.environ["PATH"]}
    )
    assert finished == Finished(0, ())


def info(root: Path, **options: str) -> language_pb2.ProgramInfo:
    told = struct_pb2.Struct()
    told.update(options)
    return language_pb2.ProgramInfo(
        root_directory=str(root), program_directory=str(root / "stacks"), options=told
    )


def test_a_project_that_names_no_environment_runs_in_ours(tmp_path: Path) -> None:
    assert interpreter(info(tmp_path)) == Path(sys.executable)


def test_an_environment_is_found_from_the_projects_root(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert interpreter(info(tmp_path, virtualenv="venv")) == python


def test_an_environment_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(
        HostError,
        match=(
            r"names the environment `virtualenv: venv`, but there is no"
            r" .*/venv/bin/python"
        ),
    ):
        interpreter(info(tmp_path, virtualenv="venv"))


def test_a_dynamic_provider_without_an_environment_runs_in_ours(tmp_path: Path) -> None:
    assert dynamic_host.interpreter(tmp_path, "") == Path(sys.executable)


def test_a_dynamic_provider_finds_the_environment_above_the_programs_folder(
    tmp_path: Path,
) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert dynamic_host.interpreter(tmp_path / "stacks" / "deep", "venv") == python


def test_a_dynamic_provider_whose_environment_is_missing_says_which(
    tmp_path: Path,
) -> None:
    with pytest.raises(FileNotFoundError, match="no environment `no-such-venv`"):
        dynamic_host.interpreter(tmp_path, "no-such-venv")


def installed(folder: Path, name: str, version: str, *requires: str) -> None:
    metadata = folder / f"{name}-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    lines = [
        f"Name: {name}",
        f"Version: {version}",
        *(f"Requires-Dist: {text}" for text in requires),
    ]
    metadata.write_text("Metadata-Version: 2.1\n" + "\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("transitive", "names"),
    [
        pytest.param(True, {"app", "lib-one", "tool"}, id="all packages"),
        pytest.param(
            False,
            {"app", "tool"},
            id="only those that no other needs; an extra is no need",
        ),
    ],
)
def test_dependencies_are_told(
    transitive: bool, names: set[str], tmp_path: Path
) -> None:
    installed(tmp_path, "app", "1.0", "Lib_One>=2", "tool; extra == 'more'")
    installed(tmp_path, "lib.one", "2.0")
    installed(tmp_path, "tool", "3.0")
    assert set(dependencies([str(tmp_path)], transitive=transitive)) == names


def test_a_pack_is_told_its_stack_in_the_official_variables() -> None:
    about = analyzer_pb2.AnalyzerStackConfigureRequest(
        organization="o",
        project="p",
        stack="s",
        dry_run=True,
        config={"p:key": "value"},
    )
    assert stack_environment(about) == {
        "PULUMI_ORGANIZATION": "o",
        "PULUMI_PROJECT": "p",
        "PULUMI_STACK": "s",
        "PULUMI_DRY_RUN": "true",
        "PULUMI_CONFIG": '{"p:key": "value"}',
    }


def test_without_a_stack_a_pack_is_told_nothing() -> None:
    assert stack_environment(analyzer_pb2.AnalyzerStackConfigureRequest()) == {}


def test_a_pack_that_does_not_start_is_an_error_of_the_call() -> None:
    def fail(_: dict[str, str]) -> int:
        raise OSError("the pack ended before it served")

    proxy = AnalyzerProxy(fail)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{proxy.port}") as channel:
            pack = analyzer_pb2_grpc.AnalyzerStub(channel)
            pack.Handshake(analyzer_pb2.AnalyzerHandshakeRequest(engine_address="e"))
            with pytest.raises(grpc.RpcError, match="the pack ended before it served"):
                pack.Analyze(analyzer_pb2.AnalyzeRequest())
    finally:
        proxy.close()


class Pack(analyzer_pb2_grpc.AnalyzerServicer):
    """A pack that finds one thing, and refuses to remediate."""

    def Analyze(self, request: object, context: object) -> Any:
        return analyzer_pb2.AnalyzeResponse(
            diagnostics=[analyzer_pb2.AnalyzeDiagnostic(message="found")]
        )

    def Remediate(self, request: object, context: Any) -> Any:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not this one")

    def ConfigureStack(self, request: object, context: object) -> Any:
        return analyzer_pb2.AnalyzerStackConfigureResponse()


def test_the_proxy_hands_on_calls_and_errors_and_says_when_the_pack_is_gone() -> None:
    server = grpc.server(ThreadPoolExecutor(2))
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Pack(), server)
    port: int = server.add_insecure_port("127.0.0.1:0")
    server.start()
    told: list[dict[str, str]] = []

    def start(stack: dict[str, str]) -> int:
        told.append(stack)
        return port

    proxy = AnalyzerProxy(start)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{proxy.port}") as channel:
            pack = analyzer_pb2_grpc.AnalyzerStub(channel)
            pack.Handshake(analyzer_pb2.AnalyzerHandshakeRequest(engine_address="e"))
            pack.ConfigureStack(
                analyzer_pb2.AnalyzerStackConfigureRequest(stack="s", project="p")
            )
            assert (
                pack.Analyze(analyzer_pb2.AnalyzeRequest()).diagnostics[0].message
                == "found"
            )
            assert [stack["PULUMI_STACK"] for stack in told] == ["s"]
            with pytest.raises(grpc.RpcError, match="not this one"):
                pack.Remediate(analyzer_pb2.AnalyzeRequest())
            server.stop(None).wait()
            with pytest.raises(
                grpc.RpcError, match="the policy pack no longer answers"
            ):
                pack.Analyze(analyzer_pb2.AnalyzeRequest(), timeout=30)
    finally:
        proxy.close()
        server.stop(None)


def test_a_traceback_keeps_the_users_frames_and_where_a_library_raised() -> None:
    try:
        base64.b64decode("ab")
    except binascii.Error as error:
        shown = program.trimmed(error)
    assert shown.count("  File ") == 2
    assert "test_language_host_parts.py" in shown
    assert shown.endswith("binascii.Error: Incorrect padding")


def test_a_traceback_without_the_users_frames_is_kept_whole() -> None:
    error = ValueError("x")
    try:
        exec(compile("raise error", "<string>", "exec"), {"error": error})
    except ValueError:
        pass
    assert error.__traceback__ is not None
    foreign = error.with_traceback(error.__traceback__.tb_next)
    assert (
        program.trimmed(foreign)
        == "".join(traceback.format_exception(foreign)).rstrip()
    )


def test_a_chained_cause_is_trimmed_too() -> None:
    try:
        try:
            base64.b64decode("ab")
        except binascii.Error as cause:
            raise RuntimeError("outer") from cause
    except RuntimeError as error:
        shown = program.trimmed(error)
    assert shown.count("  File ") == 3
    assert shown.index("Incorrect padding") < shown.index("RuntimeError: outer")
