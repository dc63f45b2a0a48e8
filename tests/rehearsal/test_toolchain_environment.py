"""Nothing of the user's environment reaches a rehearsal, except how to speak and where
temporary files go."""

import json
import os
import sys
from pathlib import Path

import pytest

from trivium_rehearsal.environment import PASSED, enter, rehearsal_environment
from trivium_rehearsal.processes import run

LEAKS = {
    "AWS_ACCESS_KEY_ID": "an AWS key",
    "AWS_SECRET_ACCESS_KEY": "an AWS secret",
    "AWS_SESSION_TOKEN": "an AWS session",
    "AWS_PROFILE": "an AWS profile",
    "AWS_REGION": "an AWS Region",
    "AWS_CONFIG_FILE": "an AWS configuration file",
    "AWS_BEARER_TOKEN_BEDROCK": "a Bedrock key",
    "AWS_ENDPOINT_URL": "another AWS endpoint",
    "GOOGLE_APPLICATION_CREDENTIALS": "a Google key file",
    "GOOGLE_CLOUD_PROJECT": "a Google project",
    "GOOGLE_OAUTH_ACCESS_TOKEN": "a Google token",
    "CLOUDSDK_CONFIG": "gcloud's folder",
    "AZURE_CLIENT_SECRET": "an Azure secret",
    "AZURE_CONFIG_DIR": "the Azure CLI's folder",
    "ARM_CLIENT_SECRET": "an Azure secret in Terraform's spelling",
    "ARM_SUBSCRIPTION_ID": "an Azure subscription",
    "ANTHROPIC_API_KEY": "an Anthropic key",
    "PULUMI_ACCESS_TOKEN": "a Pulumi login",
    "PULUMI_CONFIG": "Pulumi configuration",
    "PULUMI_CONFIG_PASSPHRASE_FILE": "a passphrase file",
    "PULUMI_STACK": "a stack",
    "KUBECONFIG": "a cluster",
    "HTTPS_PROXY": "a proxy with a password",
    "SSH_AUTH_SOCK": "an SSH agent",
    "PYTHONPATH": "other modules",
    "PYTHONSTARTUP": "a start-up file",
    "LD_LIBRARY_PATH": "other libraries",
    "XDG_CONFIG_HOME": "settings of programs",
    "TRIVIUM_DEPLOYMENT": "another deployment",
    "NOBODY_THOUGHT_OF_THIS": "anything else",
}
LEAK = "leaked-from-the-user"
DUMP = "import json, os; print(json.dumps(dict(os.environ)))"


def child_environment(environment: dict[str, str]) -> dict[str, str]:
    """The environment as a child's child sees it."""
    nested = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {DUMP!r}],"
        " check=True)"
    )
    finished = run([sys.executable, "-c", nested], name="child", env=environment)
    seen: dict[str, str] = json.loads(finished.lines[-1])
    return seen


@pytest.fixture(scope="module", name="seen")
def _seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        for name in LEAKS:
            patch.setenv(name, LEAK)
        patch.setenv(
            "PATH", os.pathsep.join(["/home/user/plugins", os.environ["PATH"]])
        )
        return child_environment(
            rehearsal_environment(tmp_path_factory.mktemp("checkout"))
        )


@pytest.mark.parametrize(
    "name", [pytest.param(name, id=what) for name, what in LEAKS.items()]
)
def test_the_users_environment_does_not_leak(name: str, seen: dict[str, str]) -> None:
    assert seen.get(name) != LEAK


def test_no_value_of_the_users_is_found_anywhere(seen: dict[str, str]) -> None:
    assert [
        name for name, value in seen.items() if LEAK in value or "/home/user" in value
    ] == []


def test_a_child_sees_only_what_was_decided(
    seen: dict[str, str], tmp_path: Path
) -> None:
    decided = set(rehearsal_environment(tmp_path)) | set(PASSED)
    # Python itself sets LC_CTYPE in the C locale, and macOS __CF_USER_TEXT_ENCODING.
    assert {name for name in seen if not name.startswith("__CF")} - decided == set()


def test_credentials_in_the_users_home_are_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = AKIA\naws_secret_access_key = theirs\n"
    )
    gcloud = home / ".config" / "gcloud" / "application_default_credentials.json"
    gcloud.parent.mkdir(parents=True)
    gcloud.write_text(
        '{"type": "authorized_user", "client_id": "a", "client_secret": "b",'
        ' "refresh_token": "c"}'
    )
    monkeypatch.setenv("HOME", str(home))
    look = """
import botocore.session, google.auth
print(botocore.session.Session().get_credentials())
try:
    print(google.auth.default())
except google.auth.exceptions.DefaultCredentialsError:
    print("none")
"""
    finished = run(
        [sys.executable, "-W", "ignore", "-c", look],
        name="look",
        env=rehearsal_environment(tmp_path),
    )
    assert finished.lines == ("None", "none")


def test_everything_private_lies_in_the_checkout(tmp_path: Path) -> None:
    environment = rehearsal_environment(tmp_path)
    private = str(tmp_path.resolve() / ".trivium")
    assert environment["HOME"].startswith(private)
    assert environment["PULUMI_HOME"].startswith(private)
    assert environment["PULUMI_BACKEND_URL"].startswith(f"file://{private}")
    assert Path(environment["HOME"]).is_dir()
    assert Path(environment["PULUMI_BACKEND_URL"].removeprefix("file://")).is_dir()


def test_the_engine_comes_first_in_path_and_what_the_caller_adds_wins(
    tmp_path: Path,
) -> None:
    environment = rehearsal_environment(
        tmp_path, path=(Path("/engine"),), extra={"TZ": "UTC", "MORE": "1"}
    )
    assert environment["PATH"].split(os.pathsep)[:2] == [
        "/engine",
        str(Path(sys.executable).parent),
    ]
    assert (environment["TZ"], environment["MORE"]) == ("UTC", "1")


def test_a_process_can_make_the_environment_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ) | {"AWS_PROFILE": LEAK})
    enter({"ONLY": "this"})
    assert os.environ == {"ONLY": "this"}
