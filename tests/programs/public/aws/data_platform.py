"""An encrypted database with its secret, a trail into a locked bucket, and a few
aws-native resources."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as aws_native

generation = pulumi.Config().get("generation") or "1"
me = aws.get_caller_identity_output()
partition = aws.get_partition()

key = aws.kms.Key(
    "data",
    description=f"data, generation {generation}",
    deletion_window_in_days=10,
    enable_key_rotation=True,
    policy=me.account_id.apply(
        lambda account: json.dumps(
            {
                "Version": "2012-10-17",
                "Id": "key-default-1",
                "Statement": [
                    {
                        "Sid": "Enable IAM User Permissions",
                        "Effect": "Allow",
                        "Principal": {
                            "AWS": f"arn:{partition.partition}:iam::{account}:root"
                        },
                        "Action": "kms:*",
                        "Resource": "*",
                    }
                ],
            }
        )
    ),
)
aws.kms.Alias("data", name="alias/data", target_key_id=key.key_id)
archive = aws.s3.Bucket("archive", object_lock_enabled=True, force_destroy=False)
versioning = aws.s3.BucketVersioning(
    "archive", bucket=archive.id, versioning_configuration={"status": "Enabled"}
)
aws.s3.BucketObjectLockConfiguration(
    "archive",
    bucket=archive.id,
    rule={"default_retention": {"mode": "GOVERNANCE", "days": 5}},
    opts=pulumi.ResourceOptions(depends_on=[versioning]),
)
aws.s3.BucketServerSideEncryptionConfiguration(
    "archive",
    bucket=archive.id,
    rules=[
        {
            "apply_server_side_encryption_by_default": {
                "sse_algorithm": "aws:kms",
                "kms_master_key_id": key.arn,
            },
            "bucket_key_enabled": True,
        }
    ],
)
aws.s3.BucketLifecycleConfiguration(
    "archive",
    bucket=archive.id,
    rules=[
        {
            "id": "cold",
            "status": "Enabled",
            "filter": {"prefix": "logs/"},
            "transitions": [
                {"days": 30, "storage_class": "STANDARD_IA"},
                {"days": 90, "storage_class": "GLACIER"},
            ],
            "noncurrent_version_expiration": {"noncurrent_days": 90},
        }
    ],
)
aws.cloudtrail.Trail(
    "trail",
    s3_bucket_name=archive.id,
    is_multi_region_trail=True,
    enable_log_file_validation=True,
    event_selectors=[
        {
            "read_write_type": "All",
            "include_management_events": True,
            "data_resources": [
                {
                    "type": "AWS::S3::Object",
                    "values": [archive.arn.apply(lambda arn: f"{arn}/")],
                }
            ],
        }
    ],
)
password = pulumi.Output.secret("correct-horse-battery-staple")
database = aws.rds.Instance(
    "database",
    engine="postgres",
    engine_version="16",
    instance_class=aws.rds.InstanceType.T3_MICRO,
    allocated_storage=20,
    db_name="app",
    username="app",
    password=password,
    storage_encrypted=True,
    kms_key_id=key.arn,
    skip_final_snapshot=True,
    backup_retention_period=7,
)
secret = aws.secretsmanager.Secret("database", recovery_window_in_days=0)
aws.secretsmanager.SecretVersion(
    "database",
    secret_id=secret.id,
    secret_string=pulumi.Output.json_dumps(
        {"host": database.address, "password": password}
    ),
)
aws.ssm.Parameter("endpoint", type="SecureString", value=database.endpoint)
cache = aws.elasticache.ReplicationGroup(
    "cache",
    description="sessions",
    engine="redis",
    node_type="cache.t3.micro",
    num_cache_clusters=2,
    automatic_failover_enabled=True,
)
aws_native.s3.Bucket(
    "native",
    versioning_configuration={
        "status": aws_native.s3.BucketVersioningConfigurationStatus.ENABLED
    },
    tags=[{"key": "Generation", "value": generation}],
)
aws_native.logs.LogGroup("native", retention_in_days=90)
aws_native.ssm.Parameter("native", type="String", value=generation)
pulumi.export("endpoint", database.endpoint)
pulumi.export("password", password)
