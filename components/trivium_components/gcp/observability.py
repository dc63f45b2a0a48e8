"""Google Cloud's own account of every call: data-access audit logs, kept in a log
bucket for the regime's time.

Request-response logging, which keeps prompts and replies, is switched on per model by a
REST call that no resource makes; this version does not make it, so Google's log never
holds content.
"""

from typing import TypedDict

import pulumi
from pulumi_gcp import logging, projects

from trivium_components import naming
from trivium_components.retention import log_bucket_days

# Calls are DATA_READ, changes of grants ADMIN_READ; leaving one out leaves a hole
# (Cloud Audit Logs, 2026-11-22).
_LOG_TYPES = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")
_FILTER = (
    'logName:"cloudaudit.googleapis.com" AND'
    ' protoPayload.serviceName="aiplatform.googleapis.com"'
)


class GcpObservabilityArgs(TypedDict):
    """What `GcpObservability` needs."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Google Cloud project id."""
    region: str
    """Region of the log bucket."""
    retention_days: int
    """Days that searchable logs are kept."""
    resources: pulumi.Input[list[str]]
    """What is observed: the project."""
    tags: dict[str, str]
    """Tags of every resource. Unused here: log buckets and sinks take no labels."""


class GcpObservability(pulumi.ComponentResource):
    """Audit logs of every model call and every change, in a log bucket of the
    deployment's own."""

    request_log: pulumi.Output[str]
    """Where single calls can be searched: the log bucket."""
    trail: pulumi.Output[str]
    """What records who called: the project's audit configuration for Vertex AI."""

    def __init__(
        self,
        name: str,
        args: GcpObservabilityArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:GcpObservability", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        project = pulumi.Output.from_input(args["resources"]).apply(
            lambda found: found[0].removeprefix("projects/")
        )
        audit = projects.IAMAuditConfig(
            f"{name}-audit",
            project=project,
            service="aiplatform.googleapis.com",
            audit_log_configs=[
                projects.IAMAuditConfigAuditLogConfigArgs(log_type=kind)
                for kind in _LOG_TYPES
            ],
            opts=inside,
        )
        bucket = logging.ProjectBucketConfig(
            f"{name}-requests",
            project=args["account"],
            location=args["region"],
            bucket_id=naming.dashed(args["environment"], "requests", limit=100),
            description="Audit logs of the model API.",
            retention_days=log_bucket_days(args["retention_days"]),
            locked=False,
            opts=inside,
        )
        logging.ProjectSink(
            f"{name}-sink",
            project=args["account"],
            name=naming.dashed(args["environment"], "requests", limit=100),
            destination=pulumi.Output.concat("logging.googleapis.com/", bucket.id),
            filter=_FILTER,
            unique_writer_identity=True,
            opts=inside,
        )
        self.request_log = bucket.id
        self.trail = audit.id
        self.register_outputs({"request_log": self.request_log, "trail": self.trail})
