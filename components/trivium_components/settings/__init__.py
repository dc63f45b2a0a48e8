"""Every configuration key of a stack, one file a subject.

A file holds the keys of its subject with their types, units, defaults and error texts,
and the contradictions among them. `contradictions.py` holds those between subjects,
`stack.py` puts the subjects together, and `reference.py` generates
`docs/configuration.md`. The keys are in the namespace `trivium:`.
"""

from trivium_components.settings.aws import AwsSettings
from trivium_components.settings.azure import AzureSettings, ClaudeTerms
from trivium_components.settings.gcp import GcpSettings
from trivium_components.settings.stack import Settings

__all__ = ["AwsSettings", "AzureSettings", "ClaudeTerms", "GcpSettings", "Settings"]
