"""Messages into a function and a warehouse, on a schedule."""

import json

import pulumi
import pulumi_gcp as gcp

generation = pulumi.Config().get("generation") or "1"
config = gcp.organizations.get_client_config()
topic = gcp.pubsub.Topic(
    "events", message_retention_duration="86600s", labels={"generation": generation}
)
dead = gcp.pubsub.Topic("dead-letters")
gcp.pubsub.Subscription(
    "worker",
    topic=topic.id,
    ack_deadline_seconds=20,
    retain_acked_messages=True,
    message_retention_duration="1200s",
    expiration_policy={"ttl": ""},
    retry_policy={"minimum_backoff": "10s"},
    dead_letter_policy={"dead_letter_topic": dead.id, "max_delivery_attempts": 10},
)
source = gcp.storage.Bucket(
    "source", location="us-central1", uniform_bucket_level_access=True
)
archive = gcp.storage.BucketObject(
    "function.zip",
    bucket=source.name,
    source=pulumi.AssetArchive(
        {"main.py": pulumi.StringAsset("def handle(event, context): ...")}
    ),
)
function = gcp.cloudfunctionsv2.Function(
    "handler",
    location="us-central1",
    build_config={
        "runtime": "python312",
        "entry_point": "handle",
        "source": {"storage_source": {"bucket": source.name, "object": archive.name}},
    },
    service_config={
        "max_instance_count": 3,
        "available_memory": "256M",
        "timeout_seconds": 60,
        "ingress_settings": "ALLOW_INTERNAL_ONLY",
        "all_traffic_on_latest_revision": True,
    },
    event_trigger={
        "trigger_region": "us-central1",
        "event_type": "google.cloud.pubsub.topic.v1.messagePublished",
        "pubsub_topic": topic.id,
        "retry_policy": "RETRY_POLICY_RETRY",
    },
)
gcp.cloudscheduler.Job(
    "nightly",
    region="us-central1",
    schedule="0 3 * * *",
    time_zone="Europe/Berlin",
    pubsub_target={"topic_name": topic.id, "data": "bmlnaHRseQ=="},
)
dataset = gcp.bigquery.Dataset(
    "warehouse",
    dataset_id="warehouse",
    location="EU",
    default_table_expiration_ms=3600000 * 24,
    accesses=[{"role": "OWNER", "special_group": "projectOwners"}],
)
gcp.bigquery.Table(
    "visits",
    dataset_id=dataset.dataset_id,
    table_id="visits",
    deletion_protection=False,
    time_partitioning={"type": "DAY", "field": "at"},
    clusterings=["country"],
    schema=json.dumps(
        [
            {"name": "at", "type": "TIMESTAMP", "mode": "REQUIRED"},
            {"name": "country", "type": "STRING", "mode": "NULLABLE"},
        ]
    ),
)
pulumi.export("functionUrl", function.url)
pulumi.export("project", config.project)
