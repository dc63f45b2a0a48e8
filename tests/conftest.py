"""The endpoints start once per session.

Each test begins with an empty ledger and a folder of its own.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.worlds import CONFIGURATION, World
from trivium_rehearsal.endpoints import Endpoints
from trivium_rehearsal.guardian import end_with_make


def pytest_configure() -> None:
    """End the tests when `make test` is killed with `kill -9`."""
    end_with_make()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that run the engine first: begun last, they would leave one worker
    idle for minutes."""
    slow = {item.path for item in items if item.get_closest_marker("engine")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def _client_endpoints() -> Iterator[Endpoints]:
    with Endpoints(CONFIGURATION) as endpoints:
        yield endpoints


@pytest.fixture
def world(
    _client_endpoints: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    """A deployment that works."""
    for name in (
        "TRIVIUM_DEPLOYMENT",
        "TRIVIUM_TRUSTED_KEYS",
        "TRIVIUM_AUDIT_DIR",
        "TRIVIUM_AUDIT_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    _client_endpoints.reset()
    return World(_client_endpoints, tmp_path)
