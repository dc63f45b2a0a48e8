"""Credentials: where they come from, when they are renewed, and that one which has
ended never leaves."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.wire.samples import ROUTES
from trivium.credentials import Authoriser, AwsKeys, BearerToken
from trivium.credentials.sources import AGAIN, EARLY, Credential
from trivium.errors import CredentialsError
from trivium.vocabulary.deployment import Protocol

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = "ya29.very-secret"


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Issuer:
    """Gives out a new token each time it is asked, valid for an hour by the clock."""

    def __init__(self, clock: Clock, valid: timedelta = timedelta(hours=1)) -> None:
        self.clock, self.valid, self.issued = clock, valid, 0

    def __call__(self) -> Credential:
        self.issued += 1
        return BearerToken(f"token-{self.issued}", self.clock.now + self.valid)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def authoriser(
    clock: Clock, credential: Any, protocol: Protocol = "vertex"
) -> Authoriser:
    """The authoriser of one route. Any: some cases pass what is refused."""
    route = ROUTES[protocol]
    return Authoriser(route, {route.cloud: credential}, clock)


def bearer(subject: Authoriser) -> str:
    return subject.headers("/x", {}, b"")["authorization"]


UNSENDABLE: dict[str, tuple[Protocol, Any]] = {
    "a token with its line break": ("vertex", BearerToken("ya29.private\n")),
    "a token in quotes with a space": ("foundry", BearerToken("private words")),
    "an empty token": ("vertex", BearerToken("")),
    "a key id with a line break": ("converse", AwsKeys("AKIAPRIVATE\r\n", "secret")),
    "a session token beyond ASCII": (
        "converse",
        AwsKeys("AKIDEXAMPLE", "secret", "private\u200b"),
    ),
}


@pytest.mark.parametrize(
    ("protocol", "credential"), UNSENDABLE.values(), ids=UNSENDABLE
)
def test_what_no_header_can_carry_is_refused_and_not_shown(
    clock: Clock, protocol: Protocol, credential: Any
) -> None:
    with pytest.raises(
        CredentialsError, match="characters that no header can carry"
    ) as caught:
        authoriser(clock, credential, protocol).headers("/x", {}, b"")
    assert "private" not in str(caught.value).lower()


def test_a_token_is_fetched_once_and_used_again(clock: Clock) -> None:
    issuer = Issuer(clock)
    subject = authoriser(clock, issuer)
    assert [bearer(subject) for _ in range(3)] == ["Bearer token-1"] * 3
    assert issuer.issued == 1


def test_a_token_is_renewed_before_it_ends(clock: Clock) -> None:
    subject = authoriser(clock, Issuer(clock))
    bearer(subject)
    clock.now += timedelta(hours=1) - EARLY + timedelta(seconds=1)
    assert bearer(subject) == "Bearer token-2"


def test_while_the_renewal_fails_the_token_at_hand_is_used_to_its_end(
    clock: Clock,
) -> None:
    issuer = Issuer(clock)
    failing: list[bool] = []

    def fetch() -> Credential:
        if failing:
            raise CredentialsError("The metadata server is silent.")
        return issuer()

    subject = authoriser(clock, fetch)
    bearer(subject)
    failing.append(True)
    clock.now += timedelta(minutes=59)
    assert bearer(subject) == "Bearer token-1"
    clock.now += timedelta(minutes=1)
    with pytest.raises(CredentialsError, match="gcp-us"):
        bearer(subject)


def test_a_renewal_that_fails_is_not_tried_again_by_every_request(clock: Clock) -> None:
    issuer = Issuer(clock)
    tried: list[datetime] = []

    def fetch() -> Credential:
        tried.append(clock.now)
        if len(tried) in (2, 3):
            raise CredentialsError("The metadata server is silent.")
        return issuer()

    subject = authoriser(clock, fetch)
    bearer(subject)
    clock.now += timedelta(minutes=56)
    assert [bearer(subject) for _ in range(3)] == ["Bearer token-1"] * 3
    assert (
        subject.ready
    )  # so that an event loop does not start a thread for each request
    assert len(tried) == 2
    clock.now += AGAIN
    assert [bearer(subject) for _ in range(3)] == ["Bearer token-1"] * 3
    assert len(tried) == 3
    clock.now += AGAIN
    assert bearer(subject) == "Bearer token-2"


def test_a_failed_renewal_lengthens_no_token(clock: Clock) -> None:
    failing: list[bool] = []

    def fetch() -> Credential:
        if failing:
            raise CredentialsError("The metadata server is silent.")
        return BearerToken("short", clock.now + timedelta(seconds=10))

    subject = authoriser(clock, fetch)
    bearer(subject)
    failing.append(True)
    bearer(subject)
    clock.now += timedelta(seconds=10)
    with pytest.raises(CredentialsError, match="silent"):
        bearer(subject)


def test_a_token_called_expired_while_another_thread_fetches_it_is_still_that_threads(
    clock: Clock,
) -> None:
    """`forget` comes from another thread, at any moment: here between fetching the
    token and using it."""

    class Interrupted(Authoriser):
        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if name == "_held" and value is not None:
                self.forget()

    route = ROUTES["vertex"]
    assert (
        bearer(Interrupted(route, {route.cloud: Issuer(clock)}, clock))
        == "Bearer token-1"
    )


@pytest.mark.parametrize("protocol", ["converse", "vertex"])
def test_an_end_without_a_time_zone_is_refused_with_what_to_do(
    clock: Clock, protocol: Protocol
) -> None:
    naive = datetime(2026, 11, 22, 13, 0)
    given = (
        AwsKeys("ASIA", SECRET, SECRET, expires_at=naive)
        if protocol == "converse"
        else BearerToken(SECRET, naive)
    )
    with pytest.raises(CredentialsError, match="without a time zone") as caught:
        bearer(authoriser(clock, given, protocol))
    assert SECRET not in str(caught.value)


def test_a_token_is_fetched_again_when_the_provider_called_it_expired(
    clock: Clock,
) -> None:
    subject = authoriser(clock, Issuer(clock))
    bearer(subject)
    subject.forget()
    assert bearer(subject) == "Bearer token-2"


def test_only_a_held_and_fresh_credential_is_ready(clock: Clock) -> None:
    subject = authoriser(clock, Issuer(clock))
    assert not subject.ready
    bearer(subject)
    assert subject.ready
    clock.now += timedelta(hours=2)
    assert not subject.ready


def test_many_threads_fetch_one_token(clock: Clock) -> None:
    issuer = Issuer(clock)
    subject = authoriser(clock, issuer)
    threads = [threading.Thread(target=bearer, args=(subject,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert issuer.issued == 1


ENDED: dict[str, tuple[Protocol, Credential]] = {
    "AWS": ("converse", AwsKeys("ASIA", SECRET, SECRET, expires_at=START)),
    "Google": ("vertex", BearerToken(SECRET, START)),
    "Entra": ("foundry", BearerToken(SECRET, START - timedelta(days=1))),
}


@pytest.mark.parametrize(("protocol", "credential"), ENDED.values(), ids=ENDED)
@pytest.mark.parametrize("fetched", [False, True], ids=["given", "fetched"])
def test_a_credential_that_has_ended_never_leaves(
    clock: Clock, protocol: Protocol, credential: Credential, fetched: bool
) -> None:
    with pytest.raises(CredentialsError) as caught:
        bearer(
            authoriser(clock, (lambda: credential) if fetched else credential, protocol)
        )
    told = str(caught.value)
    assert ROUTES[protocol].id in told
    assert caught.value.next_step
    assert SECRET not in told


def test_a_token_in_its_last_minutes_is_used_when_there_is_no_newer_one(
    clock: Clock,
) -> None:
    last = BearerToken("last", START + timedelta(seconds=30))
    assert bearer(authoriser(clock, last)) == "Bearer last"


MISTAKEN: dict[str, tuple[Protocol, object]] = {
    "a bearer token for AWS": ("converse", BearerToken(SECRET)),
    "AWS keys for Google": ("vertex", AwsKeys("AKIA", SECRET)),
    "text for Entra": ("foundry", lambda: SECRET),
}


@pytest.mark.parametrize(("protocol", "credential"), MISTAKEN.values(), ids=MISTAKEN)
def test_the_wrong_kind_of_credential_is_refused_by_name_of_the_route(
    clock: Clock, protocol: Protocol, credential: object
) -> None:
    with pytest.raises(CredentialsError) as caught:
        bearer(authoriser(clock, credential, protocol))
    assert ROUTES[protocol].id in str(caught.value)
    assert SECRET not in str(caught.value)


# --- the environment and the vendors' libraries ---------------------------------------

NAMES: dict[Protocol, dict[str, str]] = {
    "converse": {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": SECRET},
    "vertex": {"GOOGLE_OAUTH_ACCESS_TOKEN": SECRET},
    "foundry": {"AZURE_ACCESS_TOKEN": SECRET},
}


@pytest.mark.parametrize("protocol", NAMES)
def test_the_environment_is_read_when_nothing_is_given(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, protocol: Protocol
) -> None:
    for name, value in NAMES[protocol].items():
        monkeypatch.setenv(name, value)
    told = bearer(Authoriser(ROUTES[protocol], {}, clock))
    assert (
        "Credential=AKIAENV/" if protocol == "converse" else f"Bearer {SECRET}"
    ) in told


def test_a_session_token_of_the_environment_is_sent(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (NAMES["converse"] | {"AWS_SESSION_TOKEN": "session"}).items():
        monkeypatch.setenv(name, value)
    assert (
        Authoriser(ROUTES["converse"], {}, clock).headers("/x", {}, b"")[
            "x-amz-security-token"
        ]
        == "session"
    )


@pytest.fixture
def bare(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Callable[[str, object], None]:
    """An environment that holds no credential; the function it gives replaces a
    vendor's entry point."""
    for names in NAMES.values():
        for name in names:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch.setattr


