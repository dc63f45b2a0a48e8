"""Google Cloud's own record of every call: data-access audit logs.

A log bucket keeps them for the regime's time. Request-response logging would also keep
prompts and replies. Only a REST call per model enables it, which no Pulumi resource
makes. This version does not make the call, so Google's log never contains content.
"""

from typing import TypedDict

import pulumi
from pulumi_gcp import logging, projects

from trivium_components import naming
from trivium_components.component import register
from trivium_components.retention import log_bucket_days

# Calls are DATA_READ, changes of grants ADMIN_READ; without any of the three, some
# access is not logged (Cloud Audit Logs, 2026-11-22).
_LOG_TYPES = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")
_FILTER = (
    'logName:"cloudaudit.googleapis.com" AND'
    ' protoPayload.serviceName="aiplatform.googleapis.com"'
)


class GcpObservabilityArgs(TypedDict):
    """Arguments of `GcpObservability`. For the type, see `component.py`."""

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
    """Tags of every resource. Not used: log buckets and sinks do not take labels."""


class GcpObservability(pulumi.ComponentResource):
    """Audit logs of every model call and every change, in their own log bucket."""

    request_log: pulumi.Output[str]
    """Id of the log bucket in which single calls can be searched."""
    trail: pulumi.Output[str]
    """Id of the project's audit configuration for Vertex AI, which records who
    called."""

    def __init__(
        self,
        name: str,
        args: GcpObservabilityArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:GcpObservability", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        audit = _audit_config(name, args, inside)
        bucket = _log_bucket(name, args, inside)
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
        register(self)


def _audit_config(
    name: str, args: GcpObservabilityArgs, opts: pulumi.ResourceOptions
) -> projects.IAMAuditConfig:
    """Data-access audit logs of Vertex AI in the observed project."""
    return projects.IAMAuditConfig(
        f"{name}-audit",
        project=pulumi.Output.from_input(args["resources"]).apply(
            lambda found: found[0].removeprefix("projects/")
        ),
        service="aiplatform.googleapis.com",
        audit_log_configs=[
            projects.IAMAuditConfigAuditLogConfigArgs(log_type=kind)
            for kind in _LOG_TYPES
        ],
        opts=opts,
    )


def _log_bucket(
    name: str, args: GcpObservabilityArgs, opts: pulumi.ResourceOptions
) -> logging.ProjectBucketConfig:
    """The log bucket that keeps them."""
    return logging.ProjectBucketConfig(
        f"{name}-requests",
        project=args["account"],
        location=args["region"],
        bucket_id=naming.dashed(args["environment"], "requests", limit=100),
        description="Audit logs of the model API.",
        retention_days=log_bucket_days(args["retention_days"]),
        locked=False,
        opts=opts,
    )
