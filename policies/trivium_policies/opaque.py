"""Resources that make others which no rule sees: templates, scripts and commands that
something else carries out.

What such a resource makes stands in its text, under names that the rules do not read,
or nowhere. A stack that has one passes the rules with a part of it unjudged, so the
pack says so at each of them; whether it may stay is a reviewer's decision.
"""

from typing import Final

# Sources: pulumi-aws 7.51.1, pulumi-aws-native 1.84.0, pulumi-gcp 10.2.0,
# pulumi-azure-native 3.29.0.
_TYPES: Final = frozenset(
    {
        "aws:cloudcontrol/resource:Resource",
        "aws:cloudformation/stack:Stack",
        "aws:cloudformation/stackInstances:StackInstances",
        "aws:cloudformation/stackSet:StackSet",
        "aws:cloudformation/stackSetInstance:StackSetInstance",
        "aws:servicecatalog/provisionedProduct:ProvisionedProduct",
        "aws-native:cloudformation:Stack",
        "aws-native:cloudformation:StackSet",
        "aws-native:index:ExtensionResource",
        "aws-native:servicecatalog:CloudFormationProvisionedProduct",
        "gcp:configdeployment/deployment:Deployment",
        "gcp:deploymentmanager/deployment:Deployment",
        "azure-native:resources:AzureCliScript",
        "azure-native:resources:AzurePowerShellScript",
    }
)
# Every scope has a type of its own: `DeploymentAtSubscriptionScope`,
# `DeploymentStackAtResourceGroup` and so on.
_BEGINNINGS: Final = (
    "azure-native:resources:Deployment",
    "command:",
    "pulumi-python:dynamic",
    "pulumi-nodejs:dynamic",
)


def makes_unseen_resources(token: str) -> bool:
    """Whether a resource of this type (without an API version) can make resources that
    no rule sees."""
    return token in _TYPES or token.startswith(_BEGINNINGS)
