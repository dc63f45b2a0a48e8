"""One resource through a stand-in: checked, previewed, created, changed, replaced,
read, imported, deleted."""

import json
import re
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
)

from tests.rehearsal.standin import Context, Engine, InMemory, RefusedError
from trivium.credentials.kms import KeyVaultKey
from trivium_rehearsal.engine_log import EngineLog
from trivium_rehearsal.provider import StandInProvider
from trivium_rehearsal.sdk import PACKAGES, package
from trivium_rehearsal.wire import UNKNOWN, at, decode, encode

BUCKET, VPC, ROLE = "aws:s3/bucket:Bucket", "aws:ec2/vpc:Vpc", "aws:iam/role:Role"
QUEUE, KEY = "aws:sqs/queue:Queue", "aws:kms/key:Key"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
STORAGE = {
    "resourceGroupName": "group",
    "kind": "StorageV2",
    "sku": {"name": "Standard_LRS"},
}
NONE, SOME = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME


# ---------------------------------------------------------------- documents

DOCUMENTS = {
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": (
        {"policyName": "n"},
        "policyDocument",
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ({"repository": "r"}, "policy"),
    "aws:iam/policy:Policy": ({}, "policy"),
    "aws:iam/rolePolicy:RolePolicy": ({"role": "r"}, "policy"),
    ROLE: ({}, "assumeRolePolicy"),
    "aws:s3/bucketPolicy:BucketPolicy": ({"bucket": "b"}, "policy"),
    "aws:sqs/queuePolicy:QueuePolicy": ({"queueUrl": "u"}, "policy"),
}
"""Type token → the other required inputs, and the property that the SDK types as text
or object and whose output it types as text."""


def _document(token: str, resource: object = "arn:aws:s3:::b") -> dict[str, Any]:
    if token == "aws:ecr/lifecyclePolicy:LifecyclePolicy":
        count = {"tagStatus": "any", "countType": "imageCountMoreThan"}
        rule = {"rulePriority": 1, "selection": {**count, "countNumber": 1}}
        expire = {"action": {"type": "expire"}}
        return {"rules": [{**rule, **expire, "description": resource}]}
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject"}
    if token not in ("aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy"):
        statement["Principal"] = {"AWS": [resource]}
    if token != ROLE:
        statement["Resource"] = [resource]
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.mark.parametrize("token", DOCUMENTS)
def test_a_document_given_as_an_object_comes_out_as_text(token: str) -> None:
    others, name = DOCUMENTS[token]
    given = _document(token)
    _, made = Engine("aws").create(token, {**others, name: given})
    assert json.loads(made.values[name]) == given
    _, planned = Engine("aws").create(token, {**others, name: given}, preview=True)
    assert planned.values[name] == made.values[name]


@pytest.mark.parametrize("token", DOCUMENTS)
def test_a_document_with_an_unknown_inside_is_unknown_text(token: str) -> None:
    others, name = DOCUMENTS[token]
    inputs = {**others, name: _document(token, UNKNOWN)}
    _, planned = Engine("aws").create(token, inputs, preview=True)
    assert planned.values[name] is UNKNOWN


def test_a_document_with_a_secret_inside_is_a_secret_text() -> None:
    token = "aws:iam/rolePolicy:RolePolicy"
    inputs = {"role": "r", "policy": _document(token)}
    inside = ("policy", "Statement", 0, "Resource", 0)
    _, made = Engine("aws").create(token, inputs, secrets=frozenset({inside}))
    assert ("policy",) in made.secrets
    assert not any(isinstance(made.values[path[0]], dict) for path in made.secrets)


def test_a_document_once_given_as_text_and_then_as_an_object_is_no_change() -> None:
    engine = Engine("aws")
    given = {"name": "r", "assumeRolePolicy": json.loads(TRUST)}
    checked = engine.inputs(ROLE, given).values
    old = {"name": "r", "assumeRolePolicy": TRUST}
    assert engine.diff(ROLE, old, checked).changes == NONE


# ---------------------------------------------------------------- previews


def test_a_preview_knows_the_inputs_and_nothing_that_the_cloud_makes() -> None:
    identity, outputs = Engine("aws").create(
        VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}, preview=True
    )
    assert identity == ""
    assert outputs.values["cidrBlock"] == "10.0.0.0/16"
    assert outputs.values["arn"] is UNKNOWN
    assert outputs.values["mainRouteTableId"] is UNKNOWN


def test_a_preview_of_a_block_does_not_know_what_the_cloud_adds_inside() -> None:
    given = {
        "resourceGroupName": "group",
        "properties": {"tenantId": "t", "sku": {"name": "standard", "family": "A"}},
    }
    _, outputs = Engine("azure-native").create(
        "azure-native:keyvault:Vault", given, preview=True
    )
    assert outputs.values["properties"]["vaultUri"] is UNKNOWN
    assert outputs.values["properties"]["tenantId"] == "t"


