"""The service account that the application runs as, and the one permission it has on
Vertex AI."""

from typing import TypedDict

import pulumi
from pulumi_gcp import projects, serviceaccount

from trivium_components import naming

# Enough to call a publisher model, and nothing that reads, tunes or deploys one (Vertex
# AI, IAM permissions, 2026-11).
_PERMISSION = "aiplatform.endpoints.predict"


class GcpIdentityArgs(TypedDict):
    """What `GcpIdentity` needs."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Google Cloud project id."""
    region: str
    """Region of the deployment. Unused on Google Cloud, where identities are global."""
    invokers: list[str]
    """Members that may act as the application's service account."""
    resources: pulumi.Input[list[str]]
    """Projects in which models may be invoked, as `GcpModelAccess.resources` gives
    them."""
    tags: dict[str, str]
    """Tags of every resource. Unused here: service accounts and roles take no
    labels."""


class GcpIdentity(pulumi.ComponentResource):
    """A service account that may call models and nothing else. It gets no key: callers
    impersonate it."""

    principal: pulumi.Output[str]
    """What permissions are granted to: `serviceAccount:` and the address."""
    subject: pulumi.Output[str]
    """What the application runs as: the service account's address."""

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
                disable_on_destroy=False,
                opts=inside,
            )
            for service in ("iam", "iamcredentials")
        ]
        after_services = pulumi.ResourceOptions(parent=self, depends_on=services)
        account = serviceaccount.Account(
            f"{name}-application",
            project=args["account"],
            account_id=naming.dashed(args["environment"], "app", limit=30),
            display_name="Runs the application that calls Claude",
            opts=after_services,
        )
        role = projects.IAMCustomRole(
            f"{name}-invoker",
            project=args["account"],
            role_id=naming.google_role(args["environment"], "invoker"),
            title="Trivium model invoker",
            description="Calls models; cannot read, tune or deploy them.",
            permissions=[_PERMISSION],
            opts=after_services,
        )
        projects.IAMMember(
            f"{name}-invoke",
            project=pulumi.Output.from_input(args["resources"]).apply(
                lambda found: found[0].removeprefix("projects/")
            ),
            role=role.name,
            member=account.member,
            opts=inside,
        )
        for index, member in enumerate(args["invokers"]):
            serviceaccount.IAMMember(
                f"{name}-caller-{index}",
                service_account_id=account.name,
                role=impersonation_role(member),
                member=member,
                opts=inside,
            )
        self.principal = account.member
        self.subject = account.email
        self.register_outputs({"principal": self.principal, "subject": self.subject})


def impersonation_role(member: str) -> str:
    """Members of Google's own directory create tokens; members of a federated pool use
    the workload identity role."""
    federated = member.startswith(("principal://", "principalSet://"))
    return (
        "roles/iam.workloadIdentityUser"
        if federated
        else "roles/iam.serviceAccountTokenCreator"
    )
