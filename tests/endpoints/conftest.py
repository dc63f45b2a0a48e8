"""The endpoints are started once; each test begins with a clean ledger."""

from collections.abc import Iterator

import pytest

from tests.endpoints import calls
from trivium_rehearsal.endpoints import Endpoints


@pytest.fixture(scope="session")
def _endpoints() -> Iterator[Endpoints]:
    with pytest.MonkeyPatch.context() as patch:
        # A proxy in the environment must not stand between a vendor's client and this
        # machine.
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("no_proxy", "127.0.0.1")
        with Endpoints(calls.configuration(grpc=True)) as endpoints:
            yield endpoints


@pytest.fixture
def endpoints(_endpoints: Endpoints) -> Endpoints:
    """The scripted endpoints, reset."""
    _endpoints.reset()
    return _endpoints