IDENTITY = (
    "/subscriptions/s/resourceGroups/group/providers"
    "/Microsoft.ManagedIdentity/userAssignedIdentities/audit"
)


def _with_identities(*identities: object) -> dict[str, Any]:
    named = {"type": "UserAssigned", "userAssignedIdentities": list(identities)}
    return {**STORAGE, "identity": named}


def test_identities_given_as_a_list_are_answered_as_a_map_of_what_azure_knows() -> None:
    _, outputs = Engine("azure-native").create(
        "azure-native:storage:StorageAccount", _with_identities(IDENTITY)
    )
    answered = outputs.values["identity"]["userAssignedIdentities"]
    assert list(answered) == [IDENTITY]
    assert set(answered[IDENTITY]) == {"clientId", "principalId"}


def test_identities_of_which_one_is_unknown_are_an_unknown_map() -> None:
    _, outputs = Engine("azure-native").create(
        "azure-native:storage:StorageAccount",
        _with_identities(IDENTITY, UNKNOWN),
        preview=True,
    )
    assert outputs.values["identity"]["userAssignedIdentities"] is UNKNOWN
    assert outputs.values["identity"]["type"] == "UserAssigned"


def test_a_vaults_key_has_an_id_that_a_signer_takes() -> None:
    given = {
        "resourceGroupName": "group",
        "vaultName": "acme",
        "keyName": "signing",
        "properties": {"kty": "EC-HSM"},
    }
    _, outputs = Engine("azure-native").create("azure-native:keyvault:Key", given)
    assert KeyVaultKey.names(outputs.values["keyUriWithVersion"])


SPELLINGS: dict[str, tuple[str, dict[str, Any], tuple[str | int, ...], str]] = {
    "public network access of an AI account": (
        "azure-native:cognitiveservices:Account",
        {
            "resourceGroupName": "g",
            "properties": {"publicNetworkAccess": "disabled"},
        },
        ("properties", "publicNetworkAccess"),
        "Disabled",
    ),
    "a closed enumeration": (
        "azure-native:storage:StorageAccount",
        {**STORAGE, "accessTier": "HOT"},
        ("accessTier",),
        "Hot",
    ),
    "in a list": (
        "azure-native:monitor:DataCollectionRule",
        {
            "resourceGroupName": "g",
            "dataFlows": [{"streams": ["Custom-A_CL", "microsoft-syslog"]}],
        },
        ("dataFlows", 0, "streams", 1),
        "Microsoft-Syslog",
    ),
    "a value beyond an open list": (
        "azure-native:monitor:DataCollectionRule",
        {"resourceGroupName": "g", "dataFlows": [{"streams": ["Custom-A_CL"]}]},
        ("dataFlows", 0, "streams", 0),
        "Custom-A_CL",
    ),
    "a name that reads as a value": (
        "azure-native:storage:StorageAccount",
        {**STORAGE, "accountName": "hot", "tags": {"tier": "hot"}},
        ("tags", "tier"),
        "hot",
    ),
}


@pytest.mark.parametrize("sentence", SPELLINGS)
@pytest.mark.parametrize("preview", [True, False])
def test_azure_takes_any_capitals_and_answers_its_own(
    sentence: str, preview: bool
) -> None:
    token, inputs, path, wanted = SPELLINGS[sentence]
    _, made = Engine("azure-native").create(token, inputs, preview=preview)
    assert at(made.values, path) == wanted


def test_a_preview_executes_nothing() -> None:
    memory = InMemory()
    Engine("aws", {BUCKET: memory}).create(BUCKET, {"bucket": "mine"}, preview=True)
    assert memory.kept == {}


def test_a_preview_of_an_update_keeps_what_is_known() -> None:
    engine = Engine("aws")
    identity, state = engine.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    after = engine.update(
        VPC,
        identity,
        state.values,
        {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}},
        preview=True,
    )
    assert after.values["mainRouteTableId"] == state.values["mainRouteTableId"]
    assert after.values["tags"] == {"a": "b"}


# ---------------------------------------------------------------- secrets


def test_a_preview_of_an_update_keeps_what_the_cloud_added_inside_of_a_block() -> None:
    engine, token = Engine("azure-native"), "azure-native:network:VirtualNetwork"
    given = {
        "resourceGroupName": "g",
        "virtualNetworkName": "n",
        "subnets": [{"name": "s"}],
    }
    identity, state = engine.create(token, given)
    previewed = engine.update(
        token, identity, state.values, {**given, "tags": {"a": "b"}}, preview=True
    )
    assert previewed.values["subnets"][0]["id"] == f"{identity}/subnets/s"


