"""The stand-ins under the real engine: ordinary programs deploy, change and are
destroyed; wrong ones are stopped."""

import runpy
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import automation

from tests.rehearsal.standin import InMemory
from trivium_rehearsal.environment import rehearsal_environment
from trivium_rehearsal.server import StandIns
from trivium_rehearsal.toolchain.engine import Engine, ensure_engine

pytestmark = [
    pytest.mark.engine,
    # The SDKs import their own deprecated classes.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

PROGRAMS = Path(__file__).parents[1] / "programs" / "public"
BUCKET = "aws:s3/bucket:Bucket"


@pytest.fixture(scope="session")
def engine() -> Engine:
    return ensure_engine()


@pytest.fixture(scope="session")
def memory() -> InMemory:
    return InMemory()


@pytest.fixture(scope="session")
def stand_ins(memory: InMemory) -> Iterator[StandIns]:
    with StandIns({BUCKET: memory}) as serving:
        yield serving


@pytest.fixture(scope="session")
def settings(
    engine: Engine, stand_ins: StandIns, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    root = tmp_path_factory.mktemp("rehearsal")
    # Nothing here is interrupted: the state is written once, at the end.
    fast = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
    told = {"PULUMI_DEBUG_PROVIDERS": stand_ins.debug_providers}
    return rehearsal_environment(root, path=engine.path, extra=told | fast)


@contextmanager
def stack(
    settings: dict[str, str],
    program: Callable[[], None],
    config: dict[str, str] | None = None,
) -> Iterator[automation.Stack]:
    """A stack of an inline program; destroyed and forgotten on the way out."""
    # A folder of our own: the Automation API leaves the one that it makes.
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        options = automation.LocalWorkspaceOptions(env_vars=settings, work_dir=folder)
        made = automation.create_or_select_stack(
            "test", "stand-ins", program, opts=options
        )
        for key, value in {
            "gcp:project": "rehearsal",
            "azure-native:location": "eastus",
            **(config or {}),
        }.items():
            made.set_config(key, automation.ConfigValue(value))
        try:
            yield made
        finally:
            if any(each.name == "test" for each in made.workspace.list_stacks()):
                made.destroy(remove=True)


def changes(result: automation.UpResult | automation.RefreshResult) -> dict[str, int]:
    return {
        str(kind): count
        for kind, count in (result.summary.resource_changes or {}).items()
    }


@pytest.mark.parametrize("cloud", ["aws", "gcp", "azure"])
def test_ordinary_public_programs_deploy_change_and_are_destroyed(
    settings: dict[str, str], cloud: str
) -> None:
    programs = sorted((PROGRAMS / cloud).glob("*.py"))
    assert len(programs) >= 5

    def program() -> None:
        for each in programs:
            runpy.run_path(str(each), run_name="__main__")

    with stack(settings, program) as made:
        previewed = made.preview().change_summary
        created = changes(made.up())
        assert set(created) == {"create"}
        assert created == {
            str(getattr(kind, "value", kind)): count
            for kind, count in previewed.items()
        }
        made.set_config("generation", automation.ConfigValue("2"))
        changed = changes(made.up())
        assert changed.get("update", 0) >= 5
        assert "create" not in changed
        assert set(changes(made.refresh())) == {"same"}
        gone = made.destroy(remove=True).summary.resource_changes or {}
        assert gone == {"delete": sum(created.values())}


def test_a_wrong_resource_is_stopped_with_every_reason_and_a_doubt_is_noted(
    settings: dict[str, str],
) -> None:
    import pulumi_aws as aws
    from pulumi_azure_native import authorization

    def program() -> None:
        noted = authorization.RoleAssignment(
            "noted",
            scope="/subscriptions/1",
            principal_id="p",
            role_definition_id="r",
            principal_type="Robot",
        )
        aws.s3.BucketCorsConfiguration(
            "cors",
            bucket="b",
            cors_rules=[
                {
                    "allowed_methods": ["GET", "FETCH"],
                    "allowed_origins": ["*"],
                    "max_age": 5,
                },
            ],
            # One after the other: nothing is under way when the preview is stopped.
            opts=pulumi.ResourceOptions(depends_on=[noted]),
        )

    with (
        stack(settings, program) as made,
        pytest.raises(automation.CommandError) as stopped,
    ):
        made.preview()
    said = str(stopped.value)
    assert (
        "'cors' has a problem: corsRules[0].allowedMethods[1]: found string \"FETCH\","
        " AWS allows" in said
    )
    assert 'warning: principalType: found string "Robot", Azure names' in said
    assert (
        "did you mean max_age_seconds" in said or "did you mean maxAgeSeconds" in said
    )


def test_executed_resources_are_replaced_refreshed_and_imported(
    settings: dict[str, str], memory: InMemory
) -> None:
    import pulumi_aws as aws

    wanted: dict[str, Any] = {"bucket": "first", "tags": {"generation": "1"}}
    imported: list[str] = []

    def program() -> None:
        bucket = aws.s3.Bucket("bucket", **wanted)
        for name in imported:
            aws.s3.Bucket(name, bucket=name, opts=pulumi.ResourceOptions(import_=name))
        pulumi.export("arn", bucket.arn)

    memory.kept.clear()
    with stack(settings, program) as made:
        assert made.up().outputs["arn"].value == "arn:aws:s3:::first"
        wanted["bucket"] = "second"
        assert changes(made.up())["replace"] == 1
        assert set(memory.kept) == {"second"}
        memory.kept["second"] = {
            **memory.kept["second"],
            "tags": {"generation": "drifted"},
        }
        assert made.refresh().summary.resource_changes == {"same": 1, "update": 1}
        assert changes(made.up())["update"] == 1
        assert memory.kept["second"]["tags"] == {"generation": "1"}
        memory.kept["theirs"] = {"bucket": "theirs", "region": "us-east-1"}
        imported.append("theirs")
        assert changes(made.up())["import"] == 1
    assert memory.kept == {}


def test_secrets_stay_secret_in_the_state(settings: dict[str, str]) -> None:
    import pulumi_aws as aws

    def program() -> None:
        secret = aws.ssm.Parameter(
            "parameter",
            type="SecureString",
            value=pulumi.Output.secret("hunter2 is secret"),
        )
        pulumi.export("value", secret.value)

    with stack(settings, program) as made:
        assert made.up().outputs["value"].secret
        backend = Path(settings["PULUMI_BACKEND_URL"].removeprefix("file://"))
        state = next(backend.glob(".pulumi/stacks/**/test.json")).read_text()
    assert "aws:ssm/parameter:Parameter" in state
    assert "hunter2" not in state


def test_a_preview_does_not_know_what_does_not_exist_yet(
    settings: dict[str, str],
) -> None:
    import pulumi_gcp as gcp

    seen: list[str] = []

    def program() -> None:
        topic = gcp.pubsub.Topic("topic")
        topic.name.apply(lambda name: seen.append("name"))
        topic.id.apply(lambda name: seen.append("id"))
        topic.effective_labels.apply(lambda name: seen.append("labels"))

    with stack(settings, program) as made:
        made.preview()
        assert seen == ["name"]
