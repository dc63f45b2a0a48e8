"""Calls to the local AWS emulator, and what a refusal says.

A `Cloud` speaks to one address only and reads nothing from the user's environment: no
`AWS_*` variable, no profile, no proxy. A rehearsal that used the user's account by
accident would be worse than none.
"""

import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trivium_rehearsal.aws.repairs import repair
from trivium_rehearsal.execution import ExecutionError

DEFAULT_REGION = "us-east-1"
"""Where a resource without a `region` lives; MiniStack's own default
(`MINISTACK_REGION`, its README, 1.5.33)."""

ACCOUNT_ID = "000000000000"
"""MiniStack's default account (`MINISTACK_ACCOUNT_ID`, its README, 1.5.33)."""

ROOT_KEY = "test"
"""Both halves of MiniStack's root credential, to which IAM enforcement does not apply.
It opens nothing else."""

CALL_TIMEOUT_S = 30
"""The emulator answers from memory in milliseconds; a call that takes this long
hangs."""

_EXISTS = (
    "AlreadyExists",
    "AlreadyOwnedByYou",
    "Duplicate",
    "ConflictException",
    "InvalidGroup.Duplicate",
)
_UNKNOWN_OPERATION = (
    "NotImplemented",
    "UnknownOperation",
    "InvalidAction",
    "UnsupportedOperation",
    "InternalError",
)

_UNKNOWN_TEXTS = (
    "Unknown action",
    "Unknown operation",
    "Unknown CloudTrail action",
    "No route",
)

Answer = dict[str, Any]
"""One response as boto3 gives it; `Any` because every operation has a shape of its
own."""


class RefusedError(ExecutionError):
    """The emulator answered a call with an error; `code` is AWS's own word for it."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class Cloud:
    """Clients for one emulator, made on first use and shared by all executors (and
    their threads)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._session: Any = None  # botocore is untyped
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str) -> Any:
        """The boto3 client of one service in one Region."""
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = self._make_client(service, region)
            return self._clients[key]

    def _make_client(self, service: str, region: str) -> Any:
        import boto3
        from botocore.config import Config

        if self._session is None:
            self._session = boto3.Session(
                aws_access_key_id=ROOT_KEY,
                aws_secret_access_key=ROOT_KEY,
                botocore_session=_session_without_environment(),
            )
        config = Config(
            retries={"total_max_attempts": 1},
            connect_timeout=CALL_TIMEOUT_S,
            read_timeout=CALL_TIMEOUT_S,
            max_pool_connections=32,
            proxies={},  # None would read HTTP_PROXY
            ignore_configured_endpoint_urls=True,
            use_fips_endpoint=False,
            use_dualstack_endpoint=False,
            s3={"addressing_style": "path"},
        )
        client = self._session.client(
            service, region_name=region, endpoint_url=self.url, config=config
        )
        repair(client, service)
        return client


def _session_without_environment() -> Any:
    """A botocore session whose every setting has lost its environment variable and its
    files."""
    import botocore.session
    from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES as DEFAULTS

    variables = {
        name: (None, None, default, cast)
        for name, (_, _, default, cast) in DEFAULTS.items()
    }
    for file in ("config_file", "credentials_file"):
        variables[file] = (None, None, os.devnull, None)
    return botocore.session.Session(session_vars=variables)


@dataclass(frozen=True)
class Calls:
    """Calls on behalf of one resource in one Region; refusals name the resource
    type."""

    cloud: Cloud
    token: str
    """The type token for error texts, for instance ``aws:s3/bucket:Bucket``."""
    region: str = field(default=DEFAULT_REGION)

    def __call__(self, operation: str, **params: Any) -> Answer:
        """Run ``service.operation``, for instance ``s3.create_bucket``; arguments that
        are None are left out.

        Raises `RefusedError` when the emulator says no and `ExecutionError` when it
        cannot be reached.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        service, _, method = operation.partition(".")
        given = {name: value for name, value in params.items() if value is not None}
        try:
            answer: Answer = getattr(self.cloud.client(service, self.region), method)(
                **given
            )
        except ClientError as error:
            raise self._refusal(operation, error.response) from error
        except BotoCoreError as error:
            raise ExecutionError(self._unsent(operation, error)) from error
        return answer

    def maybe(self, operation: str, *gone: str, **params: Any) -> Answer | None:
        """Run it, and answer None when the refusal's code is one of `gone`: there is no
        such thing."""
        try:
            return self(operation, **params)
        except RefusedError as refused:
            if refused.code in gone:
                return None
            raise

    def _refusal(self, operation: str, response: Mapping[str, Any]) -> RefusedError:
        error = response.get("Error", {})
        code = str(error.get("Code", "Unknown"))
        text = str(error.get("Message", "")).rstrip(".") or "no text"
        return RefusedError(
            f"{self.token}: {operation} in {self.region} was refused by the local AWS"
            f" emulator with {code}: {text}. {_remedy(code, text)}",
            code=code,
        )

    def _unsent(self, operation: str, error: Exception) -> str:
        from botocore.exceptions import ParamValidationError

        if isinstance(error, ParamValidationError):
            return (
                f"{self.token}: {operation} was not sent, because boto3 finds its"
                f" parameters wrong: {_valueless(str(error))}. AWS would refuse the"
                " resource; correct the property."
            )
        return (
            f"{self.token}: {operation} in {self.region} got no answer from the local"
            f" AWS emulator at {self.cloud.url} ({type(error).__name__}). The resource"
            " was not executed. Run `make up` again; if it persists, look at the"
            " emulator's log."
        )


def _valueless(text: str) -> str:
    """boto3's complaint without the values that it quotes: one of them may be a
    secret."""
    return re.sub(
        r", value: .*?, (?=type: |valid )", ", ", text, flags=re.DOTALL
    ).replace("\n", "; ")


def _remedy(code: str, text: str) -> str:
    """What to do next, by AWS's error code (and the emulator's text, where its code
    says too little)."""
    if any(word in code for word in _EXISTS):
        return (
            "Either two resources of the program claim one name, or an interrupted run"
            " left this one behind: give them different names, or run `make down` and"
            " `make up` again."
        )
    if any(word in code for word in _UNKNOWN_OPERATION) or text.startswith(
        _UNKNOWN_TEXTS
    ):
        return (
            "The emulator does not implement this call. If it is a change, `make down`"
            " and `make up` make the resource anew with it; otherwise the resource"
            " cannot be executed locally with these properties."
        )
    if "NotFound" in code or "NoSuch" in code:
        return (
            "Something that this resource names does not exist in the emulator: create"
            " it in the program and pass its output, or run `make down` and `make up`"
            " again if the emulator lost its state."
        )
    return (
        "AWS would most likely refuse it as well; correct the property that the text"
        " names."
    )
