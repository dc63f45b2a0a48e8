"""The name that a cloud's component exports is the name that its signer takes, and
nobody else's."""

from typing import Any

import pulumi
import pytest

from tests.components.conftest import settings_with
from tests.components.recording import Recorder, record
from tests.credentials.kms.aws import AwsKms
from tests.credentials.kms.azure import KeyVault
from tests.credentials.kms.google import GoogleKms
from trivium.credentials import kms
from trivium.credentials.kms import AwsKmsKey, GoogleKmsKey, KeyVaultKey
from trivium.errors import CredentialsError

CLOUDS = {"aws": AwsKmsKey, "gcp": GoogleKmsKey, "azure": KeyVaultKey}


class RealIds(Recorder):
    """Gives the resources behind a signing key the ids and outputs that the providers
    give them.

    Sources: Pulumi registry, `gcp.kms.KeyRing` and `gcp.kms.CryptoKey` (their ids are
    resource names) and `aws.kms.Key` (`arn`); Azure REST API specifications,
    Microsoft.KeyVault 2022-07-01, example `createKey` (`keyUriWithVersion`, with its
    port); read 2026-11-23.
    """

    def new_resource(
        self, args: pulumi.runtime.MockResourceArgs
    ) -> tuple[str, dict[str, Any]]:
        made, outputs = super().new_resource(args)
        given = args.inputs
        match args.typ:
            case "aws:kms/key:Key":
                outputs["arn"] = (
                    "arn:aws:kms:us-east-1:111122223333:key/6b9e0b2c-2f0d-4c57-8c53-0f8a4c2b7d10"
                )
            case "gcp:kms/keyRing:KeyRing":
                made = (
                    f"projects/{given['project']}/locations/{given['location']}"
                    f"/keyRings/{given['name']}"
                )
            case "gcp:kms/cryptoKey:CryptoKey":
                made = f"{given['keyRing']}/cryptoKeys/{given['name']}"
            case "azure-native:keyvault:Vault":
                outputs["name"] = given["vaultName"]
            case "azure-native:keyvault:Key":
                address = (
                    f"https://{given['vaultName']}.vault.azure.net:443"
                    f"/keys/{given['keyName']}"
                )
                outputs["keyUriWithVersion"] = (
                    f"{address}/fd618d9519b74f9aae94ade66b876acc"
                )
        return made, outputs


def exported(cloud: str) -> str:
    """The `signing_key` of a cloud's part of a stack."""
    from importlib import import_module

    deploy = import_module(f"trivium_components.{cloud}.deployment").deploy
    result = record(
        lambda: deploy(settings_with(), signing_key=True), recorder=RealIds()
    ).result
    return str(result["signing_key"])


@pytest.mark.parametrize("cloud", CLOUDS)
def test_what_a_component_exports_is_taken_by_its_own_clouds_signer_alone(
    cloud: str,
) -> None:
    key = exported(cloud)
    assert [kind for kind in CLOUDS.values() if kind.names(key)] == [CLOUDS[cloud]]


@pytest.mark.parametrize(
    ("cloud", "stand_in"), [("aws", AwsKms), ("gcp", GoogleKms), ("azure", KeyVault)]
)
def test_the_stand_ins_key_has_the_exported_form(cloud: str, stand_in: Any) -> None:
    """What the other tests sign with is what a stack hands over: the same, but for
    names, ids and versions."""
    parts, expected = exported(cloud).split("/"), stand_in().name.split("/")
    assert len(parts) == len(expected)
    assert (":443" in exported(cloud)) == (":443" in stand_in().name)


def test_the_signer_is_chosen_by_the_form(service: Any) -> None:
    kind = {"AwsKms": AwsKmsKey, "GoogleKms": GoogleKmsKey, "KeyVault": KeyVaultKey}[
        type(service).__name__
    ]
    chosen: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        for cloud in CLOUDS.values():
            patch.setattr(
                cloud, "__init__", lambda self, *_, **__: chosen.append(type(self))
            )
        patch.setattr(kms, "ProvenSigner", lambda key: key)
        kms.signer(service.name)
    assert chosen == [kind]


NONE = {
    "nothing": "",
    "an unknown output": "[unknown]",
    "an alias's short name": "alias/signing",
    "a key id": "6b9e0b2c-2f0d-4c57-8c53-0f8a4c2b7d10",
    "another service's ARN": "arn:aws:s3:::bucket",
    "an ARN and more": "arn:aws:kms:us-east-1:111122223333:key/1 --profile other",
    "an ARN and a line break": "arn:aws:kms:us-east-1:111122223333:key/1\n",
    "an account in other digits": "arn:aws:kms:us-east-1:١١١١٢٢٢٢٣٣٣٣:key/1",
    "a Google key without its version": (
        "projects/p/locations/l/keyRings/r/cryptoKeys/k"
    ),
    "a Google key with a folder above": (
        "projects/../locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
    ),
    "a Google key with a query": (
        "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1?x=y"
    ),
    "a vault over http": (
        "http://acme.vault.azure.net/keys/signing/fd618d9519b74f9aae94ade66b876acc"
    ),
    "a vault at another port": (
        "https://acme.vault.azure.net:8443/keys/signing/fd618d9519b74f9aae94ade66b876acc"
    ),
    "a vault's secret": (
        "https://acme.vault.azure.net/secrets/signing/fd618d9519b74f9aae94ade66b876acc"
    ),
    "a vault's name in other letters": (
        "https://acme.managedh\u017fm.azure.net/keys/signing"
    ),
    "a stranger's host": (
        "https://acme.vault.azure.net.example.com/keys/signing/fd618d9519b74f9aae94ade66b876acc"
    ),
    "a file": "/etc/trivium/signing.pem",
}


@pytest.mark.parametrize("case", NONE)
def test_what_names_no_key_is_refused_and_the_three_forms_are_named(case: str) -> None:
    with pytest.raises(CredentialsError) as raised:
        kms.signer(NONE[case])
    text = str(raised.value)
    forms = (
        "arn:aws:kms:REGION:ACCOUNT:key/ID",
        "projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N",
        "https://VAULT.vault.azure.net/keys/NAME/VERSION",
    )
    assert all(form in text for form in forms)
    assert "nothing was asked or signed" in text


def test_a_long_text_in_a_keys_place_is_not_repeated() -> None:
    """Somebody will pass the private key itself."""
    pem = "-----BEGIN PRIVATE KEY-----\n" + "A" * 300 + "SECRET-END"
    with pytest.raises(CredentialsError) as raised:
        kms.signer(pem)
    assert "SECRET-END" not in str(raised.value)
