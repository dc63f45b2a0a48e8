"""The components as a Pulumi package: the schema that programs in other languages are given."""

import json
import os
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.provider.experimental.schema import generate_schema

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("schema.json")
REGENERATE = "regenerate it: python -m tests.components.test_package"

Json = dict[str, Any]
"""A JSON object. Any: Pulumi's package schema."""


def inferred() -> Json:
    """The schema as the component host infers it."""
    components = runpy.run_path(str(ROOT / "components/__main__.py"))["COMPONENTS"]
    found = Analyzer("trivium").analyze(components)
    schema = generate_schema(
        "trivium",
        "0.0.0",
        None,
        found["component_definitions"],
        found["type_definitions"],
        sorted(found["dependencies"], key=lambda dependency: dependency.name),
    )
    plain: Json = schema.to_json()
    return plain


def test_the_schema_is_the_golden_one() -> None:
    assert inferred() == json.loads(GOLDEN.read_text()), REGENERATE


def test_every_component_input_and_output_is_described() -> None:
    schema = inferred()
    assert len(schema["resources"]) == 15
    for token, component in schema["resources"].items():
        assert component["description"], token
        for name, found in {**component["inputProperties"], **component["properties"]}.items():
            assert found.get("description"), f"{token}.{name} has no docstring"


def test_types_that_components_share_are_described() -> None:
    for token, shared in inferred()["types"].items():
        for name, found in shared["properties"].items():
            assert found.get("description"), f"{token}.{name} has no docstring"


@pytest.mark.engine
def test_the_engine_prints_the_same_schema(tmp_path: Path) -> None:
    pulumi = shutil.which("pulumi")
    if pulumi is None or shutil.which("pulumi-language-python") is None:
        pytest.skip("no pulumi with a Python language host on PATH")
    environment = {
        **os.environ,
        "PULUMI_HOME": str(tmp_path),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    ran = subprocess.run(
        [pulumi, "package", "get-schema", str(ROOT / "components")],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert set(json.loads(ran.stdout)["resources"]) == set(inferred()["resources"])


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(inferred(), indent=1, sort_keys=True) + "\n")
