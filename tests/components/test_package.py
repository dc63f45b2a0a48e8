"""The components as a Pulumi package: the schema for programs in other languages."""

import inspect
import json
import re
import runpy
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.provider.experimental.schema import generate_schema

from trivium_rehearsal.environment import rehearsal_environment
from trivium_rehearsal.toolchain.engine import ensure_engine

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("schema.json")
REGENERATE = "regenerate it: python -m tests.components.test_package"


def inferred() -> Any:
    """The schema as the component host infers it. Any: Pulumi's package schema."""
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
    return as_the_engine_prints(schema.to_json())


def as_the_engine_prints(schema: Any) -> Any:
    """A schema as the engine prints it. Any: any part of a schema.

    The engine drops the descriptions of items, and Python 3.13 drops the indentation of
    descriptions.
    """
    if not isinstance(schema, dict):
        return inspect.cleandoc(schema) if isinstance(schema, str) else schema
    return {
        key: (
            {name: found for name, found in part.items() if name != "description"}
            if key in ("items", "additionalProperties")
            else as_the_engine_prints(part)
        )
        for key, part in schema.items()
    }


def test_the_schema_is_the_golden_one() -> None:
    assert inferred() == json.loads(GOLDEN.read_text()), REGENERATE


def test_every_component_input_and_output_is_described() -> None:
    schema = inferred()
    assert len(schema["resources"]) == 15
    for token, component in schema["resources"].items():
        assert component["description"], token
        for name, found in {
            **component["inputProperties"],
            **component["properties"],
        }.items():
            assert found.get("description"), f"{token}.{name} has no docstring"


def test_types_that_components_share_are_described() -> None:
    for token, shared in inferred()["types"].items():
        for name, found in shared["properties"].items():
            assert found.get("description"), f"{token}.{name} has no docstring"


def test_the_package_states_a_version_that_pulumi_accepts() -> None:
    stated = runpy.run_path(str(ROOT / "components/__main__.py"))["VERSION"]
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", stated)


@pytest.mark.engine
def test_the_engine_prints_the_golden_schema(tmp_path: Path) -> None:
    engine = ensure_engine()
    printed = subprocess.run(
        [engine.pulumi, "package", "get-schema", str(ROOT / "components")],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=rehearsal_environment(tmp_path, path=engine.path),
        text=True,
        timeout=300,  # a bound, not a measure
    )
    assert printed.returncode == 0, printed.stderr
    schema, golden = (
        as_the_engine_prints(json.loads(printed.stdout)),
        json.loads(GOLDEN.read_text()),
    )
    assert (schema["resources"], schema["types"]) == (
        golden["resources"],
        golden["types"],
    ), REGENERATE
    assert schema["version"] == version("trivium")


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(inferred(), indent=1, sort_keys=True) + "\n")
