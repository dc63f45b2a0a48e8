"""The stand-ins' small parts: wire format, differences, policy grammar, functions,
levels, the server's process."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rehearsal.standin import Engine, RefusedError
from trivium_rehearsal import difference, documents, invokes
from trivium_rehearsal.constraints import vendor_models
from trivium_rehearsal.levels import Level, level_of
from trivium_rehearsal.place import Place
from trivium_rehearsal.sdk import resource_type
from trivium_rehearsal.wire import UNKNOWN, decode, encode, path_text

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.text(max_size=8)
    | st.just(UNKNOWN)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)
bags = st.dictionaries(st.text(min_size=1, max_size=6), values, max_size=4)


# ---------------------------------------------------------------- the wire


@given(bags)
def test_what_is_sent_is_what_arrives(bag: dict[str, Any]) -> None:
    assert decode(encode(bag)).values == bag


@given(bags.filter(bool), st.data())
def test_a_secret_arrives_as_a_secret_at_its_place(
    bag: dict[str, Any], data: st.DataObject
) -> None:
    path = (data.draw(st.sampled_from(sorted(bag))),)
    arrived = decode(encode(bag, {path}))
    assert arrived.values == bag
    assert arrived.secrets == {path}


def test_a_path_is_written_as_pulumi_writes_it() -> None:
    assert (
        path_text(("corsRules", 0, "allowedMethods", 1))
        == "corsRules[0].allowedMethods[1]"
    )
    assert path_text(("tags", "a.b/c")) == 'tags["a.b/c"]'


# ---------------------------------------------------------------- differences


@given(bags)
def test_nothing_differs_from_itself_but_what_is_unknown(bag: dict[str, Any]) -> None:
    known = json.loads(json.dumps(bag, default=lambda _: None))
    assert difference.changes(known, known) == []


@given(bags, bags)
def test_there_and_back_are_the_same_places(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    there, back = difference.changes(one, other), difference.changes(other, one)
    assert {change.path for change in there} == {change.path for change in back}


# ---------------------------------------------------------------- documents


@given(
    st.text(max_size=40) | values.map(lambda value: json.dumps(value, default=str)),
    st.sampled_from(documents.Kind),
)
def test_any_text_is_judged_without_a_crash(text: str, kind: documents.Kind) -> None:
    for problem in documents.problems(kind, text):
        assert problem.text


statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": st.sampled_from(["s3:GetObject", ["s3:*", "*"]]),
    },
    optional={"Sid": st.from_regex(r"[A-Za-z0-9]{0,8}", fullmatch=True)},
)


@given(st.lists(statements, min_size=1, max_size=3))
def test_a_policy_of_the_grammar_has_no_problem(made: list[dict[str, Any]]) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{**each, "Resource": "*"} for each in made],
    }
    assert documents.problems(documents.Kind.IDENTITY, json.dumps(policy)) == []


BROKEN: dict[str, tuple[documents.Kind, str, str]] = {
    "no object": (documents.Kind.IDENTITY, "[]", "a list"),
    "no statement": (documents.Kind.IDENTITY, "{}", "Statement is missing"),
    "an empty list of statements": (
        documents.Kind.IDENTITY,
        '{"Statement": []}',
        "at least one",
    ),
    "a statement that is text": (
        documents.Kind.IDENTITY,
        '{"Statement": ["Allow"]}',
        "a statement is an object",
    ),
    "a key twice": (
        documents.Kind.IDENTITY,
        '{"Version": "2012-10-17", "Version": "2012-10-17"}',
        "stands twice",
    ),
    "small letters": (
        documents.Kind.IDENTITY,
        '{"statement": []}',
        "did you mean Statement",
    ),
    "an action and its opposite": (
        documents.Kind.IDENTITY,
        (
            '{"Statement": {"Effect": "Deny", "Action": "*", "NotAction": "*",'
            ' "Resource": "*"}}'
        ),
        "exclude each other",
    ),
    "no resource": (
        documents.Kind.IDENTITY,
        '{"Statement": {"Effect": "Deny", "Action": "*"}}',
        "Resource",
    ),
    "a resource in a trust policy": (
        documents.Kind.TRUST,
        (
            '{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal":'
            ' "*", "Resource": "*"}}'
        ),
        "the role is the resource",
    ),
    "a principal that is not a kind": (
        documents.Kind.RESOURCE,
        (
            '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",'
            ' "Principal": {"Aws": "*"}}}'
        ),
        "a principal has no element Aws",
    ),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_broken_policy_is_told(sentence: str) -> None:
    kind, text, words = BROKEN[sentence]
    assert words in " ".join(problem.text for problem in documents.problems(kind, text))


# ---------------------------------------------------------------- functions


def test_a_geographic_profile_names_every_region_that_it_reaches() -> None:
    told = Engine("aws", config={"region": "eu-west-1"}).invoke(
        "aws:bedrock/getInferenceProfile:getInferenceProfile",
        {"inferenceProfileId": "eu.anthropic.model"},
    )
    assert (
        told["inferenceProfileArn"]
        == "arn:aws:bedrock:eu-west-1:000000000000:inference-profile/eu.anthropic.model"
    )
    regions = [each["modelArn"].split(":")[3] for each in told["models"]]
    assert regions == [
        "eu-central-1",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-3",
    ]


def test_the_global_profile_names_the_model_without_a_region() -> None:
    told = invokes.answer(
        "aws:bedrock/getInferenceProfile:getInferenceProfile",
        {"inferenceProfileId": "global.anthropic.m"},
        Place(),
    )
    assert [each["modelArn"] for each in told["models"]] == [
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.m",
        "arn:aws:bedrock:::foundation-model/anthropic.m",
    ]


@pytest.mark.parametrize("profile", ["mars.anthropic.m", "anthropic", "eu.anthropic.m"])
def test_a_profile_that_is_not_offered_here_is_refused(profile: str) -> None:
    with pytest.raises(RefusedError, match="profile"):
        Engine("aws").invoke(
            "aws:bedrock/getInferenceProfile:getInferenceProfile",
            {"inferenceProfileId": profile},
        )


def test_a_policy_document_is_really_rendered_and_passes_the_grammar() -> None:
    told = invokes.answer(
        "aws:iam/getPolicyDocument:getPolicyDocument",
        {
            "statements": [
                {
                    "sid": "Read",
                    "actions": ["s3:GetObject"],
                    "resources": ["arn:aws:s3:::b/*"],
                    "conditions": [
                        {
                            "test": "Bool",
                            "variable": "aws:SecureTransport",
                            "values": ["true"],
                        }
                    ],
                }
            ]
        },
        Place(),
    )
    assert json.loads(told["json"])["Statement"] == [
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b/*",
            "Condition": {"Bool": {"aws:SecureTransport": "true"}},
        }
    ]
    assert documents.problems(documents.Kind.IDENTITY, told["json"]) == []


NEEDY = {
    "aws:bedrock/getInferenceProfile:getInferenceProfile": "inferenceProfileId",
    "azure-native:storage:listStorageAccountKeys": "accountName",
    "azure-native:containerregistry:listRegistryCredentials": "registryName",
    "azure-native:operationalinsights:getSharedKeys": "workspaceName",
    "azure-native:cognitiveservices:listAccountKeys": "accountName",
    "azure-native:cosmosdb:listDatabaseAccountKeys": "accountName",
    "azure-native:resources:getResourceGroup": "resourceGroupName",
    "aws:iam/getRole:getRole": "name",
    "aws:iam/getSessionContext:getSessionContext": "arn",
    "aws:kms/getAlias:getAlias": "name",
    "aws:secretsmanager/getSecret:getSecret": "name",
    "aws:secretsmanager/getSecretVersion:getSecretVersion": "secretId",
    "aws:sns/getTopic:getTopic": "name",
    "aws:ssm/getParameter:getParameter": "name",
    "azure-native:containerservice:listManagedClusterAdminCredentials": "resourceName",
    "azure-native:containerservice:listManagedClusterUserCredentials": "resourceName",
    "azure-native:keyvault:getVault": "resourceGroupName",
    "azure-native:managedidentity:getUserAssignedIdentity": "resourceGroupName",
    "azure-native:network:getSubnet": "resourceGroupName",
    "azure-native:network:getVirtualNetwork": "resourceGroupName",
    "azure-native:operationalinsights:getWorkspace": "resourceGroupName",
    "gcp:compute/getNetwork:getNetwork": "name",
    "gcp:compute/getSubnetwork:getSubnetwork": "name",
    "gcp:kms/getKMSCryptoKey:getKMSCryptoKey": "keyRing",
    "gcp:kms/getKMSKeyRing:getKMSKeyRing": "name",
    "gcp:secretmanager/getSecretVersion:getSecretVersion": "secret",
    "gcp:serviceaccount/getAccount:getAccount": "accountId",
}
FOUND = {
    "a policy of AWS's own": (
        "aws:iam/getPolicy:getPolicy",
        {"name": "ReadOnlyAccess"},
        "arn",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
    ),
    "a network": (
        "gcp:compute/getNetwork:getNetwork",
        {"name": "default"},
        "id",
        "projects/rehearsal/global/networks/default",
    ),
    "a subnet": (
        "azure-native:network:getSubnet",
        {"resourceGroupName": "g", "virtualNetworkName": "n", "subnetName": "s"},
        "id",
        (
            f"/subscriptions/{Place().subscription}/resourceGroups/g/providers/Microsoft.Network"
            "/virtualNetworks/n/subnets/s"
        ),
    ),
    "Google Storage's own account": (
        "gcp:storage/getProjectServiceAccount:getProjectServiceAccount",
        {},
        "emailAddress",
        "service-100000000000@gs-project-accounts.iam.gserviceaccount.com",
    ),
}


@pytest.mark.parametrize("sentence", FOUND)
def test_what_is_looked_up_has_the_identifier_of_the_real_thing(sentence: str) -> None:
    token, arguments, name, expected = FOUND[sentence]
    assert invokes.answer(token, arguments, Place())[name] == expected


@pytest.mark.parametrize("token", sorted(invokes.FUNCTIONS.keys() - NEEDY.keys()))
def test_every_function_answers(token: str) -> None:
    assert invokes.answer(token, {}, Place())


@pytest.mark.parametrize("token", NEEDY)
def test_a_function_says_what_it_misses(token: str) -> None:
    with pytest.raises(invokes.FunctionError, match=f"{NEEDY[token]} is missing"):
        invokes.answer(token, {}, Place())


# ---------------------------------------------------------------- levels

LEVELS = {
    "aws:s3/bucket:Bucket": Level.EXECUTED,
    "aws:lambda/function:Function": Level.CHECKED,
    "aws-native:bedrock:EnforcedGuardrailConfiguration": Level.CHECKED,
    "gcp:storage/bucket:Bucket": Level.CHECKED,
    "azure-native:storage:StorageAccount": Level.CHECKED,
    "azure-native:resources:Resource": Level.SYNTHESISED,
    "azuread:index/application:Application": Level.SYNTHESISED,
    "gcp:projects/service:Service": Level.SYNTHESISED,
    "pulumi-python:dynamic:Resource": Level.SYNTHESISED,
}


@pytest.mark.parametrize("token", LEVELS)
def test_the_level_of_a_type(token: str) -> None:
    assert level_of(token) is LEVELS[token]


def test_a_vendor_model_is_said_by_name() -> None:
    sources = {
        model.source
        for token in (
            "aws:lambda/function:Function",
            "gcp:storage/bucket:Bucket",
            "aws-native:s3:Bucket",
        )
        for model in vendor_models(resource_type(token))
    }
    assert sources == {
        "botocore model lambda CreateFunction",
        "Google discovery document storage.v1",
        "CloudFormation schema AWS::S3::Bucket",
    }


# ---------------------------------------------------------------- the process


def test_the_server_says_its_ports_in_one_line_and_ends_when_told() -> None:
    command = [sys.executable, "-m", "trivium_rehearsal.server", "--ministack", "none"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            ports = json.loads(server.stdout.readline())
            assert list(ports) == [
                "aws",
                "aws-native",
                "gcp",
                "azure-native",
                "azuread",
            ]
            assert all(20_000 <= port < 30_000 for port in ports.values())
        finally:
            server.terminate()
            assert server.wait(10) == 0
