"""Workload identity federation, a custom role, a project in a folder, organisation
policies, tags."""

import pulumi
import pulumi_gcp as gcp

generation = pulumi.Config().get("generation") or "1"
proj = gcp.organizations.get_project()
cfg = gcp.organizations.get_client_config()
sa = gcp.serviceaccount.Account(
    "gfe-deployer", account_id="deployer", display_name=f"Deployer {generation}"
)
pool = gcp.iam.WorkloadIdentityPool(
    "gfe-gh", workload_identity_pool_id="github-pool", display_name="GitHub"
)
prov = gcp.iam.WorkloadIdentityPoolProvider(
    "gfe-gh",
    workload_identity_pool_id=pool.workload_identity_pool_id,
    workload_identity_pool_provider_id="github",
    attribute_mapping={
        "google.subject": "assertion.sub",
        "attribute.repository": "assertion.repository",
    },
    attribute_condition="assertion.repository_owner == 'acme'",
    oidc={"issuer_uri": "https://token.actions.githubusercontent.com"},
)
awsp = gcp.iam.WorkloadIdentityPoolProvider(
    "gfe-aws",
    workload_identity_pool_id=pool.workload_identity_pool_id,
    workload_identity_pool_provider_id="aws-prod",
    aws={"account_id": "999999999999"},
    attribute_mapping={"google.subject": "assertion.arn"},
)
gcp.serviceaccount.IAMMember(
    "gfe-wi",
    service_account_id=sa.name,
    role="roles/iam.workloadIdentityUser",
    member=pulumi.Output.concat(
        "principalSet://iam.googleapis.com/",
        pool.name,
        "/attribute.repository/acme/infra",
    ),
)
gcp.projects.IAMMember(
    "gfe-run",
    project=proj.project_id,
    role="roles/run.admin",
    member=sa.email.apply(lambda e: f"serviceAccount:{e}"),
)
gcp.projects.IAMMember(
    "gfe-cond",
    project=cfg.project,
    role="roles/storage.objectViewer",
    member=sa.member,
    condition={
        "title": "expires",
        "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")',
    },
)
gcp.projects.IAMBinding(
    "gfe-viewers",
    project=proj.project_id,
    role="roles/viewer",
    members=["user:a@example.test", "group:g@example.test", "domain:example.test"],
)
role = gcp.projects.IAMCustomRole(
    "gfe-pred",
    role_id="claudePredictor",
    title="Predictor",
    permissions=["aiplatform.endpoints.predict"],
    stage="GA",
)
gcp.projects.IAMMember(
    "gfe-custom", project=proj.project_id, role=role.name, member=sa.member
)
gcp.projects.IAMAuditConfig(
    "gfe-audit",
    project=proj.project_id,
    service="allServices",
    audit_log_configs=[
        {"log_type": "ADMIN_READ"},
        {"log_type": "DATA_READ", "exempted_members": ["user:x@example.test"]},
    ],
)
pol = gcp.organizations.get_iam_policy(
    bindings=[
        {
            "role": "roles/iam.serviceAccountTokenCreator",
            "members": ["user:a@example.test"],
        }
    ]
)
gcp.serviceaccount.IAMPolicy(
    "gfe-p", service_account_id=sa.name, policy_data=pol.policy_data
)
key = gcp.serviceaccount.Key(
    "gfe-k", service_account_id=sa.name, public_key_type="TYPE_X509_PEM_FILE"
)
folder = gcp.organizations.Folder(
    "gfe-f",
    display_name="Prod",
    parent="organizations/123456789",
    deletion_protection=False,
)
p = gcp.organizations.Project(
    "gfe-p",
    project_id="acme-prod-1",
    name="acme prod",
    folder_id=folder.name,
    billing_account="000000-000000-000000",
    labels={"generation": generation},
    deletion_policy="DELETE",
)
svc = gcp.projects.Service(
    "gfe-run",
    project=p.project_id,
    service="run.googleapis.com",
    disable_dependent_services=True,
)
idt = gcp.projects.ServiceIdentity(
    "gfe-agent", project=p.project_id, service="aiplatform.googleapis.com"
)
gcp.orgpolicy.Policy(
    "gfe-loc",
    name=f"projects/{proj.number}/policies/gcp.resourceLocations",
    parent=f"projects/{proj.number}",
    spec={"rules": [{"values": {"allowed_values": ["in:eu-locations"]}}]},
)
gcp.orgpolicy.Policy(
    "gfe-ext",
    name="organizations/123456789/policies/compute.vmExternalIpAccess",
    parent="organizations/123456789",
    spec={"rules": [{"deny_all": "TRUE"}]},
)
gcp.folder.IAMMember(
    "gfe-fm", folder=folder.name, role="roles/viewer", member="group:x@example.test"
)
tagk = gcp.tags.TagKey("gfe-env", parent="organizations/123456789", short_name="env")
tagv = gcp.tags.TagValue("gfe-prod", parent=tagk.id, short_name="prod")
gcp.tags.TagBinding(
    "gfe-b",
    parent=p.number.apply(
        lambda n: f"//cloudresourcemanager.googleapis.com/projects/{n}"
    ),
    tag_value=tagv.id,
)
pulumi.export(
    "gfe",
    [
        sa.email,
        sa.name,
        sa.unique_id,
        pool.name,
        prov.name,
        role.id,
        role.name,
        key.private_key,
        key.name,
        folder.name,
        p.number,
        idt.email,
        idt.member,
        tagk.id,
        tagv.id,
        folder.folder_id,
        pool.state,
        prov.id,
    ],
)
