"""The Python language host beside an engine that was built here.

    python -m trivium_rehearsal.toolchain.language_host <engine address>

Serves `pulumirpc.LanguageRuntime` on a port of 127.0.0.1 and prints that port as its
first line. Programs, policy packs and plugins run as children: in the project's
`virtualenv` if Pulumi.yaml names one, else with this interpreter. When the call that
runs a child is cancelled, or this host ends in whatever way, the child and all that it
started end. The host itself ends with the engine.

Used by the rehearsal and tests alone; an official engine brings a host of its own. Not
offered here: debuggers, project templates, code generation and linking of local
packages; the engine says "not implemented" of those.
"""

import importlib.metadata
import json
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import grpc
from google.protobuf import empty_pb2

from trivium.errors import TriviumError
from trivium_rehearsal.processes import Child, start
from trivium_rehearsal.toolchain.analyzer_proxy import OPTIONS, AnalyzerProxy
from trivium_rehearsal.toolchain.messages import (
    language_pb2,
    language_pb2_grpc,
    plugin_pb2,
)

WORKERS = 64
"""Calls at a time. Each running program or plugin holds one for as long as it runs."""
LOOK_S = 0.5
"""How often the host looks whether its engine is still there."""
LAST_WORDS_S = 5.0
"""How long a pack that does not serve has to say why."""
PROGRAM = Path(__file__).with_name("program.py")
ALREADY_SHOWN = 32
"""As `program.ALREADY_SHOWN`; that file is not imported here, because it imports the
whole SDK."""

Context = Any
"""grpc.ServicerContext; grpc has no types here."""


