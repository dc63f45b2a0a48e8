"""`python -m trivium_rehearsal.endpoints --config FILE`: the endpoints as one process.

It reads the configuration from a file, or from standard input for `-`. When all ports
listen, it prints the addresses as one line of JSON. It serves until SIGTERM or SIGINT,
or, with `--until-stdin-closes`, until the process that started it ends.
"""

import argparse
import asyncio
import json
import signal
import sys
import threading
from pathlib import Path

from trivium_rehearsal.endpoints.configuration import (
    Configuration,
    EndpointsConfigurationError,
    parse_configuration,
)
from trivium_rehearsal.endpoints.running import EndpointsError, start

_NAMES = ("bedrock", "vertex", "vertex_grpc", "foundry", "control")


def main(arguments: list[str] | None = None) -> int:
    """Run. Returns 0 after an orderly end, and 2 if the configuration or a port cannot
    be used."""
    options = _parser().parse_args(arguments)
    watch_stdin = options.until_stdin_closes and options.config != "-"
    try:
        configuration = parse_configuration(_read(options.config))
        asyncio.run(_serve(configuration, watch_stdin=watch_stdin))
    except (EndpointsConfigurationError, EndpointsError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trivium_rehearsal.endpoints", description=__doc__
    )
    parser.add_argument(
        "--config", required=True, help="JSON file, or - for standard input"
    )
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end when standard input closes (needs a config file)",
    )
    return parser


def _read(config: str) -> bytes:
    return sys.stdin.buffer.read() if config == "-" else Path(config).read_bytes()


async def _serve(configuration: Configuration, *, watch_stdin: bool) -> None:
    """Start, print the addresses, and serve until the end."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if watch_stdin:
        # A parent that is killed cannot send SIGTERM, but its end of the pipe closes.
        threading.Thread(target=_wait_for_stdin, args=(loop, stop), daemon=True).start()

    running = await start(configuration)
    try:
        addresses = {name: running.addresses.get(name) for name in _NAMES}
        print(json.dumps(addresses), flush=True)
        await stop.wait()
    finally:
        await running.close()


def _wait_for_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stop the loop when standard input ends."""
    while sys.stdin.buffer.read(4096):
        pass
    loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    sys.exit(main())
