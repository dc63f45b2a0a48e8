"""The console in a real browser, at desktop and phone width."""

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra `console` is not installed")

import uvicorn

from tests.console.test_pages import World

BROWSER = shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="chromium is not installed (Debian: apt install chromium)"
)


def bind_low(free: socket.socket) -> None:
    """Bind a free port below those that outgoing connections use."""
    for port in range(20000 + os.getpid() % 10000, 32768):
        with contextlib.suppress(OSError):
            free.bind(("127.0.0.1", port))
            return
    pytest.fail("no free port")


@contextlib.contextmanager
def served(world: World) -> Iterator[str]:
    """The world's console on a free port of loopback."""
    with socket.socket() as free:
        bind_low(free)
        config = uvicorn.Config(
            world.client.app, log_level="error", access_log=False, lifespan="off"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [free]})
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        yield f"http://testserver:{free.getsockname()[1]}"
        server.should_exit = True
        thread.join(20)


def seen(address: str, path: Path, width: int) -> tuple[str, bytes]:
    """The document after the browser ran all that it may run, and a picture of it."""
    picture = path / f"{width}.png"
    done = subprocess.run(
        [
            str(BROWSER),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--host-resolver-rules=MAP testserver 127.0.0.1",
            f"--user-data-dir={path / 'profile'}",
            f"--window-size={width},900",
            f"--screenshot={picture}",
            "--dump-dom",
            address,
        ],
        capture_output=True,
        timeout=60,
        check=True,
    )
    return done.stdout.decode(), picture.read_bytes()


@pytest.mark.parametrize("width", [1200, 500])
def test_the_link_opens_the_queue_once(tmp_path: Path, width: int) -> None:
    world = World(tmp_path)
    ticket = world.opened()
    with served(world) as address:
        page, picture = seen(f"{address}/enter/{world.entrance.link}", tmp_path, width)
        again, _ = seen(f"{address}/enter/x", tmp_path, width)
    assert f'href="/tickets/{ticket.id}"' in page
    assert picture.startswith(b"\x89PNG")
    assert "was used before" in again
