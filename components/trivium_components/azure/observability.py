"""Azure's own account of every call: diagnostic logs of the Foundry account in a
workspace.

Whether `RequestResponse` carries Claude's prompts and replies is not documented and not
verifiable here; the deployment's own audit log never does. Diagnostic logs are append
blobs in storage, which immutability refuses, so they go to a workspace and not into the
audit store.
"""

from typing import TypedDict

import pulumi
from pulumi_azure_native import monitor, operationalinsights

from trivium_components import naming
from trivium_components.retention import workspace_days

_CATEGORIES = ("Audit", "RequestResponse")


class AzureObservabilityArgs(TypedDict):
    """What `AzureObservability` needs."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Azure subscription id."""
    region: str
    """Region of the workspace."""
    retention_days: int
    """Days that searchable logs are kept; a workspace keeps 30 to 730."""
    resources: pulumi.Input[list[str]]
    """What is observed: the Foundry account, as `AzureModelAccess.resources` gives
    it."""
    resource_group: pulumi.Input[str]
    """The resource group of the deployment: `AzureModelAccess.resource_group`."""
    tags: dict[str, str]
    """Tags of every resource."""


class AzureObservability(pulumi.ComponentResource):
    """Who called Claude and who changed the account, searchable."""

    request_log: pulumi.Output[str]
    """Where single calls can be searched: the workspace."""
    trail: pulumi.Output[str]
    """What records who called: the account's diagnostic setting."""

    def __init__(
        self,
        name: str,
        args: AzureObservabilityArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AzureObservability", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        workspace = operationalinsights.Workspace(
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
            opts=inside,
        )
        setting = monitor.DiagnosticSetting(
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
            metrics=[
                monitor.DiagnosticsMetricSettingsArgs(
                    category="AllMetrics", enabled=True
                )
            ],
            opts=inside,
        )
        self.request_log = workspace.id
        self.trail = setting.id
        self.register_outputs({"request_log": self.request_log, "trail": self.trail})
