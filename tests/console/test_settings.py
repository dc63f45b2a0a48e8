"""A console behind a proxy: its settings, and the vendor's keys."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.console.test_identity import GOOD, IAP, KID, NOW, part, token
from trivium.cli.console import command
from trivium.console.assertion import AssertionRefusedError
from trivium.console.entrance import Person, ProxyEntrance
from trivium.console.keys import (
    KEPT_S,
    PAUSE_S,
    VendorKeys,
    key_set,
    load_balancer,
    read_key_set,
)
from trivium.console.settings import entrance, read_settings
from trivium.errors import ConfigurationError

PROXIES = {
    "aws": "{kind: aws-load-balancer, issuer: i, signer: 'arn:aws:elasticloadbalancing"
    ":eu-central-1:111122223333:loadbalancer/app/c/1'}",
    "iap": "{kind: iap, audience: /projects/1/global/backendServices/2}",
    "entra": "{kind: easy-auth, audience: app, tenant:"
    " aaaaaaaa-0000-0000-0000-000000000000}",
}


def settings(path: Path, proxy: str, rest: str) -> Path:
    file = path / "console.yaml"
    file.write_text(f"proxy: {proxy}\n{rest}")
    return file


@pytest.mark.parametrize("kind", PROXIES)
def test_a_console_without_an_assertion_lets_nobody_in(
    tmp_path: Path, kind: str
) -> None:
    rest = "hosts: [c.example]\npeople: {ann: owner}\n"
    read = read_settings(settings(tmp_path, PROXIES[kind], rest))
    assert entrance(read).person({}, {}) is None


@pytest.mark.parametrize(
    "rest",
    [
        "hosts: [c.example]\npeople: {}\n",
        "hosts: []\npeople: {ann: owner}\n",
        "hosts: ['*']\npeople: {ann: owner}\n",
        "hosts: [c.example]\npeople: {ann: king}\n",
        "hosts: [c.example]\npeople: {ann: owner}\nmore: 1\n",
        "hosts: [",
    ],
)
def test_settings_that_are_open_or_unclear_are_refused(
    tmp_path: Path, rest: str
) -> None:
    with pytest.raises(ConfigurationError):
        read_settings(settings(tmp_path, PROXIES["iap"], rest))


def test_only_people_with_a_role_come_in() -> None:
    _, name, header, claims = GOOD["iap"]
    headers = {name: token(header, claims)}
    for people, expected in (
        ({"ann": "auditor"}, Person(id="ann", role="auditor")),
        ({"bob": "owner"}, None),
    ):
        came = ProxyEntrance(IAP, people, clock=lambda: NOW)  # type: ignore[arg-type]  # a literal's role
        assert came.person(headers, {}) == expected


def test_a_key_set_is_fetched_once_and_again_after_a_day() -> None:
    key = rsa.generate_private_key(65537, 2048).public_key()
    numbers = key.public_numbers()
    n, e = (
        part(x.to_bytes(-(-x.bit_length() // 8), "big")) for x in (numbers.n, numbers.e)
    )
    content = f'{{"keys":[{{"kty":"RSA","kid":"k","n":"{n}","e":"{e}"}}]}}'.encode()
    asked: list[str] = []
    now = 0.0

    def fetch(address: str) -> bytes:
        asked.append(address)
        return content

    keys = VendorKeys(key_set("https://v.example"), fetch=fetch, clock=lambda: now)
    assert keys("k") == keys("k") == key
    assert len(asked) == 1
    for _ in range(3):
        with pytest.raises(AssertionRefusedError):
            keys("unknown")
    assert len(asked) == 1
    now = PAUSE_S
    with pytest.raises(AssertionRefusedError):
        keys("unknown")
    assert len(asked) == 2
    now = PAUSE_S + KEPT_S
    assert keys("k") == key
    assert len(asked) == 3


def test_a_load_balancers_key_has_an_address_of_its_own() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    known = {f"https://public-keys.auth.elb.eu-central-1.amazonaws.com/{KID}": pem}
    keys = VendorKeys(load_balancer("eu-central-1"), fetch=known.__getitem__)
    assert keys(KID) == key


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"keys":[{"kty":"RSA","kid":"k","n":1,"e":"!"}]}']
)
def test_what_is_not_a_key_set_is_refused(content: bytes) -> None:
    with pytest.raises(AssertionRefusedError):
        read_key_set(content)


@pytest.mark.parametrize(
    "arguments",
    [[], ["--reviewer", "ann", "--host", "0.0.0.0"]],
)
def test_the_console_starts_only_where_people_prove_who_they_are(
    tmp_path: Path, arguments: list[str]
) -> None:
    done = CliRunner().invoke(command, ["--audit", str(tmp_path), *arguments])
    assert done.exit_code == 2
