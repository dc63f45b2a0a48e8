"""One policy of Acme's own: resources have short names."""

import pulumi_policy as policy

LONGEST = 40


def short(args: policy.ResourceValidationArgs, report: policy.ReportViolation) -> None:
    """Report a resource whose name does not fit into Acme's inventory."""
    if len(args.name) > LONGEST:
        report(f"`{args.name}` has {len(args.name)} characters; {LONGEST} fit.")


policy.PolicyPack(
    name="acme",
    enforcement_level=policy.EnforcementLevel.MANDATORY,
    policies=[
        policy.ResourceValidationPolicy(
            name="acme-names-are-short",
            description="Resources have names that fit into the inventory.",
            validate=short,
        )
    ],
)
