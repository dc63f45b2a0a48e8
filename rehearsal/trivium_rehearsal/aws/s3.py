"""Amazon S3: buckets and the side resources that configure them.

The inline settings of `Bucket` (versioning, encryption, …) are deprecated in pulumi-aws
7 in favour of the side resources; those that older programs use most are passed on to
the same calls.
"""

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.executed import Kind
from trivium_rehearsal.aws.names import named
from trivium_rehearsal.aws.s3_shapes import (
    GONE,
    HOSTED_ZONES,
    OBJECT_LOCK,
    encryption_to_cloud,
)
from trivium_rehearsal.aws.s3_sides import (
    BucketLifecycleConfiguration,
    BucketLogging,
    BucketObjectLockConfiguration,
    BucketOwnershipControls,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration,
    BucketVersioning,
    encryption_rules,
    has_object_lock,
    may_suspend_versioning,
)
from trivium_rehearsal.aws.shape import from_cloud, to_cloud
from trivium_rehearsal.aws.tags import as_pairs, from_pairs, told_tags, wanted_tags
from trivium_rehearsal.execution import Properties


class Bucket(Kind):
    """A bucket, with object lock where asked."""

    token = "aws:s3/bucket:Bucket"
    unread = ("forceDestroy", "bucketPrefix")

    def make(self, aws: Calls, inputs: Properties) -> str:
        name = named(self.token, inputs, "bucket", "bucketPrefix")
        aws(
            "s3.create_bucket",
            Bucket=name,
            ObjectLockEnabledForBucket=_lock_wanted(inputs) or None,
            CreateBucketConfiguration=_location(aws.region),
        )
        return name

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        if wanted_tags(inputs):
            self._tag(aws, id, inputs)
        self._inline(aws, id, inputs)

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        head = aws.maybe("s3.head_bucket", *GONE, Bucket=id)
        if head is None:
            return None
        location = aws("s3.get_bucket_location", Bucket=id).get("LocationConstraint")
        enabled = has_object_lock(aws, id)
        tagging = (
            aws.maybe("s3.get_bucket_tagging", "NoSuchTagSet", *GONE, Bucket=id) or {}
        )
        region = location or "us-east-1"
        return {
            "bucket": id,
            "arn": f"arn:aws:s3:::{id}",
            "bucketDomainName": f"{id}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{id}.s3.{region}.amazonaws.com",
            "bucketRegion": region,
            "hostedZoneId": HOSTED_ZONES.get(region, ""),
            "objectLockEnabled": enabled,
            **told_tags(from_pairs(tagging.get("TagSet")), known),
            **self._look_inline(aws, id, known),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        self._tag(aws, id, inputs)
        self._inline(aws, id, inputs)
        if state.get("policy") and not inputs.get("policy"):
            aws.maybe("s3.delete_bucket_policy", *GONE, Bucket=id)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        if state.get("forceDestroy"):
            _empty(aws, id)
        aws.maybe("s3.delete_bucket", *GONE, Bucket=id)

    def _tag(self, aws: Calls, id: str, inputs: Properties) -> None:
        if tags := wanted_tags(inputs):
            aws("s3.put_bucket_tagging", Bucket=id, Tagging={"TagSet": as_pairs(tags)})
        else:
            aws.maybe("s3.delete_bucket_tagging", *GONE, Bucket=id)

    def _inline(self, aws: Calls, id: str, inputs: Properties) -> None:
        """The deprecated inline settings that are still common."""
        if versioning := inputs.get("versioning"):
            status = "Enabled" if versioning.get("enabled") else "Suspended"
            if status == "Suspended":
                may_suspend_versioning(aws, self.token, id)
            aws(
                "s3.put_bucket_versioning",
                Bucket=id,
                VersioningConfiguration={"Status": status},
            )
        if encryption := inputs.get("serverSideEncryptionConfiguration"):
            rules = [encryption_to_cloud(encryption["rule"])]
            aws(
                "s3.put_bucket_encryption",
                Bucket=id,
                ServerSideEncryptionConfiguration={"Rules": rules},
            )
        if policy := inputs.get("policy"):
            aws("s3.put_bucket_policy", Bucket=id, Policy=policy)
        if (lock := inputs.get("objectLockConfiguration")) and lock.get("rule"):
            aws(
                "s3.put_object_lock_configuration",
                Bucket=id,
                ObjectLockConfiguration=to_cloud(OBJECT_LOCK, lock),
            )

    def _look_inline(self, aws: Calls, id: str, known: Properties) -> Properties:
        """Only what the program itself set inline: the side resources answer for the
        rest."""
        told: Properties = {}
        if known.get("versioning"):
            status = aws("s3.get_bucket_versioning", Bucket=id).get("Status")
            told["versioning"] = {"enabled": status == "Enabled"}
        if known.get("serverSideEncryptionConfiguration"):
            rules = encryption_rules(aws, id)
            told["serverSideEncryptionConfiguration"] = {
                "rule": rules[0] if rules else {}
            }
        if known.get("policy"):
            answer = (
                aws.maybe(
                    "s3.get_bucket_policy", "NoSuchBucketPolicy", *GONE, Bucket=id
                )
                or {}
            )
            told["policy"] = answer.get("Policy", "")
        if known.get("objectLockConfiguration"):
            answer = aws("s3.get_object_lock_configuration", Bucket=id)
            told["objectLockConfiguration"] = from_cloud(
                OBJECT_LOCK, answer["ObjectLockConfiguration"]
            )
        return told


def _lock_wanted(inputs: Properties) -> bool:
    inline = inputs.get("objectLockConfiguration") or {}
    return (
        bool(inputs.get("objectLockEnabled"))
        or inline.get("objectLockEnabled") == "Enabled"
    )


def _location(region: str) -> dict[str, str] | None:
    """us-east-1 must not be named as a location (S3 API reference, CreateBucket)."""
    return None if region == "us-east-1" else {"LocationConstraint": region}


def _empty(aws: Calls, bucket: str) -> None:
    """Delete every version and marker, page by page, as `forceDestroy` does. Locked
    versions stay, and S3 says so."""
    page: Properties | None = {}
    while page is not None:
        page = aws.maybe("s3.list_object_versions", *GONE, Bucket=bucket)
        entries = (
            [*page.get("Versions", ()), *page.get("DeleteMarkers", ())] if page else []
        )
        if not entries:
            return
        objects = [
            {"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries
        ]
        failed = aws(
            "s3.delete_objects", Bucket=bucket, Delete={"Objects": objects}
        ).get("Errors")
        if failed:
            # delete_bucket then answers BucketNotEmpty, which is what the provider
            # would report
            return


KINDS: tuple[type[Kind], ...] = (
    Bucket,
    BucketVersioning,
    BucketObjectLockConfiguration,
    BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration,
    BucketPolicy,
    BucketLifecycleConfiguration,
    BucketOwnershipControls,
    BucketLogging,
)