def test_an_address_that_google_gives_is_unknown_until_there_is_one() -> None:
    token = "gcp:compute/instance:Instance"
    interfaces = [{"network": "default", "accessConfigs": [{}]}]
    given = {
        "name": "m",
        "machineType": "t",
        "bootDisk": {},
        "networkInterfaces": interfaces,
    }
    _, previewed = Engine("gcp").create(token, given, preview=True)
    assert (
        previewed.values["networkInterfaces"][0]["accessConfigs"][0]["natIp"] is UNKNOWN
    )
    _, made = Engine("gcp").create(token, given)
    interface = made.values["networkInterfaces"][0]
    assert re.fullmatch(r"203\.0\.113\.\d+", interface["accessConfigs"][0]["natIp"])
    assert re.fullmatch(r"10\.0\.0\.\d+", interface["networkIp"])


def test_a_secret_input_is_a_secret_output_and_so_is_what_repeats_it() -> None:
    secrets = frozenset({("name",)})
    _, outputs = Engine("aws").create(QUEUE, {"name": "hidden-queue"}, secrets=secrets)
    assert outputs.is_secret(("name",))
    assert "hidden-queue" in outputs.values["url"]
    assert outputs.is_secret(("url",))
    assert not outputs.is_secret(("region",))


def test_a_secret_inside_a_block_stays_secret_there() -> None:
    path = ("environment", "variables", "PASSWORD")
    inputs = {
        "role": "arn:aws:iam::000000000000:role/r",
        "environment": {"variables": {"PASSWORD": "hunter2"}},
    }
    _, outputs = Engine("aws").create(
        "aws:lambda/function:Function", inputs, secrets=frozenset({path})
    )
    assert outputs.is_secret(path)
    assert not outputs.is_secret(("role",))


# ---------------------------------------------------------------- names

NAMES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "aws": (QUEUE, {}, "name", r"thing-[0-9a-f]{7}"),
    "aws, fifo": (QUEUE, {"fifoQueue": True}, "name", r"thing-[0-9a-f]{7}\.fifo"),
    "aws, buckets": (BUCKET, {}, "bucket", r"thing-[0-9a-f]{7}"),
    "aws-native": ("aws-native:s3:Bucket", {}, "bucketName", r"thing-[0-9a-f]{7}"),
    "gcp": ("gcp:pubsub/topic:Topic", {}, "name", r"thing-[0-9a-f]{7}"),
    "azure-native": (
        "azure-native:resources:ResourceGroup",
        {},
        "resourceGroupName",
        r"thing[0-9a-f]{8}",
    ),
    "azure-native, storage": (
        "azure-native:storage:StorageAccount",
        STORAGE,
        "accountName",
        r"[a-z0-9]{3,24}",
    ),
    "azure-native, inside another": (
        "azure-native:storage:BlobContainer",
        {"resourceGroupName": "g", "accountName": "a"},
        "containerName",
        r"thing",
    ),
    "azure-native, called by its name alone": (
        "azure-native:web:WebApp",
        {"resourceGroupName": "g"},
        "name",
        r"thing[0-9a-f]{8}",
    ),
    "azure-native, role assignments": (
        "azure-native:authorization:RoleAssignment",
        {"scope": "/s", "principalId": "p", "roleDefinitionId": "d"},
        "roleAssignmentName",
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
}


@pytest.mark.parametrize("sentence", NAMES)
def test_a_name_is_made_as_the_provider_makes_it(sentence: str) -> None:
    token, given, name, form = NAMES[sentence]
    made = Engine(token.partition(":")[0]).inputs(token, given).values[name]
    assert re.fullmatch(form, made), made


@pytest.mark.parametrize("sentence", NAMES)
def test_a_made_name_is_kept_by_the_next_run(sentence: str) -> None:
    token, given, name, _ = NAMES[sentence]
    engine = Engine(token.partition(":")[0])
    first = engine.inputs(token, given).values
    again = engine.inputs(token, given, olds={**first, name: "as-it-was"}).values
    assert again[name] == "as-it-was"


def test_a_given_name_is_left_alone() -> None:
    assert Engine("aws").inputs(QUEUE, {"name": "mine"}).values == {"name": "mine"}


def test_the_engines_own_naming_wins() -> None:
    options = provider_pb2.CheckRequest.AutonamingOptions(proposed_name="by-the-engine")
    engine = Engine("aws")
    request = provider_pb2.CheckRequest(
        urn=engine.urn(QUEUE), news=encode({}), autonaming=options
    )
    assert (
        decode(engine.provider.Check(request, Context()).inputs).values["name"]
        == "by-the-engine"
    )


