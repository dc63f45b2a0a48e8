"""aws-trail-sees-model-calls: CloudTrail records who called which model, although the
calls count as reads."""

from collections.abc import Iterator
from typing import Final

from trivium_policies.resource import Properties, Resource, resource
from trivium_policies.rule import (
    Case,
    Compliant,
    Remediation,
    Right,
    Rule,
    Verdict,
    Violating,
    Violation,
    Wrong,
)

_TRAIL: Final = "aws:cloudtrail/trail:Trail"
_NATIVE_TRAIL: Final = "aws-native:cloudtrail:Trail"
# The switch, by the name that each provider gives it. Source: pulumi-aws 7.51.1,
# pulumi-aws-native 1.84.0.
_SWITCH: Final = {_TRAIL: "enableLogging", _NATIVE_TRAIL: "isLogging"}
_LOST: Final = (
    "InvokeModel and Converse are read-only management events: they would be missing"
    " from the trail."
)


def _logging_is_on(case: Case) -> Iterator[Verdict]:
    """The trail records."""
    switch = _SWITCH[case.resource.type]
    if case.resource.properties.flag(switch) is False:
        yield Violation(
            switch,
            found=False,
            expected="true",
            consequence="Nothing is recorded at all.",
        )


def _every_region_is_seen(case: Case) -> Iterator[Verdict]:
    """It records every Region."""
    multi_region = case.resource.properties.flag("isMultiRegionTrail")
    if multi_region is not True:
        yield Violation(
            "isMultiRegionTrail",
            found=multi_region,
            expected="true",
            consequence="Calls to a model in another region are not recorded.",
        )


def _files_are_signed(case: Case) -> Iterator[Verdict]:
    """Its files are validated."""
    validated = case.resource.properties.flag("enableLogFileValidation")
    if validated is not True:
        yield Violation(
            "enableLogFileValidation",
            found=validated,
            expected="true",
            consequence="A changed or removed log file cannot be told from a true one.",
        )


def _reads_are_recorded(case: Case) -> Iterator[Verdict]:
    """A trail without selectors records management reads and writes; with selectors,
    only what they name."""
    properties = case.resource.properties
    selectors, advanced = (
        properties.bags("eventSelectors"),
        properties.bags("advancedEventSelectors"),
    )
    if selectors and not any(_selects_reads(selector) for selector in selectors):
        yield Violation(
            "eventSelectors",
            found=", ".join(
                selector.text("readWriteType") or "All" for selector in selectors
            ),
            expected="one with includeManagementEvents and readWriteType All",
            consequence=_LOST,
        )
    if advanced and not any(_selects_all_management(selector) for selector in advanced):
        yield Violation(
            "advancedEventSelectors",
            found=f"{len(advanced)} without all management events",
            expected="one whose only field is eventCategory equals Management",
            consequence=_LOST,
        )


def _selects_reads(selector: Properties) -> bool:
    """Whether a basic selector records management reads. All three properties are wide
    by default."""
    wide = selector.flag("includeManagementEvents") is not False and selector.text(
        "readWriteType"
    ) in (None, "All")
    return wide and set(selector.texts("excludeManagementEventSources")) <= _NOISE


def _selects_all_management(selector: Properties) -> bool:
    """Whether an advanced selector records all management events; any further field
    narrows it, readOnly above all."""
    fields = selector.bags("fieldSelectors")
    return any(map(_is_management, fields)) and all(
        _is_management(f) or _excludes_only_noise(f) for f in fields
    )


# The two sources that CloudTrail lets a trail exclude for their volume; neither carries
# a model call. Source: CloudTrail user guide, "Filter events by eventSource", read
# 2026-11-22.
_NOISE: Final = frozenset({"kms.amazonaws.com", "rdsdata.amazonaws.com"})


def _is_management(field: Properties) -> bool:
    return _asks(field, "eventCategory", "equals") and field.texts("equals") == (
        "Management",
    )


def _excludes_only_noise(field: Properties) -> bool:
    return (
        _asks(field, "eventSource", "notEquals")
        and set(field.texts("notEquals")) <= _NOISE
    )


def _asks(field: Properties, name: str, operator: str) -> bool:
    """Whether it is about the field `name` and has this operator alone: each further
    one narrows."""
    written = {
        member
        for member in field.names
        if member == "field" or field.value(member) != []
    }
    return field.text("field") == name and written == {"field", operator}


