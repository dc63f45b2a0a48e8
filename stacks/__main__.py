"""The Pulumi program: settings, components, and the exported deployment descriptor.

The exported descriptor is a draft. It is signed after `pulumi up`, so that the signed
descriptor describes what was really deployed.
"""

from collections.abc import Callable
from importlib import import_module

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, get_config_secret_keys_env

from trivium.errors import TriviumError
from trivium_components import descriptor, models
from trivium_components.configuration import read_settings
from trivium_components.records import Deployed
from trivium_components.settings import Settings
from trivium_components.settings.notes import notes, sentence


def main() -> None:
    """Deploy the selected stack."""
    settings = read_settings(
        pulumi.get_stack(),
        {**get_config_env(), **CONFIG.get()},
        secret_keys=frozenset(get_config_secret_keys_env()),
        catalogue=models.in_force(),
    )
    if pulumi.runtime.is_dry_run():  # a preview; `up` shows one before it deploys
        for note in notes(settings):
            pulumi.log.warn(sentence(pulumi.get_stack(), note))
    deployed = [deploy(cloud, settings) for cloud in settings.clouds]
    draft = descriptor.draft(settings, deployed)
    pulumi.export("descriptor", draft)
    pulumi.export("signing_key", deployed[0]["signing_key"])
    pulumi.export("summary", draft.apply(descriptor.summary))


def deploy(cloud: str, settings: Settings) -> Deployed:
    """Declare one cloud.

    Its SDK is imported here, so a stack on one cloud does not load the other two.
    """
    part: Callable[..., Deployed] = import_module(
        f"trivium_components.{cloud}.deployment"
    ).deploy
    return part(settings, signing_key=cloud == settings.clouds[0])


try:
    main()
except TriviumError as error:
    # The message is complete; a traceback would hide it.
    raise pulumi.RunError(str(error)) from None