# ---------------------------------------------------------------- update, replace

REPLACED: dict[str, tuple[str, dict[str, Any], dict[str, Any], list[str]]] = {
    "a VPC's addresses": (
        VPC,
        {"cidrBlock": "10.0.0.0/16"},
        {"cidrBlock": "10.1.0.0/16"},
        ["cidrBlock"],
    ),
    "a VPC's tags": (
        VPC,
        {"cidrBlock": "a", "tags": {"a": "b"}},
        {"cidrBlock": "a", "tags": {"a": "c"}},
        [],
    ),
    "a role's name": (
        ROLE,
        {"name": "a", "assumeRolePolicy": TRUST},
        {"name": "b", "assumeRolePolicy": TRUST},
        ["name"],
    ),
    "a bucket's lock": (
        BUCKET,
        {"bucket": "b"},
        {"bucket": "b", "objectLockEnabled": True},
        ["objectLockEnabled"],
    ),
    "the Region of anything": (
        QUEUE,
        {"region": "us-east-1"},
        {"region": "eu-west-1"},
        ["region"],
    ),
    "a key's use": (
        KEY,
        {"keyUsage": "ENCRYPT_DECRYPT"},
        {"keyUsage": "SIGN_VERIFY"},
        ["keyUsage"],
    ),
    "a guardrail's name, which AWS changes in place": (
        "aws:bedrock/guardrail:Guardrail",
        {"name": "a"},
        {"name": "b"},
        [],
    ),
    "an application inference profile's source": (
        "aws:bedrock/inferenceProfile:InferenceProfile",
        {"name": "p", "modelSource": {"copyFrom": "arn:a"}},
        {"name": "p", "modelSource": {"copyFrom": "arn:b"}},
        ["modelSource"],
    ),
    "what the documentation says forces a new one, inside a block": (
        "aws:eks/cluster:Cluster",
        {"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.0.0.0/16"}},
        {"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.1.0.0/16"}},
        ["kubernetesNetworkConfig"],
    ),
    "a bucket's name (aws-native, by the schema)": (
        "aws-native:s3:Bucket",
        {"bucketName": "a"},
        {"bucketName": "b"},
        ["bucketName"],
    ),
    "a bucket's place": (
        "gcp:storage/bucket:Bucket",
        {"name": "b", "location": "EU"},
        {"name": "b", "location": "US"},
        ["location"],
    ),
    "a bucket's labels": (
        "gcp:storage/bucket:Bucket",
        {"location": "EU", "labels": {}},
        {"location": "EU", "labels": {"a": "b"}},
        [],
    ),
    "an account's group": (
        "azure-native:storage:StorageAccount",
        STORAGE,
        {**STORAGE, "resourceGroupName": "other"},
        ["resourceGroupName"],
    ),
    "an account's access tier": (
        "azure-native:storage:StorageAccount",
        {**STORAGE, "accessTier": "Hot"},
        {**STORAGE, "accessTier": "Cool"},
        [],
    ),
    "who a role is given to": (
        "azure-native:authorization:RoleAssignment",
        {"scope": "/s", "principalId": "p", "roleDefinitionId": "d"},
        {"scope": "/s", "principalId": "q", "roleDefinitionId": "d"},
        ["principalId"],
    ),
}


@pytest.mark.parametrize("sentence", REPLACED)
def test_what_a_change_replaces(sentence: str) -> None:
    token, old, new, replaces = REPLACED[sentence]
    answer = Engine(token.partition(":")[0]).diff(token, old, new)
    assert answer.changes == SOME
    assert list(answer.replaces) == replaces


def test_a_change_deep_inside_is_told_by_its_path() -> None:
    rules = [{"allowedMethods": ["GET"], "allowedOrigins": ["*"]}]
    changed = [
        {"allowedMethods": ["GET", "PUT"], "allowedOrigins": ["*"], "maxAgeSeconds": 5}
    ]
    token = "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration"
    answer = Engine("aws").diff(
        token,
        {"bucket": "b", "corsRules": rules},
        {"bucket": "b", "corsRules": changed},
    )
    assert list(answer.diffs) == ["corsRules"]
    assert {path: each.kind for path, each in answer.detailedDiff.items()} == {
        "corsRules[0].allowedMethods[1]": provider_pb2.PropertyDiff.ADD,
        "corsRules[0].maxAgeSeconds": provider_pb2.PropertyDiff.ADD,
    }


def test_a_policy_that_is_only_written_differently_is_no_change() -> None:
    respaced = json.dumps(json.loads(TRUST), indent=3, sort_keys=True)
    assert (
        Engine("aws")
        .diff(ROLE, {"assumeRolePolicy": TRUST}, {"assumeRolePolicy": respaced})
        .changes
        == NONE
    )


