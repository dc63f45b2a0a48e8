"""Write-once storage for sealed audit segments.

Stages of the lock. `unlocked` already protects: the bucket has a retention policy for
the regime's full time, which an administrator can still shorten or remove. `locked`
locks that policy: nobody can shorten or remove it, including Google, and `pulumi
destroy` fails by design. Source: Cloud Storage, "Bucket Lock", read 2026-11-22.
"""

from typing import NotRequired, TypedDict

import pulumi
from pulumi_gcp import storage

from trivium.errors import ConfigurationError
from trivium_components import naming, offers
from trivium_components.component import kept, register
from trivium_components.gcp import keys
from trivium_components.retention import Lock, days, lock_from, lock_of, seconds


class GcpAuditStoreArgs(TypedDict):
    """Arguments of `GcpAuditStore`. For the type, see `component.py`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Google Cloud project id."""
    region: str
    """Region of the bucket."""
    retention_days: int
    """Days during which an object can be neither changed nor deleted."""
    lock: str
    """`unlocked` or `locked`; `locked` cannot be undone."""
    writer: pulumi.Input[str]
    """Member that may add segments, for example `serviceAccount:…`, such as
    `GcpIdentity.principal`."""
    signing_key: bool
    """Whether this cloud keeps the deployment's signing key."""
    signers: list[str]
    """Members that may sign with it, in addition to the project's owners."""
    encryption_key: NotRequired[str]
    """Id of an existing key in Cloud KMS that encrypts the bucket; Google's own keys,
    if not given or empty. Cloud Storage's service agent must be allowed to use it."""
    replica_region: NotRequired[str]
    """Second region of a dual-region bucket; one region, if not given or empty. The
    caller checks that it lies inside the residency zone."""
    tags: dict[str, str]
    """Tags of every resource, as labels."""


class GcpAuditStore(pulumi.ComponentResource):
    """A bucket with a retention policy.

    The application can add objects and do nothing else.
    """

    uri: pulumi.Output[str]
    """Where segments are written: `gs://bucket/trivium`."""
    store: pulumi.Output[str]
    """Name of the bucket."""
    encryption_key: pulumi.Output[str]
    """Id of the key that encrypts it; empty if Google's own keys do."""
    signing_key: pulumi.Output[str]
    """Version of the key that signs descriptors; empty if another cloud keeps it."""
    retention_days: pulumi.Output[int]
    """Days that objects are kept."""
    lock: pulumi.Output[str]
    """Stage of the deployed store's lock."""

    def __init__(
        self,
        name: str,
        args: GcpAuditStoreArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:GcpAuditStore", name, {}, opts)
        lock = lock_of(args["lock"])
        bucket = _bucket(name, args, kept(self, lock))
        # May create objects; may neither read, list, overwrite nor delete them.
        storage.BucketIAMMember(
            f"{name}-writer",
            bucket=bucket.name,
            role="roles/storage.objectCreator",
            member=args["writer"],
            opts=pulumi.ResourceOptions(parent=self),
        )

        self.uri = pulumi.Output.concat("gs://", bucket.name, "/trivium")
        self.store = bucket.name
        self.encryption_key = pulumi.Output.from_input(args.get("encryption_key", ""))
        self.signing_key = self._signing_key(name, args, lock)
        policy = bucket.retention_policy
        self.retention_days = policy.retention_period.apply(
            lambda period: days(int(period))
        )
        self.lock = policy.is_locked.apply(lambda locked: lock_from(bool(locked)))
        register(self)

    def _signing_key(
        self, name: str, args: GcpAuditStoreArgs, lock: Lock
    ) -> pulumi.Output[str]:
        """Version of the signing key, if this cloud keeps it."""
        if not args["signing_key"]:
            return pulumi.Output.from_input("")
        key = keys.signing_key(
            name, args, args["signers"], kept(self, lock), parent=self
        )
        return pulumi.Output.concat(key.id, "/cryptoKeyVersions/1")


def _bucket(
    name: str, args: GcpAuditStoreArgs, opts: pulumi.ResourceOptions
) -> storage.Bucket:
    """A private bucket whose objects are kept for the regime's time."""
    location, placement = _location(name, args)
    return storage.Bucket(
        f"{name}-bucket",
        project=args["account"],
        name=naming.bucket(args["environment"], args["account"], args["region"]),
        location=location,
        custom_placement_config=placement,
        encryption=_encryption(args),
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        force_destroy=False,
        retention_policy=storage.BucketRetentionPolicyArgs(
            retention_period=str(seconds(args["retention_days"])),
            is_locked=lock_of(args["lock"]) == "locked",
        ),
        labels=naming.labels({**args["tags"], **naming.AUDIT_STORE}),
        opts=opts,
    )


def _encryption(args: GcpAuditStoreArgs) -> storage.BucketEncryptionArgs | None:
    """The existing key, if there is one."""
    key = args.get("encryption_key")
    return storage.BucketEncryptionArgs(default_kms_key_name=key) if key else None


def _location(
    name: str, args: GcpAuditStoreArgs
) -> tuple[str, storage.BucketCustomPlacementConfigArgs | None]:
    """One region, or a multi-region and the two regions in it.

    In capitals, as the API answers: anything else would show as a change. Raises
    `ConfigurationError` for two regions without a dual-region.
    """
    region, replica = args["region"], args.get("replica_region", "")
    if not replica:
        return region.upper(), None
    location = offers.gcp_dual_region(region, replica)
    if not location or replica == region:
        raise ConfigurationError(
            f"`{name}`: `replica_region` is `{replica}`; expected another region of the"
            f" multi-region of `{region}`. Google Cloud has no dual-region bucket in"
            " these two.",
            next_step="Choose another region, or remove the argument.",
        )
    regions = [region.upper(), replica.upper()]
    return location, storage.BucketCustomPlacementConfigArgs(data_locations=regions)
