"""What only Azure's key service does: versions that are current, raw signatures, a
scope for each cloud."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from tests.credentials.kms.azure import (
    OF_FOUNDRY,
    OLD_VERSION,
    TOKEN,
    VAULT,
    VERSION,
    KeyVault,
    base64url,
    octets,
)
from tests.credentials.kms.standing_in import Kept
from trivium.credentials import BearerToken, entra
from trivium.credentials.kms import KeyVaultKey, ProvenSigner
from trivium.errors import CredentialsError

Answer = dict[str, Any]


def test_an_id_without_a_version_means_the_one_that_is_current(vault: KeyVault) -> None:
    signer = vault.signer(f"{VAULT}/keys/signing")
    assert signer.name == f"{VAULT}/keys/signing/{VERSION}"
    assert signer.public_pem == vault.public_pem


def test_a_rotation_after_the_public_half_was_read_changes_nothing(
    vault: KeyVault,
) -> None:
    signer = vault.signer(f"{VAULT}/keys/signing")
    vault.keys["signing", "f" * 32] = Kept(
        ec.generate_private_key(ec.SECP256R1()), "P-256"
    )
    signer.sign(b"a descriptor")
    assert vault.requests[-1].path == f"/keys/signing/{VERSION}/sign"


def test_an_older_version_signs_when_it_is_named(vault: KeyVault) -> None:
    signer = vault.signer(f"{VAULT}/keys/signing/{OLD_VERSION}")
    signer.sign(b"a descriptor")
    assert signer.public_pem != vault.public_pem


@pytest.mark.parametrize(
    "written",
    [
        f"{VAULT}/keys/signing/{VERSION}",
        f"{VAULT}:443/keys/signing/{VERSION}",
        f"{VAULT.upper().replace('HTTPS', 'https')}/keys/signing/{VERSION}",
    ],
)
def test_an_id_means_the_same_with_its_port_and_in_whatever_case(
    vault: KeyVault, written: str
) -> None:
    signer = vault.signer(written)
    signer.sign(b"a descriptor")
    assert signer.name.lower() == f"{VAULT}/keys/signing/{VERSION}"


SCOPES = {
    "acme.vault.azure.net": "https://vault.azure.net/.default",
    "acme.managedhsm.azure.net": "https://managedhsm.azure.net/.default",
    "acme.vault.azure.cn": "https://vault.azure.cn/.default",
    "acme.managedhsm.azure.cn": "https://managedhsm.azure.cn/.default",
    "acme.vault.usgovcloudapi.net": "https://vault.usgovcloudapi.net/.default",
    "acme.managedhsm.usgovcloudapi.net": (
        "https://managedhsm.usgovcloudapi.net/.default"
    ),
    "ACME.VAULT.AZURE.NET": "https://vault.azure.net/.default",
}


@pytest.mark.parametrize("host", SCOPES)
def test_a_token_is_asked_for_the_vaults_own_cloud(
    vault: KeyVault, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        entra,
        "source",
        lambda scope: asked.append(scope) or (lambda: BearerToken(TOKEN)),
    )
    key = f"https://{host}/keys/signing/{VERSION}"
    vault.spoil = lambda _, answer: answer["key"].update(kid=key)
    KeyVaultKey(key, endpoint=vault.url)
    assert asked == [SCOPES[host]]


def test_a_token_of_another_audience_is_told_what_it_lacks(
    vault: KeyVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a machine meets on which AZURE_ACCESS_TOKEN holds the token of the Foundry
    route."""
    monkeypatch.setenv("AZURE_ACCESS_TOKEN", OF_FOUNDRY)
    with pytest.raises(
        CredentialsError,
        match=r"scope https://vault.azure.net/.default .* AZURE_ACCESS_TOKEN",
    ):
        KeyVaultKey(vault.name, endpoint=vault.url)