def test_a_value_that_is_not_known_yet_is_a_change() -> None:
    assert Engine("aws").diff(QUEUE, {"name": "q"}, {"name": UNKNOWN}).changes == SOME


def test_a_resource_without_any_input_does_not_change() -> None:
    engine, token = Engine("aws"), "aws:securityhub/account:Account"
    identity, state = engine.create(token, {})
    request = provider_pb2.DiffRequest(
        urn=engine.urn(token),
        id=identity,
        olds=encode(state.values),
        old_inputs=encode({}),
        news=encode({}),
    )
    assert engine.provider.Diff(request, engine.context).changes == NONE


def test_a_replacement_is_another_resource_and_an_update_is_not() -> None:
    engine = Engine("aws")
    identity, state = engine.create(KEY, {"description": "a"})
    assert (
        engine.create(KEY, {"description": "a", "keyUsage": "SIGN_VERIFY"})[0]
        != identity
    )
    assert engine.create(KEY, {"description": "b"})[0] == identity
    assert (
        engine.update(KEY, identity, state.values, {"description": "b"}).values["keyId"]
        == identity
    )


def test_no_identifier_is_derived_from_a_secret() -> None:
    token, secret = (
        "gcp:secretmanager/secretVersion:SecretVersion",
        frozenset({("secretData",)}),
    )

    def identifiers(value: str) -> dict[str, Any]:
        _, made = Engine("gcp").create(
            token,
            {"secret": "projects/p/secrets/s", "secretData": value},
            secrets=secret,
        )
        return {
            name: each for name, each in made.values.items() if name != "secretData"
        }

    assert identifiers("one") == identifiers("two")


def test_a_fixed_name_is_freed_before_it_is_taken_again() -> None:
    old, new = (
        {"name": "r", "path": "/a/", "assumeRolePolicy": TRUST},
        {"name": "r", "path": "/b/", "assumeRolePolicy": TRUST},
    )
    assert Engine("aws").diff(ROLE, old, new).deleteBeforeReplace
    made = {"__defaults": ["name"]}
    assert (
        not Engine("aws")
        .diff(ROLE, {**old, **made}, {**new, **made})
        .deleteBeforeReplace
    )


def test_an_input_that_is_taken_away_is_no_output_any_more() -> None:
    engine = Engine("aws")
    identity, state = engine.create(
        VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}
    )
    after = engine.update(VPC, identity, state.values, {"cidrBlock": "10.0.0.0/16"})
    assert "tags" not in after.values
    assert after.values["tagsAll"] == {}
    assert after.values["arn"] == state.values["arn"]


# ---------------------------------------------------------------- executed resources


def test_an_executed_resource_is_created_changed_and_deleted_and_its_word_counts() -> (
    None
):
    memory = InMemory()
    engine = Engine("aws", {BUCKET: memory}, {"region": "eu-west-1"})
    identity, state = engine.create(BUCKET, {"bucket": "mine"})
    assert (identity, state.values["hostedZoneId"]) == ("mine", "told by the emulator")
    assert memory.kept == {"mine": {"bucket": "mine", "region": "eu-west-1"}}
    engine.update(
        BUCKET, identity, state.values, {"bucket": "mine", "tags": {"a": "b"}}
    )
    assert memory.kept["mine"]["tags"] == {"a": "b"}
    engine.delete(BUCKET, identity, state.values)
    assert memory.kept == {}


def test_what_the_emulator_refuses_is_told_in_its_words() -> None:
    engine = Engine("aws", {BUCKET: InMemory({"mine": {}})})
    with pytest.raises(RefusedError, match="BucketAlreadyExists"):
        engine.create(BUCKET, {"bucket": "mine"})


def test_a_refresh_finds_what_was_changed_behind_our_back() -> None:
    memory = InMemory()
    engine = Engine("aws", {BUCKET: memory})
    identity, state = engine.create(BUCKET, {"bucket": "mine", "tags": {"a": "b"}})
    memory.kept["mine"]["tags"] = {"a": "changed"}
    _, outputs, inputs = engine.read(
        BUCKET, identity, state.values, {"bucket": "mine", "tags": {"a": "b"}}
    )
    assert outputs.values["tags"] == {"a": "changed"}
    assert inputs.values == {"bucket": "mine", "tags": {"a": "changed"}}


def test_a_refresh_finds_what_is_gone() -> None:
    memory = InMemory()
    engine = Engine("aws", {BUCKET: memory})
    identity, state = engine.create(BUCKET, {"bucket": "mine"})
    memory.kept.clear()
    assert engine.read(BUCKET, identity, state.values, {"bucket": "mine"})[0] == ""


