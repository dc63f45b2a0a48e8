"""Amazon S3: buckets and the side resources that configure them.

The inline settings of `Bucket` (versioning, encryption, …) are deprecated in pulumi-aws
7 in favour of the side resources; those that older programs use most are passed on to
the same calls.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.executed import Kind
from trivium_rehearsal.aws.names import named
from trivium_rehearsal.aws.shape import Shape, from_cloud, to_cloud
from trivium_rehearsal.aws.tags import as_pairs, from_pairs, told_tags, wanted_tags
from trivium_rehearsal.execution import Properties

_GONE = ("NoSuchBucket", "404", "NotFound")

HOSTED_ZONES: Mapping[str, str] = {
    "us-east-1": "Z3AQBSTGFYJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
    "eu-central-1": "Z21DNDUVLTQW6Q",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
    "eu-west-3": "Z3R1K369G5AVDG",
    "eu-north-1": "Z3BAZG2TWCNX0D",
}
"""Hosted zones of S3 website endpoints (AWS General Reference, "Amazon S3 endpoints and
quotas"). No API tells them; the provider carries the same table."""

_OBJECT_LOCK: Shape = {
    "objectLockEnabled": "ObjectLockEnabled",
    "rule": (
        "Rule",
        {
            "defaultRetention": (
                "DefaultRetention",
                {"mode": "Mode", "days": "Days", "years": "Years"},
            )
        },
    ),
}
_ENCRYPTION_RULE: Shape = {
    "applyServerSideEncryptionByDefault": (
        "ApplyServerSideEncryptionByDefault",
        {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"},
    ),
    "bucketKeyEnabled": "BucketKeyEnabled",
}
_TRANSITION: Shape = {"storageClass": "StorageClass", "date": "Date", "days": "Days"}
_NONCURRENT: Shape = {
    "noncurrentDays": "NoncurrentDays",
    "newerNoncurrentVersions": "NewerNoncurrentVersions",
    "storageClass": "StorageClass",
}
_SIZES: Shape = {
    "objectSizeGreaterThan": "ObjectSizeGreaterThan",
    "objectSizeLessThan": "ObjectSizeLessThan",
}
_LIFECYCLE_RULE: Shape = {
    "id": "ID",
    "status": "Status",
    "prefix": "Prefix",
    "filter": (
        "Filter",
        {
            **_SIZES,
            "prefix": "Prefix",
            "tag": ("Tag", {"key": "Key", "value": "Value"}),
            "and": ("And", {**_SIZES, "prefix": "Prefix", "tags": "Tags"}),
        },
    ),
    "expiration": (
        "Expiration",
        {
            "date": "Date",
            "days": "Days",
            "expiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
        },
    ),
    "abortIncompleteMultipartUpload": (
        "AbortIncompleteMultipartUpload",
        {"daysAfterInitiation": "DaysAfterInitiation"},
    ),
    "transitions": ("Transitions", _TRANSITION),
    "noncurrentVersionExpiration": ("NoncurrentVersionExpiration", _NONCURRENT),
    "noncurrentVersionTransitions": ("NoncurrentVersionTransitions", _NONCURRENT),
}
_PUBLIC_ACCESS: Shape = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}
_LOGGING: Shape = {
    "targetBucket": "TargetBucket",
    "targetPrefix": "TargetPrefix",
    "targetGrants": (
        "TargetGrants",
        {
            "grantee": (
                "Grantee",
                {
                    "id": "ID",
                    "type": "Type",
                    "uri": "URI",
                    "displayName": "DisplayName",
                    "emailAddress": "EmailAddress",
                },
            ),
            "permission": "Permission",
        },
    ),
    "targetObjectKeyFormat": (
        "TargetObjectKeyFormat",
        {
            "partitionedPrefix": (
                "PartitionedPrefix",
                {"partitionDateSource": "PartitionDateSource"},
            ),
            "simplePrefix": ("SimplePrefix", {}),
        },
    ),
}


def _encryption_to_cloud(rule: Properties) -> Properties:
    """One rule; S3 wraps the blocked types in an object of their own."""
    spelled: Properties = to_cloud(_ENCRYPTION_RULE, rule)
    if blocked := rule.get("blockedEncryptionTypes"):
        spelled["BlockedEncryptionTypes"] = {"EncryptionType": blocked}
    return spelled


def _encryption_from_cloud(rule: Properties) -> Properties:
    spelled: Properties = from_cloud(_ENCRYPTION_RULE, rule)
    if blocked := (rule.get("BlockedEncryptionTypes") or {}).get("EncryptionType"):
        spelled["blockedEncryptionTypes"] = blocked
    return spelled


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
        head = aws.maybe("s3.head_bucket", *_GONE, Bucket=id)
        if head is None:
            return None
        location = aws("s3.get_bucket_location", Bucket=id).get("LocationConstraint")
        lock = aws.maybe(
            "s3.get_object_lock_configuration",
            "ObjectLockConfigurationNotFoundError",
            *_GONE,
            Bucket=id,
        )
        enabled = (lock or {}).get("ObjectLockConfiguration", {}).get(
            "ObjectLockEnabled"
        ) == "Enabled"
        tagging = (
            aws.maybe("s3.get_bucket_tagging", "NoSuchTagSet", *_GONE, Bucket=id) or {}
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
            aws.maybe("s3.delete_bucket_policy", *_GONE, Bucket=id)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        if state.get("forceDestroy"):
            _empty(aws, id)
        aws.maybe("s3.delete_bucket", *_GONE, Bucket=id)

    def _tag(self, aws: Calls, id: str, inputs: Properties) -> None:
        if tags := wanted_tags(inputs):
            aws("s3.put_bucket_tagging", Bucket=id, Tagging={"TagSet": as_pairs(tags)})
        else:
            aws.maybe("s3.delete_bucket_tagging", *_GONE, Bucket=id)

    def _inline(self, aws: Calls, id: str, inputs: Properties) -> None:
        """The deprecated inline settings that are still common."""
        if versioning := inputs.get("versioning"):
            status = "Enabled" if versioning.get("enabled") else "Suspended"
            aws(
                "s3.put_bucket_versioning",
                Bucket=id,
                VersioningConfiguration={"Status": status},
            )
        if encryption := inputs.get("serverSideEncryptionConfiguration"):
            rules = [_encryption_to_cloud(encryption["rule"])]
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
                ObjectLockConfiguration=to_cloud(_OBJECT_LOCK, lock),
            )

    def _look_inline(self, aws: Calls, id: str, known: Properties) -> Properties:
        """Only what the program itself set inline: the side resources answer for the
        rest."""
        told: Properties = {}
        if known.get("versioning"):
            status = aws("s3.get_bucket_versioning", Bucket=id).get("Status")
            told["versioning"] = {"enabled": status == "Enabled"}
        if known.get("serverSideEncryptionConfiguration"):
            rules = _encryption_rules(aws, id)
            told["serverSideEncryptionConfiguration"] = {
                "rule": rules[0] if rules else {}
            }
        if known.get("policy"):
            answer = (
                aws.maybe(
                    "s3.get_bucket_policy", "NoSuchBucketPolicy", *_GONE, Bucket=id
                )
                or {}
            )
            told["policy"] = answer.get("Policy", "")
        if known.get("objectLockConfiguration"):
            answer = aws("s3.get_object_lock_configuration", Bucket=id)
            told["objectLockConfiguration"] = from_cloud(
                _OBJECT_LOCK, answer["ObjectLockConfiguration"]
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
        page = aws.maybe("s3.list_object_versions", *_GONE, Bucket=bucket)
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


class _OfBucket(Kind):
    """A side resource: one setting of a bucket, whose id is the bucket's name."""

    gone: ClassVar[tuple[str, ...]] = ()
    """Codes that mean the bucket has no such setting."""

    def make(self, aws: Calls, inputs: Properties) -> str:
        self.put(aws, inputs)
        return str(inputs["bucket"])

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        self.put(aws, inputs)

    def put(self, aws: Calls, inputs: Properties) -> None:
        """Send the whole setting; S3 replaces what was there."""
        raise NotImplementedError

    def ask(self, aws: Calls, operation: str, id: str) -> Any:
        return aws.maybe(operation, *self.gone, *_GONE, Bucket=_bucket(id))


def _bucket(id: str) -> str:
    """The bucket's name; with `expectedBucketOwner` an imported id is
    ``bucket,owner``."""
    return id.partition(",")[0]


class BucketVersioning(_OfBucket):
    """Versioning: enabled or suspended."""

    token = "aws:s3/bucketVersioning:BucketVersioning"
    unread = ("expectedBucketOwner", "mfa")

    def put(self, aws: Calls, inputs: Properties) -> None:
        wanted = inputs["versioningConfiguration"]
        configuration = to_cloud(
            {"status": "Status"}, wanted
        )  # without a device, S3 refuses any word on MFA
        if (
            wanted.get("status") == "Disabled"
        ):  # the provider's word for "never enabled", not one of S3's
            return
        aws(
            "s3.put_bucket_versioning",
            Bucket=inputs["bucket"],
            VersioningConfiguration=configuration,
        )

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = self.ask(aws, "s3.get_bucket_versioning", id)
        if answer is None:
            return None
        told = from_cloud({"status": "Status"}, answer)
        return {
            "bucket": _bucket(id),
            "versioningConfiguration": {"status": "Disabled", **told},
        }

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        """Versioning can only be suspended; a bucket with object lock keeps it, as the
        provider also does."""
        if self.ask(aws, "s3.get_object_lock_configuration", id) is not None:
            return
        suspended = {"Status": "Suspended"}
        aws.maybe(
            "s3.put_bucket_versioning",
            *_GONE,
            Bucket=_bucket(id),
            VersioningConfiguration=suspended,
        )

    gone = ("ObjectLockConfigurationNotFoundError",)


class BucketObjectLockConfiguration(_OfBucket):
    """The default retention of a bucket with object lock."""

    token = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    unread = ("expectedBucketOwner", "token")
    gone = ("ObjectLockConfigurationNotFoundError",)

    def put(self, aws: Calls, inputs: Properties) -> None:
        configuration = to_cloud(
            _OBJECT_LOCK, {"objectLockEnabled": "Enabled", **inputs}
        )
        aws(
            "s3.put_object_lock_configuration",
            Bucket=inputs["bucket"],
            ObjectLockConfiguration=configuration,
            Token=inputs.get("token"),
        )

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = self.ask(aws, "s3.get_object_lock_configuration", id)
        configuration = from_cloud(
            _OBJECT_LOCK, (answer or {}).get("ObjectLockConfiguration", {})
        )
        if not configuration or (known.get("rule") and not configuration.get("rule")):
            # object lock itself stays for ever: without its rule, this resource is gone
            return None
        return {"bucket": _bucket(id), **configuration}

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        """Object lock stays for ever; only the default retention for new objects
        goes."""
        none = {"ObjectLockEnabled": "Enabled"}
        aws.maybe(
            "s3.put_object_lock_configuration",
            *self.gone,
            *_GONE,
            Bucket=_bucket(id),
            ObjectLockConfiguration=none,
        )


class BucketPublicAccessBlock(_OfBucket):
    """The four switches against public access."""

    token = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    unread = ("skipDestroy",)
    gone = ("NoSuchPublicAccessBlockConfiguration",)

    def put(self, aws: Calls, inputs: Properties) -> None:
        configuration = {
            **dict.fromkeys(_PUBLIC_ACCESS.values(), False),
            **to_cloud(_PUBLIC_ACCESS, inputs),
        }
        aws(
            "s3.put_public_access_block",
            Bucket=inputs["bucket"],
            PublicAccessBlockConfiguration=configuration,
        )

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = self.ask(aws, "s3.get_public_access_block", id)
        if answer is None:
            return None
        return {
            "bucket": _bucket(id),
            **from_cloud(_PUBLIC_ACCESS, answer["PublicAccessBlockConfiguration"]),
        }

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        if not state.get("skipDestroy"):
            self.ask(aws, "s3.delete_public_access_block", id)


class BucketServerSideEncryptionConfiguration(_OfBucket):
    """Default encryption."""

    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    unread = ("expectedBucketOwner",)
    gone = ("ServerSideEncryptionConfigurationNotFoundError",)

    def put(self, aws: Calls, inputs: Properties) -> None:
        rules = [_encryption_to_cloud(rule) for rule in inputs["rules"]]
        aws(
            "s3.put_bucket_encryption",
            Bucket=inputs["bucket"],
            ServerSideEncryptionConfiguration={"Rules": rules},
        )

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        rules = _encryption_rules(aws, _bucket(id))
        return None if rules is None else {"bucket": _bucket(id), "rules": rules}

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        self.ask(aws, "s3.delete_bucket_encryption", id)


def _encryption_rules(aws: Calls, bucket: str) -> list[Properties] | None:
    code = "ServerSideEncryptionConfigurationNotFoundError"
    answer = aws.maybe("s3.get_bucket_encryption", code, *_GONE, Bucket=bucket)
    if answer is None:
        return None
    return [
        _encryption_from_cloud(rule)
        for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]
    ]


class BucketPolicy(_OfBucket):
    """The bucket's resource policy."""

    token = "aws:s3/bucketPolicy:BucketPolicy"
    gone = ("NoSuchBucketPolicy",)

    def put(self, aws: Calls, inputs: Properties) -> None:
        aws("s3.put_bucket_policy", Bucket=inputs["bucket"], Policy=inputs["policy"])

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = self.ask(aws, "s3.get_bucket_policy", id)
        return None if answer is None else {"bucket": id, "policy": answer["Policy"]}

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        self.ask(aws, "s3.delete_bucket_policy", id)


class BucketLifecycleConfiguration(_OfBucket):
    """Expiry and transitions."""

    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    unread = ("expectedBucketOwner",)
    gone = ("NoSuchLifecycleConfiguration",)

    def put(self, aws: Calls, inputs: Properties) -> None:
        rules = [_rule_to_cloud(rule) for rule in inputs.get("rules", ())]
        aws(
            "s3.put_bucket_lifecycle_configuration",
            Bucket=inputs["bucket"],
            LifecycleConfiguration={"Rules": rules},
            TransitionDefaultMinimumObjectSize=inputs.get(
                "transitionDefaultMinimumObjectSize"
            ),
        )

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = self.ask(aws, "s3.get_bucket_lifecycle_configuration", id)
        if answer is None:
            return None
        size = answer.get("TransitionDefaultMinimumObjectSize")
        told: Properties = {
            "bucket": _bucket(id),
            "rules": [_rule_from_cloud(rule) for rule in answer["Rules"]],
        }
        return (
            told
            if size is None
            else {**told, "transitionDefaultMinimumObjectSize": size}
        )

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        self.ask(aws, "s3.delete_bucket_lifecycle", id)


def _rule_to_cloud(rule: Properties) -> Properties:
    spelled: Properties = to_cloud(_LIFECYCLE_RULE, rule)
    both = spelled.get("Filter", {}).get("And", {})
    if tags := both.get("Tags"):
        both["Tags"] = as_pairs(tags)
    if "Filter" not in spelled and "Prefix" not in spelled:
        spelled[
            "Filter"
        ] = {}  # every rule needs one; an empty filter selects every object
    return spelled


def _rule_from_cloud(rule: Properties) -> Properties:
    spelled: Properties = from_cloud(_LIFECYCLE_RULE, rule)
    both = spelled.get("filter", {}).get("and", {})
    if "tags" in both:
        both["tags"] = from_pairs(both["tags"])
    for timed in (spelled.get("expiration", {}), *spelled.get("transitions", ())):
        if hasattr(timed.get("date"), "strftime"):
            timed["date"] = timed["date"].strftime("%Y-%m-%dT%H:%M:%SZ")
    return spelled


class BucketOwnershipControls(_OfBucket):
    """Who owns uploaded objects; `BucketOwnerEnforced` switches ACLs off."""

    token = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    gone = ("OwnershipControlsNotFoundError",)

    def put(self, aws: Calls, inputs: Properties) -> None:
        rules = [to_cloud({"objectOwnership": "ObjectOwnership"}, inputs["rule"])]
        aws(
            "s3.put_bucket_ownership_controls",
            Bucket=inputs["bucket"],
            OwnershipControls={"Rules": rules},
        )

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = self.ask(aws, "s3.get_bucket_ownership_controls", id)
        if answer is None:
            return None
        rule = from_cloud(
            {"objectOwnership": "ObjectOwnership"},
            answer["OwnershipControls"]["Rules"][0],
        )
        return {"bucket": id, "rule": rule}

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        self.ask(aws, "s3.delete_bucket_ownership_controls", id)


class BucketLogging(_OfBucket):
    """Server access logging."""

    token = "aws:s3/bucketLogging:BucketLogging"
    unread = ("expectedBucketOwner",)

    def put(self, aws: Calls, inputs: Properties) -> None:
        status = {"LoggingEnabled": to_cloud(_LOGGING, inputs)}
        aws(
            "s3.put_bucket_logging", Bucket=inputs["bucket"], BucketLoggingStatus=status
        )

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = self.ask(aws, "s3.get_bucket_logging", id) or {}
        if not (enabled := answer.get("LoggingEnabled")):
            return None
        return {"bucket": _bucket(id), **from_cloud(_LOGGING, enabled)}

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe(
            "s3.put_bucket_logging", *_GONE, Bucket=_bucket(id), BucketLoggingStatus={}
        )


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
