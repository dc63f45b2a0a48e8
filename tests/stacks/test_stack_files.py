"""The program accepts every stack file, and exports what applications read."""

import json
import runpy
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from tests.components.recording import Recording, record
from trivium.vocabulary import deployment
from trivium.vocabulary.residency import WORLDWIDE, ZONES
from trivium_components.configuration import read_settings
from trivium_components.settings import Settings

ROOT = Path(__file__).parents[2]
STACKS = sorted(
    path.name.split(".")[1] for path in (ROOT / "stacks").glob("Pulumi.*.yaml")
)


def config_of(stack: str) -> dict[str, Any]:
    """The configuration in a stack file. Any: what YAML holds."""
    text = (ROOT / f"stacks/Pulumi.{stack}.yaml").read_text()
    found: dict[str, Any] = yaml.safe_load(text)["config"]
    return found


def settings_of(stack: str) -> Settings:
    """The settings of a stack file."""
    return read_settings(stack, config_of(stack))


def run(stack: str, **changes: Any) -> Recording:
    """The program on one stack, configured as by the engine. Any: what YAML holds."""
    texts = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in {**config_of(stack), **changes}.items()
    }
    exported: dict[str, Any] = {}  # Any: outputs

    def program() -> dict[str, Any]:  # Any: outputs
        pulumi.runtime.set_all_config(texts)
        runpy.run_path(str(ROOT / "stacks/__main__.py"), run_name="__main__")
        return exported

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pulumi, "export", exported.__setitem__)
        return record(program, stack=stack)


@cache
def deployed(stack: str) -> Recording:
    """The program on a stack file as it stands, run once."""
    return run(stack)


def test_the_five_environments_are_there() -> None:
    assert STACKS == ["dev", "gov", "prod-eu-health", "prod-us-finance", "rehearsal"]


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_validates(stack: str) -> None:
    assert settings_of(stack).environment == stack


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_holds_configuration_alone(stack: str) -> None:
    """The engine may add `encryptionsalt`, but that of a rehearsal is not committed."""
    assert set(yaml.safe_load((ROOT / f"stacks/Pulumi.{stack}.yaml").read_text())) == {
        "config"
    }


@pytest.mark.parametrize("stack", STACKS)
def test_no_stack_file_is_locked_before_anybody_verified_it(stack: str) -> None:
    assert settings_of(stack).retention.lock == "unlocked"


@pytest.mark.parametrize("stack", STACKS)
def test_every_constitution_layer_that_a_stack_names_ships_with_trivium(
    stack: str,
) -> None:
    packs = resources.files("trivium.constitution") / "packs"
    for layer in settings_of(stack).constitution.layers:
        kind, _, name = layer.partition(":")
        assert kind == "pack"
        assert (packs / f"{name}.yaml").is_file(), layer


def test_no_two_environments_share_addresses_or_names() -> None:
    found = [settings_of(stack) for stack in STACKS]
    assert len({each.network.cidr for each in found}) == len(found)
    assert len({each.environment for each in found}) == len(found)


@pytest.mark.parametrize("stack", STACKS)
def test_a_cloud_that_a_stack_leaves_out_is_left_out_for_a_written_reason(
    stack: str,
) -> None:
    left_out = {"aws", "gcp", "azure"} - set(settings_of(stack).clouds)
    opening = (ROOT / f"stacks/Pulumi.{stack}.yaml").read_text().split("config:")[0]
    assert opening.startswith("# ")
    if left_out and settings_of(stack).purpose == "production":
        words = {"aws": "AWS", "gcp": "Vertex", "azure": "Foundry"}
        assert all(words[cloud] in opening for cloud in left_out)


@pytest.mark.parametrize("stack", STACKS)
def test_the_program_exports_a_descriptor_that_decodes_and_stays_in_its_zone(
    stack: str,
) -> None:
    exports = deployed(stack).result
    decoded = deployment.decode(json.dumps(exports["descriptor"]).encode())
    settings = settings_of(stack)
    assert [route.id for route in decoded.routes] == settings.clouds
    assert decoded.zone in (*ZONES, WORLDWIDE)
    assert exports["signing_key"]
    assert "not yet signed" in exports["summary"]


@pytest.mark.parametrize("stack", STACKS)
def test_exactly_one_cloud_keeps_the_signing_key(stack: str) -> None:
    names = [
        found.name
        for found in deployed(stack).resources
        if found.name.endswith("-audit-signing")
    ]
    assert names == [f"{settings_of(stack).clouds[0]}-audit-signing"]


def test_a_wrong_stack_file_stops_the_program_without_a_traceback() -> None:
    with pytest.raises(pulumi.RunError, match="Did you mean `us`") as caught:
        run("dev", **{"trivium:zone": "uss"})
    assert caught.value.__suppress_context__


def test_the_rehearsal_stays_small_enough_to_deploy_in_seconds() -> None:
    found = deployed("rehearsal").resources
    of_clouds = [
        each for each in found if not each.typ.startswith(("pulumi:", "trivium:"))
    ]
    assert len(of_clouds) <= 90


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "deployment"])
def test_a_preview_warns_of_what_is_weak_for_production(preview: bool) -> None:
    warnings: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pulumi.log, "warn", warnings.append)
        patched.setattr(pulumi.runtime, "is_dry_run", lambda: preview)
        run("gov")
    noted = [text.split("`")[1] for text in warnings]
    weak = ["trivium:retention.lock", "trivium:constitution.digest"]
    assert noted == (weak if preview else [])
