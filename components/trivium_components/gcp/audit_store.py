"""Write-once storage for sealed audit segments, and the key that signs descriptors.

Staging the lock. `unlocked` already protects: a retention policy for the regime's full
time, which an administrator can still shorten or remove. `locked` locks that policy:
nobody can, Google included, and `pulumi destroy` fails by design. Source: Cloud
Storage, "Bucket Lock", read 2026-11-22.
"""

from typing import TypedDict

import pulumi
from pulumi_gcp import kms, projects, storage

from trivium_components import naming
from trivium_components.retention import days, lock_of, seconds


class GcpAuditStoreArgs(TypedDict):
    """What `GcpAuditStore` needs."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Google Cloud project id."""
    region: str
    """Region of the bucket."""
    retention_days: int
    """Days that an object can be neither changed nor deleted."""
    lock: str
    """`unlocked` or `locked`; `locked` cannot be undone."""
    writer: pulumi.Input[str]
    """Member who may add segments, `serviceAccount:…` for one, such as
    `GcpIdentity.principal`."""
    signing_key: bool
    """Whether this cloud keeps the deployment's signing key."""
    signers: list[str]
    """Members who may sign with it, beside the project's owners."""
    tags: dict[str, str]
    """Tags of every resource, as labels."""


class GcpAuditStore(pulumi.ComponentResource):
    """A bucket with a retention policy that the application can add to and nothing
    more."""

    uri: pulumi.Output[str]
    """Where segments go: `gs://bucket/trivium`."""
    store: pulumi.Output[str]
    """The bucket."""
    encryption_key: pulumi.Output[str]
    """Empty: Google's own keys encrypt it in this version."""
    signing_key: pulumi.Output[str]
    """Version of the key that signs descriptors; empty when another cloud keeps it."""
    retention_days: pulumi.Output[int]
    """Days that objects are kept."""
    lock: pulumi.Output[str]
    """The stage the store really is in."""

    def __init__(
        self,
        name: str,
        args: GcpAuditStoreArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:GcpAuditStore", name, {}, opts)
        locked = lock_of(args["lock"]) == "locked"
        kept = pulumi.ResourceOptions(
            parent=self, protect=locked, retain_on_delete=locked
        )
        bucket = storage.Bucket(
            f"{name}-bucket",
            project=args["account"],
            name=naming.bucket(args["environment"], args["account"], args["region"]),
            # The API answers in capitals; anything else would show as a change.
            location=args["region"].upper(),
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            force_destroy=False,
            retention_policy=storage.BucketRetentionPolicyArgs(
                retention_period=str(seconds(args["retention_days"])), is_locked=locked
            ),
            labels=naming.labels({**args["tags"], **naming.AUDIT_STORE}),
            opts=kept,
        )
        # May create objects; may neither read, list, overwrite nor delete them.
        storage.BucketIAMMember(
            f"{name}-writer",
            bucket=bucket.name,
            role="roles/storage.objectCreator",
            member=args["writer"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        signing_key = (
            self._signing_key(name, args, kept)
            if args["signing_key"]
            else pulumi.Output.from_input("")
        )
        self.uri = pulumi.Output.concat("gs://", bucket.name, "/trivium")
        self.store = bucket.name
        self.encryption_key = pulumi.Output.from_input("")
        self.signing_key = signing_key
        self.retention_days = bucket.retention_policy.apply(
            lambda policy: days(int(policy.retention_period))
        )
        self.lock = bucket.retention_policy.apply(
            lambda policy: "locked" if policy.is_locked else "unlocked"
        )
        self.register_outputs(
            {
                "uri": self.uri,
                "store": self.store,
                "encryption_key": self.encryption_key,
                "signing_key": self.signing_key,
                "retention_days": self.retention_days,
                "lock": self.lock,
            }
        )

    def _signing_key(
        self, name: str, args: GcpAuditStoreArgs, kept: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """An asymmetric key in an HSM. Key rings and keys cannot be deleted from Google
        Cloud, only their versions.

        The application may not use it: it would sign what governs it.
        """
        service = projects.Service(
            f"{name}-cloudkms",
            project=args["account"],
            service="cloudkms.googleapis.com",
            disable_on_destroy=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        ring = kms.KeyRing(
            f"{name}-ring",
            project=args["account"],
            location=args["region"],
            name=naming.dashed(args["environment"], "audit", limit=63),
            opts=pulumi.ResourceOptions.merge(
                kept, pulumi.ResourceOptions(depends_on=[service])
            ),
        )
        key = kms.CryptoKey(
            f"{name}-signing",
            key_ring=ring.id,
            name="signing",
            purpose="ASYMMETRIC_SIGN",
            version_template=kms.CryptoKeyVersionTemplateArgs(
                algorithm="EC_SIGN_P256_SHA256", protection_level="HSM"
            ),
            labels=naming.labels(args["tags"]),
            opts=kept,
        )
        for index, signer in enumerate(args["signers"]):
            kms.CryptoKeyIAMMember(
                f"{name}-signer-{index}",
                crypto_key_id=key.id,
                role="roles/cloudkms.signerVerifier",
                member=signer,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return pulumi.Output.concat(key.id, "/cryptoKeyVersions/1")
