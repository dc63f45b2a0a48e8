"""Identities and what they may do: managed and federated ones, applications, groups,
policies."""

import uuid

import pulumi
import pulumi_azure_native as az
import pulumi_azuread as ad

generation = pulumi.Config().get("generation") or "1"
cfg = az.authorization.get_client_config()
cur = ad.get_client_config()
rg = az.resources.ResourceGroup("zdi-id")
uai = az.managedidentity.UserAssignedIdentity("zdi-u", resource_group_name=rg.name)
fic = az.managedidentity.FederatedIdentityCredential(
    "zdi-f",
    resource_group_name=rg.name,
    resource_name_=uai.name,
    issuer="https://token.actions.githubusercontent.com",
    subject="repo:acme/infra:ref:refs/heads/main",
    audiences=["api://AzureADTokenExchange"],
)
ra = az.authorization.RoleAssignment(
    "zdi-ra",
    principal_id=uai.principal_id,
    principal_type=az.authorization.PrincipalType.SERVICE_PRINCIPAL,
    role_definition_id=f"/subscriptions/{cfg.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7",
    scope=rg.id,
)
rd = az.authorization.RoleDefinition(
    "zdi-rd",
    role_name="Claude caller",
    description=f"generation {generation}",
    scope=f"/subscriptions/{cfg.subscription_id}",
    assignable_scopes=[f"/subscriptions/{cfg.subscription_id}"],
    permissions=[
        {
            "actions": ["Microsoft.CognitiveServices/accounts/read"],
            "data_actions": ["Microsoft.CognitiveServices/accounts/MaaS/*"],
            "not_actions": [],
            "not_data_actions": [],
        }
    ],
    role_definition_id=str(uuid.uuid5(uuid.NAMESPACE_DNS, "x")),
)
ra2 = az.authorization.RoleAssignment(
    "zdi-ra2",
    role_assignment_name=str(uuid.uuid5(uuid.NAMESPACE_DNS, "y")),
    principal_id=cur.object_id,
    role_definition_id=rd.id,
    scope=f"/subscriptions/{cfg.subscription_id}",
)
pd = az.authorization.PolicyDefinition(
    "zdi-pd",
    policy_type="Custom",
    mode="Indexed",
    display_name="Allowed",
    parameters={"locs": {"type": "Array", "metadata": {"displayName": "x"}}},
    policy_rule={
        "if": {"not": {"field": "location", "in": "[parameters('locs')]"}},
        "then": {"effect": "deny"},
    },
)
pa = az.authorization.PolicyAssignment(
    "zdi-pa",
    scope=rg.id,
    policy_definition_id=pd.id,
    parameters={"locs": {"value": ["eastus"]}},
    identity={"type": "SystemAssigned"},
    location="eastus",
    enforcement_mode="Default",
)
psd = az.authorization.PolicySetDefinition(
    "zdi-psd",
    display_name="set",
    policy_definitions=[
        {"policy_definition_id": pd.id, "parameters": {"locs": {"value": ["westus"]}}}
    ],
)
lock = az.authorization.ManagementLockByScope(
    "zdi-lk", scope=rg.id, level="CanNotDelete", notes="x"
)
app = ad.Application(
    "zdi-app",
    display_name="acme app",
    sign_in_audience="AzureADMyOrg",
    owners=[cur.object_id],
    web={
        "redirect_uris": ["https://acme.test/cb"],
        "implicit_grant": {"id_token_issuance_enabled": True},
    },
    api={
        "requested_access_token_version": 2,
        "oauth2_permission_scopes": [
            {
                "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, "s")),
                "admin_consent_description": "d",
                "admin_consent_display_name": "d",
                "enabled": True,
                "type": "User",
                "value": "read",
            }
        ],
    },
    app_roles=[
        {
            "allowed_member_types": ["User", "Application"],
            "description": "Admins",
            "display_name": "Admin",
            "enabled": True,
            "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, "r")),
            "value": "admin",
        }
    ],
    required_resource_accesses=[
        {
            "resource_app_id": "00000003-0000-0000-c000-000000000000",
            "resource_accesses": [
                {"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}
            ],
        }
    ],
    notes=generation,
)
sp = ad.ServicePrincipal(
    "zdi-sp", client_id=app.client_id, app_role_assignment_required=False
)
pw = ad.ApplicationPassword(
    "zdi-pw", application_id=app.id, display_name="k", end_date_relative="240h"
)
pw2 = ad.ServicePrincipalPassword("zdi-pw2", service_principal_id=sp.id)
afic = ad.ApplicationFederatedIdentityCredential(
    "zdi-gh",
    application_id=app.id,
    display_name="gh",
    audiences=["api://AzureADTokenExchange"],
    issuer="https://token.actions.githubusercontent.com",
    subject="repo:acme/x:environment:prod",
)
ra3 = az.authorization.RoleAssignment(
    "zdi-ra3",
    principal_id=sp.object_id,
    principal_type="ServicePrincipal",
    role_definition_id="/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c",
    scope=pulumi.Output.concat("/subscriptions/", cfg.subscription_id),
)
grp = ad.Group(
    "zdi-devs", display_name="Devs", security_enabled=True, owners=[cur.object_id]
)
usr = ad.User(
    "zdi-jane",
    user_principal_name="jane@acme.test",
    display_name="Jane",
    mail_nickname="jane",
    password=pulumi.Output.secret("S3cretP@ssw0rd!"),
)
gm = ad.GroupMember(
    "zdi-m", group_object_id=grp.object_id, member_object_id=usr.object_id
)
msgraph = ad.get_service_principal(client_id="00000003-0000-0000-c000-000000000000")
ara = ad.AppRoleAssignment(
    "zdi-ara",
    app_role_id="df021288-bdef-4463-88db-98f22de89214",
    principal_object_id=sp.object_id,
    resource_object_id=msgraph.object_id,
)
doms = ad.get_domains(only_initial=True)
cap = ad.ConditionalAccessPolicy(
    "zdi-ca",
    display_name="mfa",
    state="enabledForReportingButNotEnforced",
    conditions={
        "client_app_types": ["all"],
        "applications": {"included_applications": ["All"]},
        "users": {"included_users": ["All"]},
    },
    grant_controls={"operator": "OR", "built_in_controls": ["mfa"]},
)
pulumi.export(
    "zdi",
    [
        uai.client_id,
        uai.principal_id,
        uai.id,
        ra.name,
        rd.id,
        rd.name,
        app.client_id,
        app.object_id,
        app.id,
        sp.object_id,
        sp.id,
        pw.value,
        pw.key_id,
        grp.object_id,
        grp.id,
        usr.object_id,
        gm.id,
        pa.identity.principal_id,
        pd.id,
        pa.id,
        afic.credential_id,
        doms.domains[0].domain_name,
        app.app_role_ids,
        lock.id,
        ra3.id,
        fic.id,
    ],
)