def test_tokens_come_from_where_the_routes_tokens_do(
    vault: KeyVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_ACCESS_TOKEN", TOKEN)
    assert (
        ProvenSigner(KeyVaultKey(vault.name, endpoint=vault.url)).public_pem
        == vault.public_pem
    )


def test_a_vault_that_admits_only_its_subnet_says_from_where_to_sign(
    vault: KeyVault,
) -> None:
    vault.firewall = True
    with pytest.raises(
        CredentialsError,
        match=r"ForbiddenByFirewall.*Sign from the network that the vault admits",
    ):
        vault.signer()


def test_a_key_that_is_disabled_after_its_public_half_was_read_signs_nothing(
    vault: KeyVault,
) -> None:
    signer = vault.signer()
    vault.keys["signing", VERSION].enabled = False
    with pytest.raises(
        CredentialsError,
        match=r"403 Forbidden, KeyDisabled.*az keyvault key set-attributes",
    ):
        signer.sign(b"a descriptor")


def test_managed_hsm_has_a_role_of_its_own(vault: KeyVault) -> None:
    vault.forbid()
    with pytest.raises(CredentialsError, match="`Managed HSM Crypto User`"):
        vault.signer(f"https://acme.managedhsm.azure.net/keys/signing/{VERSION}")


def test_a_key_that_is_for_something_else_is_refused(vault: KeyVault) -> None:
    vault.operations = ["verify"]
    with pytest.raises(CredentialsError, match="is for verify, expected for sign"):
        vault.signer()


def test_the_digest_is_sent_as_the_vault_wants_it(vault: KeyVault) -> None:
    vault.signer().sign(b"a descriptor")
    asked = json.loads(vault.requests[-1].body)
    assert asked["alg"] == "ES256"
    assert "=" not in asked["value"]
    assert vault.requests[-1].query == {"api-version": "7.4"}


SPOILT = {
    "too short": (
        lambda answer: answer.update(value=base64url(bytes(63))),
        "63 bytes in base64url",
    ),
    "too long": (
        lambda answer: answer.update(value=base64url(bytes(65))),
        "65 bytes in base64url",
    ),
    "not base64url": (
        lambda answer: answer.update(value="+/" * 43),
        "0 bytes in base64url",
    ),
    "DER": (
        lambda answer: answer.update(
            value=base64url(bytes.fromhex("3006020101020101"))
        ),
        "8 bytes in base64url",
    ),
    "of zeros": (
        lambda answer: answer.update(value=base64url(bytes(64))),
        "does not hold",
    ),
    "of another version": (
        lambda answer: answer.update(kid=answer["kid"][:-1] + "d"),
        "`kid` is",
    ),
    "of another vault": (
        lambda answer: answer.update(kid=answer["kid"].replace("trivium", "strange")),
        "`kid` is `https://strange",
    ),
    "of a stranger": (
        lambda answer: answer.update(kid="https://example.com/keys/signing/" + VERSION),
        "`kid` is `https://example.com",
    ),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_signature_of_another_shape_or_origin_is_refused(
    vault: KeyVault, case: str
) -> None:
    change, words = SPOILT[case]
    signer = vault.signer()
    vault.spoil = lambda _, answer: change(answer)
    with pytest.raises(CredentialsError) as raised:
        signer.sign(b"a descriptor")
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "kid",
    ["https://example.com/keys/signing/" + VERSION, f"{VAULT}/keys/signing", "signing"],
)
@pytest.mark.parametrize(
    "named", [f"{VAULT}/keys/signing", f"{VAULT}/keys/signing/{VERSION}"]
)
def test_a_public_half_of_another_key_is_refused(
    vault: KeyVault, named: str, kid: str
) -> None:
    vault.spoil = lambda _, answer: answer["key"].update(kid=kid)
    with pytest.raises(CredentialsError, match="`kid` is"):
        vault.signer(named)


@pytest.mark.parametrize("part", [0, 1])
def test_a_half_of_the_signature_that_begins_with_zeros_is_carried_over(
    vault: KeyVault, part: int
) -> None:
    """r and s are 32 bytes each, whatever their size; DER writes them as short as they
    are."""
    signer = vault.signer()
    private = vault.keys["signing", VERSION].private
    assert isinstance(private, ec.EllipticCurvePrivateKey)

    def until_short(_: str, answer: Answer) -> None:
        digest = base64.urlsafe_b64decode(
            json.loads(vault.requests[-1].body)["value"] + "="
        )
        halves = (1 << 256, 1 << 256)
        while halves[part] >= 1 << 248:
            halves = decode_dss_signature(
                private.sign(digest, ec.ECDSA(Prehashed(SHA256())))
            )
        answer["value"] = base64url(b"".join(map(octets, halves)))

    vault.spoil = until_short
    assert decode_dss_signature(signer.sign(b"a descriptor"))[part] < 1 << 248


def test_a_token_never_goes_to_a_host_that_is_no_vault() -> None:
    """`names` decides; what it does not know is refused before a token is fetched."""
    for host in (
        "vault.azure.net.example.com",
        "acme.vault.azure.net@example.com",
        "acme.example.com",
        "vault.azure.net",
    ):
        assert not KeyVaultKey.names(f"https://{host}/keys/signing/{VERSION}")
    with pytest.raises(CredentialsError, match="is not a key of Azure Key Vault"):
        KeyVaultKey(f"https://acme.example.com/keys/signing/{VERSION}")
