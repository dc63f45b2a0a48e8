"""A web application with its plan and settings, and a container application with its
registry and logs."""

import pulumi
from pulumi_azure_native import (
    app,
    applicationinsights,
    containerregistry,
    operationalinsights,
    resources,
    web,
)

generation = pulumi.Config().get("generation") or "1"
group = resources.ResourceGroup("app-group")
workspace = operationalinsights.Workspace(
    "logs",
    resource_group_name=group.name,
    sku={"name": "PerGB2018"},
    retention_in_days=30,
)
keys = pulumi.Output.all(group.name, workspace.name).apply(
    lambda names: operationalinsights.get_shared_keys(
        resource_group_name=names[0], workspace_name=names[1]
    )
)
insights = applicationinsights.Component(
    "insights",
    resource_group_name=group.name,
    kind="web",
    application_type=applicationinsights.ApplicationType.WEB,
    workspace_resource_id=workspace.id,
    ingestion_mode="LogAnalytics",
)
plan = web.AppServicePlan(
    "plan",
    resource_group_name=group.name,
    kind="Linux",
    reserved=True,
    sku={"name": "B1", "tier": "Basic"},
)
site = web.WebApp(
    "site",
    resource_group_name=group.name,
    server_farm_id=plan.id,
    https_only=True,
    site_config={
        "linux_fx_version": "PYTHON|3.12",
        "always_on": True,
        "ftps_state": "Disabled",
        "min_tls_version": "1.2",
        "app_settings": [
            {"name": "GENERATION", "value": generation},
            {
                "name": "APPLICATIONINSIGHTS_CONNECTION_STRING",
                "value": insights.connection_string,
            },
        ],
        "connection_strings": [
            {
                "name": "db",
                "type": "SQLAzure",
                "connection_string": pulumi.Output.secret("Server=none;"),
            }
        ],
    },
)
registry = containerregistry.Registry(
    "registry",
    resource_group_name=group.name,
    sku={"name": "Basic"},
    admin_user_enabled=True,
)
credentials = containerregistry.list_registry_credentials_output(
    resource_group_name=group.name, registry_name=registry.name
)
environment = app.ManagedEnvironment(
    "environment",
    resource_group_name=group.name,
    app_logs_configuration={
        "destination": "log-analytics",
        "log_analytics_configuration": {
            "customer_id": workspace.customer_id,
            "shared_key": keys.apply(lambda found: found.primary_shared_key),
        },
    },
)
container = app.ContainerApp(
    "container",
    resource_group_name=group.name,
    managed_environment_id=environment.id,
    configuration={
        "ingress": {"external": True, "target_port": 80},
        "registries": [
            {
                "server": registry.login_server,
                "username": credentials.username,
                "password_secret_ref": "pwd",
            }
        ],
        "secrets": [
            {
                "name": "pwd",
                "value": credentials.passwords.apply(lambda found: found[0].value),
            }
        ],
    },
    template={
        "containers": [
            {
                "name": "app",
                "image": registry.login_server.apply(lambda host: f"{host}/app:v1"),
            }
        ],
        "scale": {"min_replicas": 0, "max_replicas": 3},
    },
)
pulumi.export("site", site.default_host_name.apply(lambda host: f"https://{host}"))
pulumi.export(
    "url",
    container.configuration.apply(lambda found: found.ingress if found else None).apply(
        lambda ingress: f"https://{ingress.fqdn}" if ingress else ""
    ),
)
