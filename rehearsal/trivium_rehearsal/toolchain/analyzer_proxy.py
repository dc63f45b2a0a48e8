"""Stands between the engine and a policy pack until the engine has said for which stack
the pack is to judge.

A pack reads its organisation, project, stack and configuration from the environment,
when it is imported. The engine tells them later, by `ConfigureStack`. So the engine is
given this proxy's port; the pack is started by the first call that needs it, with the
environment that `ConfigureStack` tells, and every call is handed on as bytes.
`PULUMI_CONFIG` and its companions are those that the official host sets (pulumi/pulumi,
`constructEnv` in `sdk/go/common/resource/plugin/analyzer_plugin.go`, 3.259).
"""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import grpc
from google.protobuf import empty_pb2

from trivium_rehearsal.toolchain.messages import analyzer_pb2

OPTIONS = [("grpc.max_receive_message_length", 400 * 1024 * 1024)]
"""The engine's own limit; a stack analysis carries every resource in one message."""
WORKERS = 32

_SERVICE = "/pulumirpc.Analyzer/"

StartPack = Callable[[dict[str, str]], int]
"""Starts the pack with these variables added to its environment; returns the port that
it serves on."""


class AnalyzerProxy:
    """Serves `pulumirpc.Analyzer` on a port of 127.0.0.1 by handing every call to the
    pack."""

    def __init__(self, start_pack: StartPack) -> None:
        self._start_pack = start_pack
        self._lock = threading.Lock()
        self._channel: Any = None  # grpc.Channel; grpc has no types here
        self._handshake = b""
        self._server = grpc.server(
            ThreadPoolExecutor(WORKERS),
            handlers=(_Handler(self._answer),),
            options=OPTIONS,
        )
        self.port: int = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def close(self) -> None:
        """Stop serving. The pack itself belongs to whoever started it."""
        self._server.stop(grace=None)
        if self._channel is not None:
            self._channel.close()

    def _answer(self, method: str, request: bytes, context: Any) -> bytes:
        """Answer what can be answered without the pack; hand on the rest."""
        if method == _SERVICE + "Handshake":
            self._handshake = request
            return bytes(analyzer_pb2.AnalyzerHandshakeResponse().SerializeToString())
        if method == _SERVICE + "Cancel" and self._channel is None:
            return bytes(empty_pb2.Empty().SerializeToString())
        about = analyzer_pb2.AnalyzerStackConfigureRequest()
        if method == _SERVICE + "ConfigureStack":
            about.ParseFromString(request)
        try:
            return self._call(self._pack(about), method, request)
        except grpc.RpcError as error:
            gone = (
                "the policy pack no longer answers: "
                if error.code() == grpc.StatusCode.UNAVAILABLE
                else ""
            )
            context.abort(error.code(), gone + error.details())
        except OSError as error:
            context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        raise AssertionError("abort raises")

    def _pack(self, about: analyzer_pb2.AnalyzerStackConfigureRequest) -> Any:
        """The channel to the pack, started by the first caller for the stack that
        `about` tells, if any."""
        with self._lock:
            if self._channel is None:
                port = self._start_pack(stack_environment(about))
                self._channel = grpc.insecure_channel(
                    f"127.0.0.1:{port}", options=OPTIONS
                )
                if self._handshake:
                    with suppress(
                        grpc.RpcError
                    ):  # A pack of an older SDK does not know it.
                        self._call(
                            self._channel, _SERVICE + "Handshake", self._handshake
                        )
            return self._channel

    @staticmethod
    def _call(channel: Any, method: str, request: bytes) -> bytes:
        answer: bytes = channel.unary_unary(method)(request)
        return answer


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types here
    """Every method is unary and travels as bytes."""

    def __init__(self, answer: Callable[[str, bytes, Any], bytes]) -> None:
        self._answer = answer

    def service(self, details: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._answer(details.method, request, context)
        )


def stack_environment(
    about: analyzer_pb2.AnalyzerStackConfigureRequest,
) -> dict[str, str]:
    """The variables by which a pack learns of the stack it judges; empty when no stack
    was told."""
    if not about.stack:
        return {}
    told = {
        "PULUMI_ORGANIZATION": about.organization,
        "PULUMI_PROJECT": about.project,
        "PULUMI_STACK": about.stack,
        "PULUMI_DRY_RUN": "true" if about.dry_run else "false",
        "PULUMI_CONFIG": json.dumps(dict(about.config)),
    }
    return {name: value for name, value in told.items() if value}
