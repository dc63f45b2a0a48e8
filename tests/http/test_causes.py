"""Why there is no answer: each cause is named, with its remedy, by the client's own
transport, and by `trivium doctor`, which uses it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import get_args

import pytest

from tests.http.peers import ANSWER, Authority, proxy, served, tls_server
from trivium.errors import ConfigurationError
from trivium.http import (
    MEANINGS,
    Cause,
    Connection,
    NoAnswerError,
    Request,
    Trust,
    once,
)

CA = Authority()
STRANGER = Authority("Another Root")
NOBODY = 9  # discard: nothing listens there


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    bundle = tmp_path / "company.pem"
    bundle.write_bytes(STRANGER.pem + CA.pem)
    return Trust(ca_bundle=bundle)


def asked(port: int, trust: Trust, host: str = "127.0.0.1") -> int:
    """The status of an HTTPS request."""
    request = Request(f"https://{host}:{port}/", {}, method="GET", timeout_s=5)
    return once(request, Connection(connect_timeout_s=3, trust=trust)).status


def cause_of(port: int, trust: Trust, host: str = "127.0.0.1") -> Cause:
    with pytest.raises(NoAnswerError) as caught:
        asked(port, trust, host)
    return caught.value.cause


SERVERS: dict[Cause, Callable[[Path], AbstractContextManager[int]]] = {
    "refused": lambda _: nullcontext(NOBODY),
    "certificate_expired": lambda folder: tls_server(folder, CA.issue(days=-1)),
    "certificate_name": lambda folder: tls_server(
        folder, CA.issue(host="other.example")
    ),
    "client_certificate": lambda folder: tls_server(folder, CA.issue(), clients=CA.pem),
    "tls": lambda _: served(lambda connection: connection.sendall(ANSWER)),
    "unreachable": lambda _: served(lambda connection: connection.close()),
}


@pytest.mark.parametrize("cause", SERVERS)
def test_the_cause_is_named(cause: Cause, tmp_path: Path, trust: Trust) -> None:
    with SERVERS[cause](tmp_path) as port:
        assert cause_of(port, trust) == cause


def test_a_name_that_does_not_resolve_is_named(trust: Trust) -> None:
    assert cause_of(443, trust, "nowhere.invalid") == "dns"


def test_every_cause_has_a_meaning_and_a_remedy() -> None:
    assert set(MEANINGS) == set(get_args(Cause))
    assert all(meaning.found and meaning.remedy for meaning in MEANINGS.values())


def test_a_company_authority_is_trusted_by_option_only_when_it_is_named(
    tmp_path: Path, trust: Trust
) -> None:
    with tls_server(tmp_path, CA.issue()) as port:
        assert cause_of(port, Trust()) == "untrusted"
        assert asked(port, trust) == 200


@pytest.mark.parametrize(
    "variable", ["REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "SSL_CERT_FILE"]
)
def test_a_company_authority_is_trusted_by_variable(
    variable: str, tmp_path: Path, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(trust.ca_bundle))
    with tls_server(tmp_path, CA.issue()) as port:
        assert asked(port, Trust()) == 200


def test_a_client_certificate_is_shown(tmp_path: Path, trust: Trust) -> None:
    identity = tmp_path / "client.pem"
    identity.write_bytes(CA.issue(host="application", client=True))
    shown = Trust(ca_bundle=trust.ca_bundle, client_cert=identity)
    with tls_server(tmp_path, CA.issue(), clients=CA.pem) as port:
        assert asked(port, shown) == 200


@contextmanager
def proxied(
    monkeypatch: pytest.MonkeyPatch, password: str | None, user: str = ""
) -> Iterator[None]:
    with proxy(password) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{user}127.0.0.1:{port}")
        yield


def test_a_proxy_is_used_and_its_password_sent(
    tmp_path: Path, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        tls_server(tmp_path, CA.issue()) as port,
        proxied(monkeypatch, "secret", "user:secret@"),
    ):
        assert asked(port, trust) == 200


def test_a_proxy_that_wants_a_password_is_named(
    tmp_path: Path, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_server(tmp_path, CA.issue()) as port, proxied(monkeypatch, "secret"):
        assert cause_of(port, trust) == "proxy_password"


def test_a_proxy_that_cannot_reach_the_provider_is_named(
    trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxied(monkeypatch, None):
        assert cause_of(NOBODY, trust) == "proxy"


@pytest.mark.parametrize("content", [b"", b"not PEM", None])
def test_a_bundle_that_cannot_be_used_is_refused(
    content: bytes | None, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    with pytest.raises(ConfigurationError, match="bundle of certificate authorities"):
        asked(NOBODY, Trust(ca_bundle=bundle))


def test_a_client_certificate_that_cannot_be_used_is_refused_unshown(
    tmp_path: Path,
) -> None:
    identity = tmp_path / "client.pem"
    identity.write_text("private words")
    with pytest.raises(ConfigurationError, match="client certificate") as caught:
        asked(NOBODY, Trust(client_cert=identity))
    assert "private words" not in str(caught.value)
    assert caught.value.__cause__ is None
