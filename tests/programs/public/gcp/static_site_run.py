"""A bucket that serves a site, and a container on Cloud Run that anybody may call."""

import pulumi
import pulumi_gcp as gcp

generation = pulumi.Config().get("generation") or "1"
bucket = gcp.storage.Bucket(
    "site",
    location="US",
    force_destroy=True,
    uniform_bucket_level_access=True,
    website={"main_page_suffix": "index.html", "not_found_page": "404.html"},
    cors=[
        {
            "origins": ["*"],
            "methods": ["GET"],
            "response_headers": ["*"],
            "max_age_seconds": 3600,
        }
    ],
    lifecycle_rules=[
        {"action": {"type": "Delete"}, "condition": {"age": 365}},
        {
            "action": {"type": "SetStorageClass", "storage_class": "NEARLINE"},
            "condition": {"age": 30},
        },
    ],
    labels={"generation": generation},
)
gcp.storage.BucketIAMBinding(
    "site-public",
    bucket=bucket.name,
    role="roles/storage.objectViewer",
    members=["allUsers"],
)
page = gcp.storage.BucketObject(
    "index.html",
    name="index.html",
    bucket=bucket.name,
    content="<h1>Hello</h1>",
    content_type="text/html",
)
account = gcp.serviceaccount.Account(
    "runner", account_id="runner", display_name="Runs the service"
)
service = gcp.cloudrunv2.Service(
    "service",
    location="us-central1",
    ingress="INGRESS_TRAFFIC_ALL",
    deletion_protection=False,
    template={
        "service_account": account.email,
        "scaling": {"min_instance_count": 0, "max_instance_count": 4},
        "containers": [
            {
                "image": "us-docker.pkg.dev/cloudrun/container/hello",
                "ports": {"container_port": 8080},
                "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
                "envs": [{"name": "GENERATION", "value": generation}],
            }
        ],
    },
    traffics=[{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}],
)
gcp.cloudrunv2.ServiceIamMember(
    "service-public",
    name=service.name,
    location="us-central1",
    role="roles/run.invoker",
    member="allUsers",
)
pulumi.export("bucketUrl", bucket.url)
pulumi.export(
    "originUrl",
    pulumi.Output.concat(
        "https://storage.googleapis.com/", bucket.name, "/", page.name
    ),
)
pulumi.export("url", service.uri)
