"""The service account of the application, with one permission on Vertex AI."""

from typing import TypedDict

import pulumi
from pulumi_gcp import projects, serviceaccount

from trivium_components import naming
from trivium_components.component import register

# Permits calls of a publisher model, but not to read, tune or deploy one (Vertex AI,
# IAM permissions, 2026-11).
_PERMISSION = "aiplatform.endpoints.predict"


class GcpIdentityArgs(TypedDict):
    """Arguments of `GcpIdentity`. For the type, see `component.py`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Google Cloud project id."""
    region: str
    """Region of the deployment. Not used on Google Cloud: identities are global."""
    invokers: list[str]
    """Members that may impersonate the application's service account."""
    resources: pulumi.Input[list[str]]
    """Projects in which models may be invoked: `GcpModelAccess.resources`."""
    tags: dict[str, str]
    """Tags of every resource. Not used: service accounts and roles do not take
    labels."""


class GcpIdentity(pulumi.ComponentResource):
    """A service account that may only call models.

    It has no key: callers impersonate it.
    """

    principal: pulumi.Output[str]
    """`serviceAccount:` and the address, to which permissions are granted."""
    subject: pulumi.Output[str]
    """The service account's address, as which the application runs."""

    def __init__(
        self,
        name: str,
        args: GcpIdentityArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:GcpIdentity", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        services = [
            projects.Service(
                f"{name}-{service}",
                project=args["account"],
                service=f"{service}.googleapis.com",
                disable_on_destroy=False,  # others in the project may use it
                opts=inside,
            )
            for service in ("iam", "iamcredentials")
        ]
        after_services = pulumi.ResourceOptions(parent=self, depends_on=services)
        account = _account(name, args, after_services)
        role = _role(name, args, after_services)
        _grant_calls(name, args, account, role, inside)
        _grant_impersonation(name, args["invokers"], account, inside)

        self.principal = account.member
        self.subject = account.email
        register(self)


def _account(
    name: str, args: GcpIdentityArgs, opts: pulumi.ResourceOptions
) -> serviceaccount.Account:
    """The application's service account, without a key."""
    return serviceaccount.Account(
        f"{name}-application",
        project=args["account"],
        account_id=naming.dashed(args["environment"], "app", limit=30),
        display_name="Runs the application that calls Claude",
        opts=opts,
    )


def _role(
    name: str, args: GcpIdentityArgs, opts: pulumi.ResourceOptions
) -> projects.IAMCustomRole:
    """A role with one permission."""
    return projects.IAMCustomRole(
        f"{name}-invoker",
        project=args["account"],
        role_id=naming.google_role(args["environment"], "invoker"),
        title="Trivium model invoker",
        description="Calls models; cannot read, tune or deploy them.",
        permissions=[_PERMISSION],
        opts=opts,
    )


def _grant_calls(
    name: str,
    args: GcpIdentityArgs,
    account: serviceaccount.Account,
    role: projects.IAMCustomRole,
    opts: pulumi.ResourceOptions,
) -> None:
    """Let the service account call models in the project."""
    projects.IAMMember(
        f"{name}-invoke",
        project=pulumi.Output.from_input(args["resources"]).apply(
            lambda found: found[0].removeprefix("projects/")
        ),
        role=role.name,
        member=account.member,
        opts=opts,
    )


def _grant_impersonation(
    name: str,
    invokers: list[str],
    account: serviceaccount.Account,
    opts: pulumi.ResourceOptions,
) -> None:
    """Let the invokers act as the service account."""
    for index, member in enumerate(invokers):
        serviceaccount.IAMMember(
            f"{name}-caller-{index}",
            service_account_id=account.name,
            role=impersonation_role(member),
            member=member,
            opts=opts,
        )


def impersonation_role(member: str) -> str:
    """The role with which a member impersonates.

    Members of Google's directory create tokens; members of a federated pool use
    workload identity.
    """
    federated = member.startswith(("principal://", "principalSet://"))
    return (
        "roles/iam.workloadIdentityUser"
        if federated
        else "roles/iam.serviceAccountTokenCreator"
    )