def test_boto3s_session_is_asked_next(
    clock: Clock, bare: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "credentials"
    shared.write_text(
        "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = x\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    assert "Credential=AKIAFILE/" in bearer(Authoriser(ROUTES["converse"], {}, clock))


def test_keys_that_were_written_anew_are_read_anew_when_the_provider_called_the_old_ones_expired(
    clock: Clock, bare: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "credentials"
    text = (
        "[default]\naws_access_key_id = ASIA{}\naws_secret_access_key ="
        " x\naws_session_token = t\n"
    )
    shared.write_text(text.format("OLD"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    subject = Authoriser(ROUTES["converse"], {}, clock)
    assert "Credential=ASIAOLD/" in bearer(subject)
    shared.write_text(text.format("NEW"))
    assert "Credential=ASIAOLD/" in bearer(subject)
    subject.forget()
    assert "Credential=ASIANEW/" in bearer(subject)


def test_boto3s_temporary_keys_are_asked_for_again_before_they_end(
    clock: Clock, bare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3
    from botocore.credentials import RefreshableCredentials

    issued: list[str] = []

    def refresh() -> dict[str, str]:
        issued.append(f"ASIA{len(issued) + 1}")
        ends = datetime.now(UTC) + timedelta(hours=1)
        return {
            "access_key": issued[-1],
            "secret_key": "x",
            "token": "t",
            "expiry_time": ends.isoformat(),
        }

    temporary = RefreshableCredentials.create_from_metadata(
        refresh(), refresh_using=refresh, method="test"
    )
    monkeypatch.setattr(boto3.Session, "get_credentials", lambda _self: temporary)
    clock.now = datetime.now(UTC)
    subject = Authoriser(ROUTES["converse"], {}, clock)
    assert "Credential=ASIA1/" in bearer(subject)
    clock.now += timedelta(minutes=57)
    monkeypatch.setattr(temporary, "_time_fetcher", lambda: clock.now)
    assert "Credential=ASIA2/" in bearer(subject)


def test_google_auths_default_is_asked_next(clock: Clock, bare: Any) -> None:
    import google.auth

    class Default:
        token, expiry = None, None

        def refresh(self, _request: object) -> None:
            self.token, self.expiry = (
                "ya29.adc",
                datetime(2026, 11, 22, 13, 0),
            )  # naive, as google-auth has it

    asked: list[list[str]] = []

    def default(scopes: list[str]) -> tuple[Default, str]:
        asked.append(scopes)
        return Default(), "project"

    bare(google.auth, "default", default)
    assert bearer(Authoriser(ROUTES["vertex"], {}, clock)) == "Bearer ya29.adc"
    assert asked == [["https://www.googleapis.com/auth/cloud-platform"]]


def test_google_auths_default_is_found_anew_once_it_could_not_be_refreshed(
    clock: Clock, bare: Any
) -> None:
    import google.auth
    from google.auth.exceptions import RefreshError

    class Key:
        expiry = None

        def __init__(self, token: str) -> None:
            self.token = token

        def refresh(self, _request: object) -> None:
            if self.token == "revoked":
                raise RefreshError("invalid_grant")

    found = iter([Key("revoked"), Key("ya29.rotated")])
    bare(google.auth, "default", lambda scopes: (next(found), "project"))
    subject = Authoriser(ROUTES["vertex"], {}, clock)
    with pytest.raises(CredentialsError, match="RefreshError"):
        bearer(subject)
    assert bearer(subject) == "Bearer ya29.rotated"


def test_azure_identitys_default_is_asked_next(clock: Clock, bare: Any) -> None:
    import azure.identity
    from azure.core.credentials import AccessToken

    class Default:
        def get_token(self, scope: str) -> AccessToken:
            assert scope == "https://ai.azure.com/.default"
            return AccessToken(
                "eyJ.managed", int((START + timedelta(hours=1)).timestamp())
            )

    bare(azure.identity, "DefaultAzureCredential", Default)
    assert bearer(Authoriser(ROUTES["foundry"], {}, clock)) == "Bearer eyJ.managed"


def test_nothing_found_says_what_to_do(
    clock: Clock, bare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    monkeypatch.setattr(boto3.Session, "get_credentials", lambda _self: None)
    with pytest.raises(CredentialsError) as caught:
        bearer(Authoriser(ROUTES["converse"], {}, clock))
    assert "AWS" in str(caught.value)
    assert caught.value.next_step
