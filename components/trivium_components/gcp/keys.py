"""The deployment's key in Cloud KMS: it signs descriptors."""

import pulumi
from pulumi_gcp import kms, projects

from trivium_components import naming
from trivium_components.component import Place


def signing_key(
    name: str,
    args: Place,
    signers: list[str],
    opts: pulumi.ResourceOptions,
    *,
    parent: pulumi.Resource,
) -> kms.CryptoKey:
    """An asymmetric key in an HSM, and its signers.

    Google Cloud can delete versions of a key, but neither keys nor key rings. The
    application may not use the key: it would sign the rules that govern it.
    """
    inside = pulumi.ResourceOptions(parent=parent)
    ring = _ring(name, args, opts, inside)
    key = kms.CryptoKey(
        f"{name}-signing",
        key_ring=ring.id,
        name="signing",
        purpose="ASYMMETRIC_SIGN",
        version_template=kms.CryptoKeyVersionTemplateArgs(
            algorithm="EC_SIGN_P256_SHA256", protection_level="HSM"
        ),
        labels=naming.labels(args["tags"]),
        opts=opts,
    )
    for index, signer in enumerate(signers):
        kms.CryptoKeyIAMMember(
            f"{name}-signer-{index}",
            crypto_key_id=key.id,
            role="roles/cloudkms.signerVerifier",
            member=signer,
            opts=inside,
        )
    return key


def _ring(
    name: str,
    args: Place,
    opts: pulumi.ResourceOptions,
    inside: pulumi.ResourceOptions,
) -> kms.KeyRing:
    """A key ring, in a project where Cloud KMS is enabled."""
    service = projects.Service(
        f"{name}-cloudkms",
        project=args["account"],
        service="cloudkms.googleapis.com",
        disable_on_destroy=False,  # others in the project may use it
        opts=inside,
    )
    return kms.KeyRing(
        f"{name}-ring",
        project=args["account"],
        location=args["region"],
        name=naming.dashed(args["environment"], "audit", limit=63),
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[service])
        ),
    )