def test_an_import_reads_what_the_emulator_has() -> None:
    engine = Engine(
        "aws",
        {BUCKET: InMemory({"theirs": {"bucket": "theirs", "forceDestroy": True}})},
    )
    identity, outputs, inputs = engine.read(BUCKET, "theirs", {}, {})
    assert (identity, outputs.values["arn"]) == ("theirs", "arn:aws:s3:::theirs")
    assert inputs.values.items() >= {"bucket": "theirs", "forceDestroy": True}.items()
    assert engine.diff(BUCKET, inputs.values, {"bucket": "theirs"}).changes == NONE
    assert (
        engine.diff(
            BUCKET, inputs.values, {"bucket": "theirs", "forceDestroy": False}
        ).changes
        == SOME
    )


# ---------------------------------------------------------------- made-up resources


def test_a_refresh_of_a_made_up_resource_changes_nothing() -> None:
    engine = Engine("aws")
    identity, state = engine.create(QUEUE, {"name": "q"})
    assert engine.read(QUEUE, identity, state.values, {"name": "q"}) == (
        identity,
        state,
        decode(encode({"name": "q"})),
    )


def test_an_import_of_what_nobody_can_read_takes_the_programs_word() -> None:
    engine = Engine("aws")
    identity, outputs, inputs = engine.read(
        QUEUE, "https://sqs.us-east-1.amazonaws.com/000000000000/q", {}, {}
    )
    assert identity.endswith("/q")
    assert outputs.values["name"] == "q"
    assert (
        engine.diff(QUEUE, inputs.values, {"name": "q", "delaySeconds": 5}).changes
        == NONE
    )


def test_a_resource_that_a_program_only_looks_up_keeps_the_id_it_is_found_by() -> None:
    identity, outputs, _ = Engine("aws").read(VPC, "vpc-0123456789abcdef0", {}, {})
    assert identity == "vpc-0123456789abcdef0"
    assert outputs.values["arn"].endswith(":vpc/vpc-0123456789abcdef0")


def test_the_same_program_gives_the_same_state() -> None:
    assert Engine("gcp").create("gcp:pubsub/topic:Topic", {}) == Engine("gcp").create(
        "gcp:pubsub/topic:Topic", {}
    )