class HostError(TriviumError):
    """The host cannot do what the engine asks, because of what the project or the
    environment says."""

    fault = "platform"


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine. Method names and messages are those of Pulumi's
    language.proto."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._children: set[Child] = set()
        self._lock = threading.Lock()

    # What the engine wants to know

    def Handshake(  # noqa: N802
        self,
        request: language_pb2.LanguageHandshakeRequest,
        context: Context,  # noqa: ARG002
    ) -> Any:
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: object, context: Context) -> Any:  # noqa: ARG002, N802
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi"))

    def GetRequiredPlugins(self, request: object, context: Context) -> Any:  # noqa: ARG002, N802
        """None: the SDKs name their plugins and versions when they register
        resources."""
        return language_pb2.GetRequiredPluginsResponse()

    def GetRequiredPackages(self, request: object, context: Context) -> Any:  # noqa: ARG002, N802
        """None, for the same reason."""
        return language_pb2.GetRequiredPackagesResponse()

    def RuntimeOptionsPrompts(self, request: object, context: Context) -> Any:  # noqa: ARG002, N802
        return language_pb2.RuntimeOptionsResponse()

    def About(self, request: language_pb2.AboutRequest, context: Context) -> Any:  # noqa: N802
        python = _python_or_abort(request.info, context)
        said = subprocess.run(
            [python, "-V"], capture_output=True, text=True, check=False
        )
        return language_pb2.AboutResponse(
            executable=str(python), version=said.stdout.strip().removeprefix("Python ")
        )

    def GetProgramDependencies(  # noqa: N802
        self, request: language_pb2.GetProgramDependenciesRequest, context: Context
    ) -> Any:
        """The packages installed for the program; without `transitiveDependencies`,
        those that none other needs."""
        python = _python_or_abort(request.info, context)
        found = dependencies(
            _site_packages(python), transitive=request.transitiveDependencies
        )
        infos = [
            language_pb2.DependencyInfo(name=name, version=version)
            for name, version in found.items()
        ]
        return language_pb2.GetProgramDependenciesResponse(dependencies=infos)

    def InstallDependencies(  # noqa: N802
        self, request: language_pb2.InstallDependenciesRequest, context: Context
    ) -> Iterator[Any]:
        """Installs nothing: the environment is the project's and was made, with pinned
        hashes, beforehand.

        Fails when Pulumi's SDK is not in it.
        """
        python = _python_or_abort(request.info, context)
        if subprocess.run(
            [python, "-c", "import pulumi"], capture_output=True, check=False
        ).returncode:
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"{python} cannot import pulumi, so no program or plugin can run with"
                " it. Install the project's dependencies into its environment first.",
            )
        yield language_pb2.InstallDependenciesResponse(
            stdout=f"Using the environment of {python}\n".encode()
        )

    # What the engine wants run

    def Run(self, request: language_pb2.RunRequest, context: Context) -> Any:  # noqa: N802
        """Run a program to its end."""
        try:
            python = interpreter(request.info)
        except HostError as error:
            return language_pb2.RunResponse(error=str(error))
        directory = Path(request.info.program_directory or request.pwd)
        order = {
            "program": str(
                directory / (request.info.entry_point or request.program or ".")
            ),
            "args": list(request.args),
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization or "organization",
            "root": request.info.root_directory or str(directory),
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "config": dict(request.config),
            "secret_keys": list(request.configSecretKeys),
        }
        child = start(
            [python, "-u", PROGRAM],
            name="the program",
            env=os.environ,
            cwd=Path(request.pwd or directory),
            stdin=subprocess.PIPE,
        )
        with self._running(child, context):
            assert child.stdin is not None  # noqa: S101 - asked for above
            with suppress(BrokenPipeError), child.stdin as pipe:
                pipe.write(json.dumps(order).encode())
            code = child.wait()
        return _run_response(code)

    def RunPlugin(  # noqa: N802
        self, request: language_pb2.RunPluginRequest, context: Context
    ) -> Iterator[Any]:
        """Run a policy pack, component provider or other plugin, streaming what it
        writes, then its exit code."""
        python = _python_or_abort(request.info, context)
        env = {
            **os.environ,
            **dict(entry.split("=", 1) for entry in request.env if "=" in entry),
        }
        directory = Path(request.info.program_directory or request.program)
        if request.kind == "analyzer":
            yield from self._run_pack(
                python, list(request.args), directory, env, context
            )
            return
        command: list[str | Path] = [
            python,
            "-u",
            directory / (request.info.entry_point or "."),
            *request.args,
        ]
        output = _Output()
        with self._running(
            _start_plugin(command, env, Path(request.pwd or directory)), context
        ) as child:
            output.follow(child)
            yield from output.until_ended(child)

    def Cancel(self, request: object, context: Context) -> Any:  # noqa: ARG002, N802
        """Stop everything that runs."""
        self.stop()
        return empty_pb2.Empty()

    def stop(self) -> None:
        """Stop every child."""
        with self._lock:
            children = list(self._children)
        for child in children:
            child.stop()

    def _run_pack(
        self,
        python: Path,
        args: list[str],
        directory: Path,
        env: Mapping[str, str],
        context: Context,
    ) -> Iterator[Any]:
        """A policy pack, behind the proxy that starts it once the stack is known."""
        output, started = _Output(), queue.SimpleQueue[Child | None]()

        def start_pack(stack: dict[str, str]) -> int:
            command: list[str | Path] = [python, "-u", "-m", "pulumi.policy"]
            command += [*args, directory]
            child = _start_plugin(command, {**env, **stack}, directory)
            port = _first_line(child)
            said = "" if port.strip().isdigit() else _last_words(child)
            output.follow(child)
            started.put(child)
            if not port.strip().isdigit():
                raise OSError(
                    f"the policy pack in {directory} ended before it served: {said}"
                )
            return int(port)

        proxy = AnalyzerProxy(start_pack)
        if not context.add_callback(lambda: started.put(None)):
            started.put(None)  # The call had been cancelled already.
        try:
            yield language_pb2.RunPluginResponse(stdout=f"{proxy.port}\n".encode())
            child = started.get()
            if child is not None:
                with self._running(child, context):
                    yield from output.until_ended(child)
        finally:
            proxy.close()

    def _running(self, child: Child, context: Context) -> "_Running":
        return _Running(child, context, self._children, self._lock)


class _Running:
    """While inside, a child is known to the host and ends when its call is cancelled;
    on leaving it is stopped."""

    def __init__(
        self, child: Child, context: Context, known: set[Child], lock: threading.Lock
    ) -> None:
        self._child, self._known, self._lock = child, known, lock
        if not context.add_callback(child.stop):
            child.stop()  # The call had been cancelled already.

    def __enter__(self) -> Child:
        with self._lock:
            self._known.add(self._child)
        return self._child

    def __exit__(self, *_: object) -> None:
        self._child.stop()
        with self._lock:
            self._known.discard(self._child)


