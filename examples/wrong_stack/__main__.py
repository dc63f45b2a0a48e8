"""A stack that every cloud would accept and no reviewer should: each rule of the policy
pack is broken once.

Each comment says what is wrong, and which rule stops it. Everything else about a
resource is as it should be, so that a finding points at one property.
"""

import json

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp

AUDIT_STORE = {"trivium-role": "audit-store"}


def wrong_on_aws() -> None:
    """Five rules."""
    audit = aws.s3.Bucket("audit", object_lock_enabled=True, tags=AUDIT_STORE)
    aws.s3.BucketObjectLockConfiguration(
        "audit",
        bucket=audit.id,
        rule=aws.s3.BucketObjectLockConfigurationRuleArgs(
            default_retention=aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                mode="GOVERNANCE",
                # aws-audit-store-locked: a month is a window for operations. The law
                # asks for six at least.
                days=30,
            )
        ),
    )
    aws.s3.BucketPublicAccessBlock(
        "audit",
        bucket=audit.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        # audit-store-not-public: a public bucket policy that exists already would go on
        # working.
        restrict_public_buckets=False,
    )
    aws.cloudtrail.Trail(
        "trail",
        s3_bucket_name=audit.id,
        is_multi_region_trail=True,
        enable_log_file_validation=True,
        event_selectors=[
            # aws-trail-sees-model-calls: calls to models are read-only management
            # events. This records none of them.
            aws.cloudtrail.TrailEventSelectorArgs(
                read_write_type="WriteOnly", include_management_events=True
            )
        ],
    )
    aws.bedrockmodel.InvocationLoggingConfiguration(
        "invocations",
        logging_config=aws.bedrockmodel.InvocationLoggingConfigurationLoggingConfigArgs(
            # aws-invocation-logging-complete: what is asked by picture leaves no
            # record.
            image_data_delivery_enabled=False,
            s3_config=aws.bedrockmodel.InvocationLoggingConfigurationLoggingConfigS3ConfigArgs(
                bucket_name=audit.id, key_prefix="bedrock"
            ),
        ),
    )
    caller = aws.iam.Role(
        "caller",
        assume_role_policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )
    aws.iam.RolePolicy(
        "invoke",
        role=caller.id,
        policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        # aws-model-access-least-privilege: the caller could switch off
                        # the log of its own calls.
                        "Action": "bedrock:*",
                        "Resource": (
                            "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-sonnet-4-6"
                        ),
                    }
                ],
            }
        ),
    )


def wrong_on_google_cloud() -> None:
    """Four rules."""
    gcp.storage.Bucket(
        "audit",
        name="claude-wrong-audit",
        location="US-CENTRAL1",
        labels=AUDIT_STORE,
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        # gcp-audit-store-locked: there is no retention_policy. Whoever may delete
        # objects may delete the log.
    )
    gcp.projects.IAMCustomRole(
        "caller",
        role_id="claudeCaller",
        title="Calls Claude",
        permissions=["aiplatform.endpoints.predict"],
    )
    caller = gcp.serviceaccount.Account("caller", account_id="claude-caller")
    # gcp-service-accounts-keyless: the key works from anywhere, for years.
    gcp.serviceaccount.Key("caller", service_account_id=caller.name)
    gcp.projects.IAMMember(
        "caller",
        project="claude-wrong",
        # gcp-grants-least-privilege: the application could delete its own log.
        role="roles/storage.admin",
        member="serviceAccount:claude-caller@claude-wrong.iam.gserviceaccount.com",
    )
    gcp.projects.IAMAuditConfig(
        "vertex",
        project="claude-wrong",
        service="aiplatform.googleapis.com",
        audit_log_configs=[
            gcp.projects.IAMAuditConfigAuditLogConfigArgs(log_type="ADMIN_READ"),
            gcp.projects.IAMAuditConfigAuditLogConfigArgs(log_type="DATA_WRITE"),
            # gcp-data-access-logged: DATA_READ is missing, and calls to models are data
            # reads.
        ],
    )


def wrong_on_azure() -> None:
    """Four rules."""
    group = azure.resources.ResourceGroup("claude")
    azure.storage.StorageAccount(
        "audit",
        resource_group_name=group.name,
        account_name="claudewrongaudit",
        kind="StorageV2",
        sku=azure.storage.SkuArgs(name="Standard_ZRS"),
        tags=AUDIT_STORE,
        allow_blob_public_access=False,
        public_network_access="Disabled",
        # azure-audit-store-immutable: immutability is missing, and can be had only when
        # an account is made.
    )
    subscription = "/subscriptions/00000000-0000-0000-0000-000000000001"
    contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c"
    azure.authorization.RoleAssignment(
        "pipeline",
        principal_id="00000000-0000-0000-0000-000000000002",
        principal_type="ServicePrincipal",
        role_definition_id=(
            f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/"
            f"{contributor}"
        ),
        # azure-grants-least-privilege: the pipeline could switch off the log.
        scope=subscription,
    )
    foundry = azure.cognitiveservices.Account(
        "foundry",
        resource_group_name=group.name,
        account_name="claude-wrong",
        kind="AIServices",
        sku=azure.cognitiveservices.SkuArgs(name="S0"),
        properties=azure.cognitiveservices.AccountPropertiesArgs(
            custom_sub_domain_name="claude-wrong",
            public_network_access="Disabled",
            # azure-claude-private-and-keyless: two permanent keys work beside every
            # identity and every log.
            disable_local_auth=False,
        ),
    )
    azure.resources.Resource(
        "sonnet",
        resource_group_name=group.name,
        resource_provider_namespace="Microsoft.CognitiveServices",
        parent_resource_path=pulumi.Output.concat("accounts/", foundry.name),
        resource_type="deployments",
        resource_name_="claude-sonnet-5-5",
        api_version="2025-10-01-preview",
        sku=azure.resources.SkuArgs(name="DataZoneStandard", capacity=1),
        properties={
            # azure-claude-hosted-on-azure: version 1 is hosted by Anthropic, version 2
            # on Azure. Nothing else tells.
            "model": {
                "format": "Anthropic",
                "name": "claude-sonnet-5-5",
                "version": "1",
            },
            "versionUpgradeOption": "NoAutoUpgrade",
            "modelProviderData": {
                "organizationName": "Contoso",
                "countryCode": "US",
                "industry": "finance",
            },
        },
    )


wrong_on_aws()
wrong_on_google_cloud()
wrong_on_azure()