IDS: dict[str, tuple[str, dict[str, Any], str, dict[str, str]]] = {
    "VPC": (
        VPC,
        {"cidrBlock": "10.0.0.0/16"},
        r"vpc-[0-9a-f]{17}",
        {"defaultSecurityGroupId": r"sg-[0-9a-f]{17}"},
    ),
    "bucket": (
        BUCKET,
        {"bucket": "b"},
        "b",
        {"arn": "arn:aws:s3:::b", "bucketDomainName": r"b\.s3\.amazonaws\.com"},
    ),
    "role": (
        ROLE,
        {"name": "r", "assumeRolePolicy": TRUST},
        "r",
        {"arn": r"arn:aws:iam::\d{12}:role/r", "uniqueId": r"AROA[A-Z2-7]{17}"},
    ),
    "key": (
        KEY,
        {},
        r"[0-9a-f-]{36}",
        {"arn": r"arn:aws:kms:eu-west-1:\d{12}:key/[0-9a-f-]{36}"},
    ),
    "queue": (
        QUEUE,
        {"name": "q"},
        r"https://sqs\.eu-west-1\.amazonaws\.com/\d{12}/q",
        {"arn": r"arn:aws:sqs:\S+:q"},
    ),
    "Google service account": (
        "gcp:serviceaccount/account:Account",
        {"accountId": "runner"},
        r"projects/rehearsal/serviceAccounts/runner@rehearsal\.iam\.gserviceaccount\.com",
        {"member": r"serviceAccount:runner@\S+", "uniqueId": r"\d{21}"},
    ),
    "Google bucket": (
        "gcp:storage/bucket:Bucket",
        {"name": "b", "location": "EU"},
        "b",
        {"url": "gs://b", "selfLink": r"https://www\.googleapis\.com/storage/v1/b/b"},
    ),
    "Google crypto key": (
        "gcp:kms/cryptoKey:CryptoKey",
        {"name": "k", "keyRing": "projects/p/locations/l/keyRings/r"},
        "projects/p/locations/l/keyRings/r/cryptoKeys/k",
        {},
    ),
    "Google machine": (
        "gcp:compute/instance:Instance",
        {
            "name": "m",
            "zone": "europe-west1-b",
            "machineType": "t",
            "bootDisk": {},
            "networkInterfaces": [],
        },
        "projects/rehearsal/zones/europe-west1-b/instances/m",
        {"selfLink": r"https://www\.googleapis\.com/compute/v1/projects/\S+"},
    ),
    "Azure storage account": (
        "azure-native:storage:StorageAccount",
        {**STORAGE, "accountName": "acc"},
        r"/subscriptions/[0-9a-f-]{36}/resourceGroups/group/providers/Microsoft\.Storage/storageAccounts/acc",
        {"name": "acc", "type": r"Microsoft\.Storage/storageAccounts"},
    ),
    "Azure subnet": (
        "azure-native:network:Subnet",
        {
            "resourceGroupName": "g",
            "virtualNetworkName": "n",
            "subnetName": "s",
            "addressPrefix": "10.0.0.0/24",
        },
        r"/subscriptions/\S+/resourceGroups/g/providers/Microsoft\.Network/virtualNetworks/n/subnets/s",
        {"name": "s"},
    ),
    "bucket with a prefix": (
        BUCKET,
        {"bucketPrefix": "b-"},
        r"b-\d{26}",
        {"bucket": r"b-\d{26}"},
    ),
    "alias": (
        "aws:kms/alias:Alias",
        {"name": "alias/a", "targetKeyId": "k"},
        "alias/a",
        {"targetKeyArn": r"arn:aws:kms:eu-west-1:\d{12}:key/k"},
    ),
    "federated identity provider": (
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        {"url": "https://issuer.test/a", "clientIdLists": ["sts"]},
        r"arn:aws:iam::\d{12}:oidc-provider/issuer\.test/a",
        {"arn": r"arn:aws:iam::\d{12}:oidc-provider/issuer\.test/a"},
    ),
    "hosted zone": (
        "aws:route53/zone:Zone",
        {"name": "a.test"},
        r"Z\w+",
        {"zoneId": r"Z\w+"},
    ),
    "REST API's stage": (
        "aws:apigateway/stage:Stage",
        {"restApi": "abc", "stageName": "v1", "deployment": "d"},
        r".+",
        {"invokeUrl": r"https://abc\.execute-api\.eu-west-1\.amazonaws\.com/v1"},
    ),
    "database cluster": (
        "aws:rds/cluster:Cluster",
        {"engine": "aurora-postgresql", "clusterIdentifier": "c"},
        "c",
        {"endpoint": r"c\.cluster-\w+\.eu-west-1\.rds\.amazonaws\.com"},
    ),
    "role (aws-native)": (
        "aws-native:iam:Role",
        {"roleName": "r", "assumeRolePolicyDocument": json.loads(TRUST)},
        ".+",
        {"arn": r"arn:aws:iam::\d{12}:role/r"},
    ),
    "Google URL map": (
        "gcp:compute/uRLMap:URLMap",
        {"name": "u"},
        "projects/rehearsal/global/urlMaps/u",
        {},
    ),
    "Google identity pool": (
        "gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
        {"workloadIdentityPoolId": "w"},
        "projects/rehearsal/locations/global/workloadIdentityPools/w",
        {"name": r"projects/\d{12}/locations/global/workloadIdentityPools/w"},
    ),
    "Google folder": (
        "gcp:organizations/folder:Folder",
        {"displayName": "f", "parent": "organizations/1"},
        r"folders/[1-9]\d+",
        {"name": r"folders/[1-9]\d+", "folderId": r"[1-9]\d+"},
    ),
    "Azure lifecycle policy": (
        "azure-native:storage:ManagementPolicy",
        {
            "resourceGroupName": "g",
            "accountName": "a",
            "managementPolicyName": "default",
            "policy": {"rules": []},
        },
        r"/subscriptions/\S+/Microsoft\.Storage/storageAccounts/a/managementPolicies/default",
        {},
    ),
    "Azure public address": (
        "azure-native:network:PublicIPAddress",
        {"resourceGroupName": "g", "publicIpAddressName": "p"},
        r"\S+/publicIPAddresses/p",
        {"ipAddress": r"203\.0\.113\.\d+"},
    ),
    "Azure role assignment": (
        "azure-native:authorization:RoleAssignment",
        {
            "scope": "/subscriptions/1/x",
            "principalId": "p",
            "roleDefinitionId": "d",
            "roleAssignmentName": "n",
        },
        "/subscriptions/1/x/providers/Microsoft.Authorization/roleAssignments/n",
        {},
    ),
}


@pytest.mark.parametrize("sentence", IDS)
def test_identifiers_have_the_form_of_real_ones(sentence: str) -> None:
    token, given, form, more = IDS[sentence]
    config = {"region": "eu-west-1"} if token.startswith("aws") else {}
    identity, outputs = Engine(token.partition(":")[0], config=config).create(
        token, given
    )
    assert re.fullmatch(form, identity), identity
    for name, expected in more.items():
        assert re.fullmatch(expected, outputs.values[name]), outputs.values[name]