RULE: Final = Rule(
    id="aws-trail-sees-model-calls",
    title="CloudTrail records model calls",
    promise=(
        "Every trail of the stack records management reads and writes of all regions,"
        " in validated files."
    ),
    severity="high",
    cloud="aws",
    scope="resource",
    types=(_TRAIL, _NATIVE_TRAIL),
    rationale=(
        "A call to a model is a read-only management event. A trail that was narrowed"
        " to writes, a common saving, records the making of a guardrail and none of the"
        " calls it judged."
    ),
    risk="After an incident nobody can say which identity called which model.",
    remediation=Remediation(
        text=(
            "Leave the selectors out, or select all management events, and make the"
            " trail multi-region and validated."
        ),
        pulumi="""\
aws.cloudtrail.Trail(
    "trail",
    s3_bucket_name=bucket.id,
    is_multi_region_trail=True,
    enable_log_file_validation=True,
    advanced_event_selectors=[{
        "name": "management, reads included",
        "field_selectors": [{"field": "eventCategory", "equals": ["Management"]}],
    }],
)""",
    ),
    controls=(
        "nist-800-53/AU-2",
        "nist-800-53/AU-12",
        "eu-ai-act/12",
    ),
    peers=(
        "prowler: cloudtrail_bedrock_logging_enabled",
        "prowler: cloudtrail_multi_region_enabled",
        "prowler: cloudtrail_log_file_validation_enabled",
        "checkov: CKV_AWS_36",
        "checkov: CKV_AWS_67",
    ),
    checks=(
        _logging_is_on,
        _every_region_is_seen,
        _files_are_signed,
        _reads_are_recorded,
    ),
)


def _trail(**inputs: object) -> Resource:
    return resource(
        _TRAIL,
        "trail",
        {
            "s3BucketName": "trail",
            "isMultiRegionTrail": True,
            "enableLogFileValidation": True,
            **inputs,
        },
    )


def _select(**fields: list[str]) -> dict[str, object]:
    return {
        "fieldSelectors": [
            {"field": name, "equals": values} for name, values in fields.items()
        ]
    }


_BEDROCK_DATA: Final = {
    "fieldSelectors": [
        {"field": "eventCategory", "equals": ["Data"]},
        {"field": "resources.type", "equals": ["AWS::Bedrock::Guardrail"]},
    ]
}
_WITHOUT_KMS: Final = {
    "fieldSelectors": [
        {"field": "eventCategory", "equals": ["Management"]},
        {"field": "eventSource", "notEquals": ["kms.amazonaws.com"]},
    ]
}

COMPLIANT: Final[Compliant] = {
    "no selectors record all management events": Right((_trail(),)),
    "management and data events": Right(
        (
            _trail(
                advancedEventSelectors=[
                    _select(eventCategory=["Management"]),
                    _BEDROCK_DATA,
                ]
            ),
        )
    ),
    "without the noise of KMS": Right((_trail(advancedEventSelectors=[_WITHOUT_KMS]),)),
    "a basic selector for reads and writes": Right(
        (
            _trail(
                eventSelectors=[
                    {"readWriteType": "All", "includeManagementEvents": True}
                ]
            ),
        )
    ),
}

VIOLATING: Final[Violating] = {
    "without Bedrock, basic": Wrong(
        (
            _trail(
                eventSelectors=[
                    {"excludeManagementEventSources": ["bedrock.amazonaws.com"]}
                ]
            ),
        ),
        paths=("eventSelectors",),
    ),
    "without Bedrock beside the noise of KMS, advanced": Wrong(
        (
            _trail(
                advancedEventSelectors=[
                    {
                        "fieldSelectors": [
                            {"field": "eventCategory", "equals": ["Management"]},
                            {
                                "field": "eventSource",
                                "notEquals": ["kms.amazonaws.com"],
                                "notStartsWiths": ["bedrock"],
                            },
                        ]
                    }
                ]
            ),
        ),
        paths=("advancedEventSelectors",),
    ),
    "without Bedrock by a second field of the same name": Wrong(
        (
            _trail(
                advancedEventSelectors=[
                    {
                        "fieldSelectors": [
                            {"field": "eventCategory", "equals": ["Management"]},
                            {
                                "field": "eventSource",
                                "notEquals": ["kms.amazonaws.com"],
                            },
                            {
                                "field": "eventSource",
                                "notEquals": ["bedrock.amazonaws.com"],
                            },
                        ]
                    }
                ]
            ),
        ),
        paths=("advancedEventSelectors",),
    ),
    "writes only, basic": Wrong(
        (_trail(eventSelectors=[{"readWriteType": "WriteOnly"}]),),
        paths=("eventSelectors",),
    ),
    "writes only, advanced": Wrong(
        (
            _trail(
                advancedEventSelectors=[
                    _select(eventCategory=["Management"], readOnly=["false"])
                ]
            ),
        ),
        paths=("advancedEventSelectors",),
    ),
    "data events without management events": Wrong(
        (_trail(advancedEventSelectors=[_BEDROCK_DATA]),),
        paths=("advancedEventSelectors",),
    ),
    "switched off, by the other provider": Wrong(
        (
            resource(
                _NATIVE_TRAIL,
                "trail",
                {
                    "isLogging": False,
                    "isMultiRegionTrail": True,
                    "enableLogFileValidation": True,
                },
            ),
        ),
        paths=("isLogging",),
    ),
    "one region, unsigned, switched off": Wrong(
        (
            _trail(
                enableLogging=False,
                isMultiRegionTrail=False,
                enableLogFileValidation=None,
            ),
        ),
        paths=("enableLogging", "isMultiRegionTrail", "enableLogFileValidation"),
    ),
}
