"""The components as a Pulumi package, for programs in any Pulumi language.

`pulumi package add ./components` adds it to a program.
"""

from importlib.metadata import version

from pulumi.provider.experimental import component_provider_host

from trivium_components.aws.audit_store import AwsAuditStore
from trivium_components.aws.identity import AwsIdentity
from trivium_components.aws.model_access import AwsModelAccess
from trivium_components.aws.network import AwsNetwork
from trivium_components.aws.observability import AwsObservability
from trivium_components.azure.audit_store import AzureAuditStore
from trivium_components.azure.identity import AzureIdentity
from trivium_components.azure.model_access import AzureModelAccess
from trivium_components.azure.network import AzureNetwork
from trivium_components.azure.observability import AzureObservability
from trivium_components.gcp.audit_store import GcpAuditStore
from trivium_components.gcp.identity import GcpIdentity
from trivium_components.gcp.model_access import GcpModelAccess
from trivium_components.gcp.network import GcpNetwork
from trivium_components.gcp.observability import GcpObservability

COMPONENTS = [
    AwsAuditStore,
    AwsIdentity,
    AwsModelAccess,
    AwsNetwork,
    AwsObservability,
    AzureAuditStore,
    AzureIdentity,
    AzureModelAccess,
    AzureNetwork,
    AzureObservability,
    GcpAuditStore,
    GcpIdentity,
    GcpModelAccess,
    GcpNetwork,
    GcpObservability,
]

VERSION = version("trivium")
"""Version of the package: that of the distribution, in the notation of semver."""

if __name__ == "__main__":
    component_provider_host(name="trivium", components=COMPONENTS, version=VERSION)
