"""A pack that reports, as a violation, what it knew of the stack when it was
imported."""

import pulumi
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

KNOWN = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
KNOWN += (
    f" dry run {pulumi.runtime.is_dry_run()} mode {pulumi.Config('host').get('mode')}"
)


def tell(args, report) -> None:
    if args.resource_type == "pulumi-python:dynamic:Resource":
        report(f"known at import: {KNOWN}")


PolicyPack(
    "teller",
    [ResourceValidationPolicy("tell", "Tells.", tell, EnforcementLevel.ADVISORY)],
)
