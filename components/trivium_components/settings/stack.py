"""All settings of one stack, put together from its subjects."""

from trivium_components.retention import PRESETS, Preset
from trivium_components.settings.audit import AuditKeys
from trivium_components.settings.aws import AwsKeys
from trivium_components.settings.azure import AzureKeys
from trivium_components.settings.clouds import CloudKeys
from trivium_components.settings.constitution import ConstitutionKeys
from trivium_components.settings.environment import EnvironmentKeys
from trivium_components.settings.gcp import GcpKeys
from trivium_components.settings.models import ModelKeys
from trivium_components.settings.network import NetworkKeys
from trivium_components.settings.residency import ResidencyKeys
from trivium_components.settings.retention import RetentionKeys
from trivium_components.settings.sinks import SinkKeys


class Settings(
    # pydantic takes the fields of the last class first: read this list from the end.
    AzureKeys,
    GcpKeys,
    AwsKeys,
    SinkKeys,
    AuditKeys,
    ConstitutionKeys,
    RetentionKeys,
    NetworkKeys,
    ModelKeys,
    CloudKeys,
    ResidencyKeys,
    EnvironmentKeys,
):
    """All settings of one stack."""

    @property
    def models_by_tier(self) -> dict[str, str]:
        """`models` with plain text keys, as components take them."""
        return {str(tier): name for tier, name in self.models.items()}

    @property
    def address_range(self) -> str:
        """The range of new networks. Raises `ValueError` if the stack creates none."""
        if self.network is None:
            raise ValueError("the stack creates no network")
        return self.network.cidr

    @property
    def preset(self) -> Preset:
        """The retention preset: its days and its source."""
        return PRESETS[self.retention.preset]