def test_a_storage_account_tells_its_endpoints() -> None:
    _, outputs = Engine("azure-native").create(
        "azure-native:storage:StorageAccount", {**STORAGE, "accountName": "acc"}
    )
    assert (
        outputs.values["primaryEndpoints"]["blob"]
        == "https://acc.blob.core.windows.net/"
    )


def test_default_tags_of_the_provider_are_among_all_tags() -> None:
    engine = Engine(
        "aws", config={"defaultTags": json.dumps({"tags": {"owner": "us"}})}
    )
    _, outputs = engine.create(QUEUE, {"name": "q", "tags": {"a": "b"}})
    assert outputs.values["tagsAll"] == {"owner": "us", "a": "b"}


# ---------------------------------------------------------------- the provider itself


@pytest.mark.parametrize("name", PACKAGES)
def test_each_stand_in_is_the_version_of_its_sdk_and_takes_no_resources(
    name: str,
) -> None:
    provider = Engine(name).provider
    assert provider.GetPluginInfo(None, Context()).version == package(name).version
    answer = provider.Handshake(provider_pb2.ProviderHandshakeRequest(), Context())
    assert (answer.accept_secrets, answer.accept_resources, answer.accept_outputs) == (
        True,
        False,
        True,
    )


def test_two_providers_of_one_package_keep_their_own_configuration() -> None:
    engine = Engine("aws", config={"region": "us-west-2"})
    other = Context("ipv4:127.0.0.1:2")
    engine.provider.Configure(
        provider_pb2.ConfigureRequest(args=encode({"region": "eu-west-1"})), other
    )
    assert engine.create(QUEUE, {"name": "q"})[1].values["region"] == "us-west-2"
    engine.context = other
    assert engine.create(QUEUE, {"name": "q"})[1].values["region"] == "eu-west-1"


def test_a_misspelt_configuration_key_is_refused() -> None:
    request = provider_pb2.CheckRequest(
        news=encode({"regoin": "us-east-1", "version": "7"})
    )
    failures = Engine("aws").provider.CheckConfig(request, Context()).failures
    assert [failure.reason for failure in failures] == [
        "the provider aws has no property regoin; did you mean region?"
    ]


def test_a_type_that_the_sdk_does_not_have_is_refused_by_name() -> None:
    with pytest.raises(
        RefusedError,
        match=r"aws:s3/bukkit:Bukkit is not a resource type of pulumi_aws 7",
    ):
        Engine("aws").check("aws:s3/bukkit:Bukkit", {})


def test_a_function_that_nothing_answers_is_an_error_that_names_it() -> None:
    with pytest.raises(RefusedError, match="aws:ec2/getSpotPrice:getSpotPrice"):
        Engine("aws").invoke("aws:ec2/getSpotPrice:getSpotPrice", {})


# ---------------------------------------------------------------- the engine's log


class Log(engine_pb2_grpc.EngineServicer):
    """An engine that keeps what is logged."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str]] = []

    def Log(self, request: Any, timeout: float) -> Any:
        assert request.severity == engine_pb2.LogSeverity.WARNING
        self.kept.append((request.urn, request.message))


ROBOT = {
    "scope": "/subscriptions/1",
    "principalId": "p",
    "roleDefinitionId": "r",
    "principalType": "Robot",
}


def test_a_note_goes_to_the_log_of_the_engine_that_asked() -> None:
    engines = {"127.0.0.1:1": Log(), "127.0.0.1:2": Log()}
    token = "azure-native:authorization:RoleAssignment"
    engine = Engine("azure-native")
    engine.provider = StandInProvider(
        "azure-native", {}, EngineLog(engines.__getitem__)
    )
    for number, address in enumerate(engines):
        peer = Context(f"ipv4:127.0.0.1:{number}")
        engine.provider.Attach(plugin_pb2.PluginAttach(address=address), peer)
    engine.context = Context("ipv4:127.0.0.1:0")
    assert not engine.check(token, ROBOT).failures
    ((urn, text),) = engines["127.0.0.1:1"].kept
    assert urn == engine.urn(token)
    assert text.startswith('principalType: found string "Robot", Azure names')
    assert engines["127.0.0.1:2"].kept == []


def test_a_note_that_no_engine_reads_stops_nothing() -> None:
    class Gone(Log):
        def Log(self, request: Any, timeout: float) -> Any:
            raise grpc.RpcError

    token = "azure-native:authorization:RoleAssignment"
    engine = Engine("azure-native")
    assert not engine.check(token, ROBOT).failures
    log = EngineLog(lambda _: Gone())
    log.attach(engine.context.peer(), "127.0.0.1:1")
    engine.provider = StandInProvider("azure-native", {}, log)
    assert not engine.check(token, ROBOT).failures
