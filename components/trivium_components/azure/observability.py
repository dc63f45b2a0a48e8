"""Azure's own record of every call: diagnostic logs of the Foundry account.

It is not documented whether `RequestResponse` contains Claude's prompts and replies,
and a rehearsal cannot verify it. The deployment's own audit log never contains them. In
storage, diagnostic logs would be append blobs, which immutability refuses, so they go
to a workspace and not to the audit store.
"""

from typing import TypedDict

import pulumi
from pulumi_azure_native import monitor, operationalinsights

from trivium_components import naming
from trivium_components.component import register
from trivium_components.retention import workspace_days

_CATEGORIES = ("Audit", "RequestResponse")


class AzureObservabilityArgs(TypedDict):
    """Arguments of `AzureObservability`. For the type, see `component.py`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Azure subscription id."""
    region: str
    """Region of the workspace."""
    retention_days: int
    """Days that searchable logs are kept; a workspace keeps 30 to 730."""
    resources: pulumi.Input[list[str]]
    """The observed Foundry account: `AzureModelAccess.resources`."""
    resource_group: pulumi.Input[str]
    """The resource group of the deployment: `AzureModelAccess.resource_group`."""
    tags: dict[str, str]
    """Tags of every resource."""


class AzureObservability(pulumi.ComponentResource):
    """Who called Claude and who changed the account, searchable."""

    request_log: pulumi.Output[str]
    """Id of the workspace in which single calls can be searched."""
    trail: pulumi.Output[str]
    """Id of the account's diagnostic setting, which records who called."""

    def __init__(
        self,
        name: str,
        args: AzureObservabilityArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AzureObservability", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        workspace = _workspace(name, args, inside)
        setting = _diagnostics(name, args, workspace, inside)

        self.request_log = workspace.id
        self.trail = setting.id
        register(self)


def _workspace(
    name: str, args: AzureObservabilityArgs, opts: pulumi.ResourceOptions
) -> operationalinsights.Workspace:
    """A workspace without keys, whose logs need access to the resource itself."""
    return operationalinsights.Workspace(
        f"{name}-workspace",
        resource_group_name=args["resource_group"],
        workspace_name=naming.dashed(args["environment"], "requests", limit=63),
        location=args["region"],
        sku=operationalinsights.WorkspaceSkuArgs(name="PerGB2018"),
        retention_in_days=workspace_days(args["retention_days"]),
        features=operationalinsights.WorkspaceFeaturesArgs(
            disable_local_auth=True,
            enable_log_access_using_only_resource_permissions=True,
        ),
        tags=args["tags"],
        opts=opts,
    )


def _diagnostics(
    name: str,
    args: AzureObservabilityArgs,
    workspace: operationalinsights.Workspace,
    opts: pulumi.ResourceOptions,
) -> monitor.DiagnosticSetting:
    """Logs and metrics of the Foundry account, sent to the workspace."""
    metrics = monitor.DiagnosticsMetricSettingsArgs(category="AllMetrics", enabled=True)
    return monitor.DiagnosticSetting(
        f"{name}-diagnostics",
        name="trivium",
        resource_uri=pulumi.Output.from_input(args["resources"]).apply(
            lambda found: found[0]
        ),
        workspace_id=workspace.id,
        logs=[
            monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True)
            for category in _CATEGORIES
        ],
        metrics=[metrics],
        opts=opts,
    )