class _Output:
    """What a plugin writes, as messages for the engine, in the order in which it
    came."""

    def __init__(self) -> None:
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._open = 0

    def follow(self, child: Child) -> None:
        """Begin to collect from both of the child's pipes."""
        for pipe in (child.stdout, child.stderr):
            assert pipe is not None  # noqa: S101 - `_start_plugin` asks for both
            self._open += 1
            threading.Thread(
                target=self._collect, args=(pipe, pipe is child.stderr), daemon=True
            ).start()

    def _collect(self, pipe: IO[bytes], is_error: bool) -> None:
        with pipe:
            while chunk := os.read(pipe.fileno(), 65_536):
                message = language_pb2.RunPluginResponse
                self._messages.put(
                    message(stderr=chunk) if is_error else message(stdout=chunk)
                )
        self._messages.put(None)

    def until_ended(self, child: Child) -> Iterator[Any]:
        """Every message, then the exit code."""
        while self._open:
            message = self._messages.get()
            if message is None:
                self._open -= 1
            else:
                yield message
        yield language_pb2.RunPluginResponse(exitcode=child.wait())


def _start_plugin(
    command: list[str | Path], env: Mapping[str, str], directory: Path
) -> Child:
    return start(
        command,
        name="the plugin",
        env=env,
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _first_line(child: Child) -> str:
    """The first line of output; empty when it ended without one. Reads bytewise, so
    that nothing more is taken."""
    assert child.stdout is not None  # noqa: S101 - `_start_plugin` asks for it
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(child.stdout.fileno(), 1)
        if not byte:
            return ""
        line += byte
    return line.decode(errors="replace")


def _last_words(child: Child) -> str:
    """What a child that does not serve says on standard error; it is ended when it does
    not end by itself."""
    assert child.stderr is not None  # noqa: S101 - `_start_plugin` asks for it
    impatient = threading.Timer(LAST_WORDS_S, child.stop)
    impatient.start()
    try:
        return child.stderr.read().decode(errors="replace").strip() or "it said nothing"
    finally:
        impatient.cancel()


def _run_response(code: int) -> Any:
    """What the engine is told of a program that ended with `code`."""
    if code == ALREADY_SHOWN:
        return language_pb2.RunResponse(bail=True)
    if code:
        return language_pb2.RunResponse(
            error=f"The program ended with exit code {code}."
        )
    return language_pb2.RunResponse()


def interpreter(info: language_pb2.ProgramInfo) -> Path:
    """The Python for a program: of the `virtualenv` that its project file names, else
    the one that runs this host.

    Raises `HostError` when the project names one that does not exist.
    """
    options: dict[str, object] = dict(info.options.items())
    named = options.get("virtualenv")
    if not named:
        return Path(sys.executable)
    root = Path(info.root_directory or info.program_directory)
    python = root / str(named) / "bin" / "python"
    if not python.exists():
        raise HostError(
            f"The project in {root} names the environment `virtualenv: {named}`, but"
            f" there is no {python}.",
            next_step="Make that environment, or remove the option `virtualenv`.",
        )
    return python


def _python_or_abort(info: language_pb2.ProgramInfo, context: Context) -> Path:
    try:
        return interpreter(info)
    except HostError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        raise


def _site_packages(python: Path) -> list[str]:
    """Where `python` finds installed packages."""
    if python == Path(sys.executable):
        return [folder for folder in sys.path if folder.endswith("site-packages")]
    return [
        str(folder)
        for folder in (python.parent.parent / "lib").glob("python*/site-packages")
    ]


def dependencies(folders: list[str], *, transitive: bool) -> dict[str, str]:
    """Name to version of the packages installed in `folders`; not `transitive`: those
    that no other needs."""
    found = {
        _plain(item.name): item
        for item in importlib.metadata.distributions(path=folders)
    }
    needed = set[str]()
    if not transitive:
        requirements = (
            text
            for item in found.values()
            for text in item.requires or ()
            if "extra ==" not in text
        )
        needed = {
            _plain(match[0])
            for text in requirements
            if (match := re.match(r"[\w.-]+", text))
        }
    return {name: found[name].version for name in sorted(found.keys() - needed)}


def _plain(name: str) -> str:
    """A package's name in the one spelling of PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _end_with(engine: int) -> None:
    """End this process when the one that started it is gone. Our children's lifelines
    end with us."""
    gone = threading.Event()
    while not gone.wait(LOOK_S):
        if os.getppid() != engine:
            os._exit(1)


def main(arguments: list[str]) -> None:
    """Serve until the engine ends us, or itself."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    engine = next(
        (argument for argument in reversed(arguments) if not argument.startswith("-")),
        "",
    )
    host = LanguageHost(engine)
    server = grpc.server(ThreadPoolExecutor(WORKERS), options=OPTIONS)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        host.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
