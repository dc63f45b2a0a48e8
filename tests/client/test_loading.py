"""From a signed descriptor to a client: what is not verified is not used."""

import asyncio
import datetime as dt
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import trivium
import trivium.client
import trivium.credentials
import trivium.http
import trivium.wire
from tests.client.worlds import CREDENTIALS, GREETING, SIGNER, World, described, hello
from trivium import AsyncClient, Client, Options
from trivium.credentials import BearerToken
from trivium.errors import (
    ConfigurationError,
    ConstitutionError,
    CredentialsError,
    DeploymentError,
    DeploymentExpiredError,
    DeploymentSignatureError,
    DeploymentVersionError,
    RequestError,
    TriviumError,
)
from trivium.vocabulary import deployment
from trivium.vocabulary.envelope import Ed25519Signer, TrustedKeys


def test_the_environment_names_everything(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "trusted.pem"
    key.write_bytes(SIGNER.public_pem)
    monkeypatch.setenv("TRIVIUM_DEPLOYMENT", str(world.descriptor))
    monkeypatch.setenv("TRIVIUM_TRUSTED_KEYS", str(key))
    monkeypatch.setenv("TRIVIUM_AUDIT_DIR", str(world.audit))
    with Client.from_deployment(credentials=CREDENTIALS) as client:
        assert client.messages.create(**hello()).text == GREETING
    assert world.outcomes() == [("aws-us", "answered")]


def test_the_async_client_finds_it_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVIUM_DEPLOYMENT", str(world.descriptor))

    async def ask() -> str:
        made = AsyncClient.from_deployment(
            trust=SIGNER.public_pem, audit_dir=world.audit, credentials=CREDENTIALS
        )
        async with made as client:
            return (await client.messages.create(**hello())).text

    assert asyncio.run(ask()) == GREETING


WAYS_TO_TRUST = ["path", "text path", "PEM", "PEM text", "keys"]


@pytest.mark.parametrize("way", WAYS_TO_TRUST)
def test_trust_is_a_path_a_pem_or_keys(world: World, way: str, tmp_path: Path) -> None:
    path = tmp_path / "trusted.pem"
    path.write_bytes(SIGNER.public_pem)
    given = {
        "path": path,
        "text path": str(path),
        "PEM": SIGNER.public_pem,
        "PEM text": SIGNER.public_pem.decode(),
        "keys": TrustedKeys.from_pem(SIGNER.public_pem),
    }
    world.client(trust=given[way]).close()


def test_a_source_is_a_path_or_a_file_url(world: World) -> None:
    for source in (world.descriptor, str(world.descriptor), world.descriptor.as_uri()):
        Client.from_deployment(
            source, trust=SIGNER.public_pem, audit_dir=world.audit
        ).close()


def test_nothing_named_says_what_to_name(world: World) -> None:
    with pytest.raises(DeploymentError, match="TRIVIUM_DEPLOYMENT"):
        Client.from_deployment(trust=SIGNER.public_pem)
    with pytest.raises(DeploymentSignatureError, match="TRIVIUM_TRUSTED_KEYS"):
        Client.from_deployment(world.descriptor)


SOURCES = {
    "no such file": "absent.json",
    "plain http": "http://127.0.0.1:9/deployment.json",
    "another scheme": "ftp://127.0.0.1/deployment.json",
    "an address without a host": "https://",
    "an address with a bracket": "https://[::1/deployment.json",
    "an address with a space": "https://exa mple.com/deployment.json",
    "nobody listening": "https://127.0.0.1:9/deployment.json",
    "a folder": ".",
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_a_source_that_cannot_be_read_is_refused(
    world: World, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.directory)
    with pytest.raises(DeploymentError):
        Client.from_deployment(source, trust=SIGNER.public_pem)


def test_a_descriptor_that_is_too_large_is_none(world: World) -> None:
    world.descriptor.write_bytes(b" " * (2 << 20))
    with pytest.raises(DeploymentError, match="larger"):
        world.client()


@pytest.mark.parametrize(
    "trust", [b"no key", "absent.pem", b""], ids=["no PEM", "no file", "nothing"]
)
def test_trust_that_cannot_be_read_is_refused(world: World, trust: bytes | str) -> None:
    with pytest.raises(DeploymentSignatureError):
        world.client(trust=trust)


def test_a_stranger_s_signature_is_refused(world: World) -> None:
    with pytest.raises(DeploymentSignatureError):
        world.client(trust=Ed25519Signer.generate().public_pem)


def test_an_unsigned_descriptor_is_refused(world: World) -> None:
    plain = described(world.endpoints.addresses, world.directory)
    world.descriptor.write_bytes(deployment.encode(plain))
    with pytest.raises(DeploymentSignatureError):
        world.client()


def test_one_changed_character_is_refused(world: World) -> None:
    envelope = json.loads(world.descriptor.read_bytes())
    text = envelope["payload"]
    envelope["payload"] = text[:100] + ("A" if text[100] != "A" else "B") + text[101:]
    world.descriptor.write_text(json.dumps(envelope))
    with pytest.raises(DeploymentSignatureError):
        world.client()


def test_an_expired_descriptor_is_refused(world: World) -> None:
    import msgspec

    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    complete = described(world.endpoints.addresses, world.directory)
    old = deployment.complete(
        complete, issued_at=past, valid_days=1, constitution=complete.constitution
    )
    world.descriptor.write_bytes(deployment.sign(msgspec.structs.replace(old), SIGNER))
    with pytest.raises(DeploymentExpiredError):
        world.client()


def test_another_version_and_an_unknown_field_are_refused(world: World) -> None:
    from trivium.vocabulary.envelope import canonical, seal

    plain = json.loads(
        deployment.encode(described(world.endpoints.addresses, world.directory))
    )
    for change, error in (
        ({"version": "2"}, DeploymentVersionError),
        ({"surprise": 1}, DeploymentError),
    ):
        world.descriptor.write_bytes(
            seal(deployment.PAYLOAD_TYPE, canonical(plain | change), SIGNER)
        )
        with pytest.raises(error):
            world.client()


def test_a_layer_that_changed_after_signing_is_refused(world: World) -> None:
    path = world.directory / "application.yaml"
    path.write_text(path.read_text().replace("What tests need", "What nobody signed"))
    with pytest.raises(ConstitutionError):
        world.client()


def test_a_refused_deployment_leaves_no_audit_log_behind(world: World) -> None:
    with pytest.raises(TriviumError):
        world.client(trust=Ed25519Signer.generate().public_pem)
    assert not world.audit.exists()


def test_the_audit_key_is_made_once_and_is_nobody_elses(world: World) -> None:
    world.client().close()
    key = world.audit.with_name("audit.pem")
    first = key.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    world.client().close()
    assert key.read_bytes() == first


def test_the_audit_key_may_be_named(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "elsewhere" / "key.pem"
    key.parent.mkdir()
    monkeypatch.setenv("TRIVIUM_AUDIT_KEY", str(key))
    world.client().close()
    assert key.exists()
    assert not world.audit.with_name("audit.pem").exists()


def test_the_log_s_usual_place_is_the_users_state_folder(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    world.client(audit_dir=None).close()
    assert (tmp_path / "state" / "trivium" / "audit" / "claims").is_dir()


def test_prices_may_be_overridden_without_a_release(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.client() as client:
        before = client.messages.create(**hello()).cost_usd
    from importlib import resources

    import yaml

    shipped = yaml.safe_load(
        resources.files("trivium.vocabulary").joinpath("catalogue.yaml").read_text()
    )
    for price in shipped["models"]["claude-sonnet-4-5"]["price"]:
        shipped["models"]["claude-sonnet-4-5"]["price"][price] *= 10
    path = tmp_path / "catalogue.yaml"
    path.write_text(yaml.safe_dump(shipped))
    monkeypatch.setenv("TRIVIUM_CATALOGUE", str(path))
    with world.client() as client:
        after = client.messages.create(**hello()).cost_usd
    assert before is not None
    assert after == pytest.approx(before * 10)


def test_prices_that_cannot_be_read_are_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVIUM_CATALOGUE", str(world.directory / "absent.yaml"))
    with pytest.raises(ConfigurationError, match="TRIVIUM_CATALOGUE"):
        world.client()


def test_credentials_of_a_cloud_that_there_is_not_are_refused(world: World) -> None:
    with pytest.raises(CredentialsError, match="bedrock"):
        world.client(credentials={"bedrock": BearerToken("x")})


LIMITS = [
    {"attempts_per_route": 0},
    {"timeout_s": -1},
    {"backoff_s": float("nan")},
    {"read_timeout_s": "soon"},
]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_a_limit_that_no_request_could_keep_is_refused_by_name(
    limits: dict[str, Any],
) -> None:
    with pytest.raises(RequestError, match=next(iter(limits))):
        Options(**limits)


# ---------------------------------------------------------------- names and imports

NAMES = {
    trivium: ["AsyncClient", "Client", "Message", "Options", "TriviumError"],
    trivium.client: [
        "AsyncClient",
        "AsyncMessageStream",
        "Client",
        "Message",
        "MessageStream",
        "Options",
    ],
    trivium.http: [
        "DRAIN_S",
        "FORKED",
        "MEANINGS",
        "Answer",
        "AsyncExchange",
        "AsyncPools",
        "Cause",
        "Connection",
        "NoAnswerError",
        "Readers",
        "Request",
        "SyncExchange",
        "SyncPools",
        "Trust",
        "async_pools",
        "once",
        "sync_pools",
    ],
    trivium.wire: ["ADAPTERS", "Adapter", "Place", "StreamDecoder", "WireRequest"],
    trivium.credentials: ["Authoriser", "AwsKeys", "BearerToken", "Sources", "sign"],
}


@pytest.mark.parametrize("module", NAMES, ids=lambda module: module.__name__)
def test_the_public_names_are_these_and_each_is_there(module: object) -> None:
    assert module.__all__ == NAMES[module]  # type: ignore[attr-defined, index]  # a module
    assert all(hasattr(module, name) for name in NAMES[module])  # type: ignore[index]  # a module


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Cleint"):
        trivium.Cleint  # noqa: B018 -- the access is the test


HEAVY = (
    "boto3",
    "botocore",
    "google.auth",
    "azure.identity",
    "pulumi",
    "anthropic",
    "requests",
    "httpx",
    "aiohttp",
    "asyncio",
    "ssl",
)


def _loaded(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_importing_trivium_imports_nothing_that_costs() -> None:
    assert not _loaded("import trivium") & {
        *HEAVY,
        "cryptography",
        "pyreqwest",
        "msgspec",
        "yaml",
    }


def test_the_client_imports_no_vendors_sdk() -> None:
    assert not _loaded("from trivium import Client") & set(HEAVY)
