"""The side resources that configure an S3 bucket, one class each."""

from typing import Any, ClassVar

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.executed import Kind
from trivium_rehearsal.aws.s3_shapes import (
    GONE,
    LIFECYCLE_RULE,
    LOGGING,
    OBJECT_LOCK,
    PUBLIC_ACCESS,
    encryption_from_cloud,
    encryption_to_cloud,
)
from trivium_rehearsal.aws.shape import from_cloud, to_cloud
from trivium_rehearsal.aws.tags import as_pairs, from_pairs
from trivium_rehearsal.execution import ExecutionError, Properties


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
        return aws.maybe(operation, *self.gone, *GONE, Bucket=_bucket(id))


def has_object_lock(aws: Calls, bucket: str) -> bool:
    """Whether the local AWS says that the bucket has object lock."""
    told = aws.maybe(
        "s3.get_object_lock_configuration",
        "ObjectLockConfigurationNotFoundError",
        *GONE,
        Bucket=bucket,
    )
    lock = (told or {}).get("ObjectLockConfiguration", {})
    return bool(lock.get("ObjectLockEnabled") == "Enabled")


def may_suspend_versioning(aws: Calls, token: str, bucket: str) -> None:
    """Raises `ExecutionError` for a bucket with object lock: S3 answers
    InvalidBucketState, the emulator would suspend it.

    Source: Amazon S3 User Guide, "Object Lock considerations".
    """
    if has_object_lock(aws, bucket):
        raise ExecutionError(
            f"{token}: versioning of `{bucket}` is to be suspended, and the bucket has"
            " object lock; S3 would refuse this with InvalidBucketState (Amazon S3 User"
            " Guide, Object Lock considerations). Keep versioning enabled."
        )


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
        if wanted.get("status") == "Suspended":
            may_suspend_versioning(aws, self.token, inputs["bucket"])
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
        if has_object_lock(aws, _bucket(id)):
            return
        suspended = {"Status": "Suspended"}
        aws.maybe(
            "s3.put_bucket_versioning",
            *GONE,
            Bucket=_bucket(id),
            VersioningConfiguration=suspended,
        )


class BucketObjectLockConfiguration(_OfBucket):
    """The default retention of a bucket with object lock."""

    token = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    unread = ("expectedBucketOwner", "token")
    gone = ("ObjectLockConfigurationNotFoundError",)

    def put(self, aws: Calls, inputs: Properties) -> None:
        configuration = to_cloud(
            OBJECT_LOCK, {"objectLockEnabled": "Enabled", **inputs}
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
            OBJECT_LOCK, (answer or {}).get("ObjectLockConfiguration", {})
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
            *GONE,
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
            **dict.fromkeys(PUBLIC_ACCESS.values(), False),
            **to_cloud(PUBLIC_ACCESS, inputs),
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
            **from_cloud(PUBLIC_ACCESS, answer["PublicAccessBlockConfiguration"]),
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
        rules = [encryption_to_cloud(rule) for rule in inputs["rules"]]
        aws(
            "s3.put_bucket_encryption",
            Bucket=inputs["bucket"],
            ServerSideEncryptionConfiguration={"Rules": rules},
        )

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        rules = encryption_rules(aws, _bucket(id))
        return None if rules is None else {"bucket": _bucket(id), "rules": rules}

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        self.ask(aws, "s3.delete_bucket_encryption", id)


def encryption_rules(aws: Calls, bucket: str) -> list[Properties] | None:
    code = "ServerSideEncryptionConfigurationNotFoundError"
    answer = aws.maybe("s3.get_bucket_encryption", code, *GONE, Bucket=bucket)
    if answer is None:
        return None
    return [
        encryption_from_cloud(rule)
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
    spelled: Properties = to_cloud(LIFECYCLE_RULE, rule)
    both = spelled.get("Filter", {}).get("And", {})
    if tags := both.get("Tags"):
        both["Tags"] = as_pairs(tags)
    if "Filter" not in spelled and "Prefix" not in spelled:
        spelled[
            "Filter"
        ] = {}  # every rule needs one; an empty filter selects every object
    return spelled


def _rule_from_cloud(rule: Properties) -> Properties:
    spelled: Properties = from_cloud(LIFECYCLE_RULE, rule)
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
        if has_object_lock(aws, inputs["targetBucket"]):
            raise ExecutionError(
                f"{self.token}: the server access logs of `{inputs['bucket']}` are to"
                f" go to `{inputs['targetBucket']}`, which has object lock; such a"
                " bucket cannot be their destination (Amazon S3 User Guide, Object Lock"
                " considerations). Send them to a bucket without object lock."
            )
        status = {"LoggingEnabled": to_cloud(LOGGING, inputs)}
        aws(
            "s3.put_bucket_logging", Bucket=inputs["bucket"], BucketLoggingStatus=status
        )

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = self.ask(aws, "s3.get_bucket_logging", id) or {}
        if not (enabled := answer.get("LoggingEnabled")):
            return None
        return {"bucket": _bucket(id), **from_cloud(LOGGING, enabled)}

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe(
            "s3.put_bucket_logging", *GONE, Bucket=_bucket(id), BucketLoggingStatus={}
        )
