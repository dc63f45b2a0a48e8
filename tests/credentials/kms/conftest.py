"""Each stand-in, listening for one test."""

from collections.abc import Iterator

import pytest

from tests.credentials.kms.aws import AwsKms
from tests.credentials.kms.azure import KeyVault
from tests.credentials.kms.google import GoogleKms
from tests.credentials.kms.standing_in import StandIn, listening


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy between a client and this machine, and no answer asked for twice."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.fixture(params=[AwsKms, GoogleKms, KeyVault], ids=["aws", "google", "azure"])
def service(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """Each of the three in turn."""
    with listening(request.param) as service:
        yield service


@pytest.fixture
def aws() -> Iterator[AwsKms]:
    with listening(AwsKms) as service:
        yield service


@pytest.fixture
def google() -> Iterator[GoogleKms]:
    with listening(GoogleKms) as service:
        yield service


@pytest.fixture
def vault() -> Iterator[KeyVault]:
    with listening(KeyVault) as service:
        yield service
