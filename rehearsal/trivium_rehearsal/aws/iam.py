"""AWS IAM: roles, policies, attachments and identity providers. IAM is global: no
`region` property."""

import json
from typing import Any
from urllib.parse import unquote

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.executed import Kind
from trivium_rehearsal.aws.names import named
from trivium_rehearsal.aws.tags import (
    as_pairs,
    from_pairs,
    tag_change,
    told_tags,
    wanted_tags,
)
from trivium_rehearsal.execution import Properties

_GONE = ("NoSuchEntity", "NoSuchEntityException")


def _document(value: Any) -> str:
    """A policy document as text: boto3 decodes what IAM answers, the emulator may still
    percent-encode it."""
    return unquote(value) if isinstance(value, str) else json.dumps(value)


class Role(Kind):
    """A role with its trust policy, inline policies and managed policies."""

    token = "aws:iam/role:Role"
    regional = False
    unread = ("forceDetachPolicies", "namePrefix")

    def make(self, aws: Calls, inputs: Properties) -> str:
        name = named(self.token, inputs)
        aws(
            "iam.create_role",
            RoleName=name,
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Path=inputs.get("path"),
            Description=inputs.get("description"),
            MaxSessionDuration=inputs.get("maxSessionDuration"),
            PermissionsBoundary=inputs.get("permissionsBoundary") or None,
            Tags=as_pairs(wanted_tags(inputs)) or None,
        )
        return name

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        self._policies(aws, id, {}, inputs)

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = aws.maybe("iam.get_role", *_GONE, RoleName=id)
        if answer is None:
            return None
        role = answer["Role"]
        told: Properties = {
            "name": role["RoleName"],
            "arn": role["Arn"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "assumeRolePolicy": _document(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description", ""),
            "path": role.get("Path", "/"),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "permissionsBoundary": (
                role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
            ),
            **told_tags(
                from_pairs(aws("iam.list_role_tags", RoleName=id).get("Tags")), known
            ),
        }
        if known.get("managedPolicyArns") is not None:
            told["managedPolicyArns"] = _attached(aws, id)
        if known.get("inlinePolicies") is not None:
            told["inlinePolicies"] = [
                {"name": name, "policy": _inline(aws, id, name)}
                for name in _inline_names(aws, id)
            ]
        return told

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        aws(
            "iam.update_assume_role_policy",
            RoleName=id,
            PolicyDocument=inputs["assumeRolePolicy"],
        )
        aws(
            "iam.update_role",
            RoleName=id,
            Description=inputs.get("description") or "",
            MaxSessionDuration=inputs.get("maxSessionDuration") or 3600,
        )
        if boundary := inputs.get("permissionsBoundary"):
            aws(
                "iam.put_role_permissions_boundary",
                RoleName=id,
                PermissionsBoundary=boundary,
            )
        elif state.get("permissionsBoundary"):
            aws("iam.delete_role_permissions_boundary", RoleName=id)
        change = tag_change(
            from_pairs(aws("iam.list_role_tags", RoleName=id).get("Tags")), inputs
        )
        if change.put:
            aws("iam.tag_role", RoleName=id, Tags=as_pairs(change.put))
        if change.gone:
            aws("iam.untag_role", RoleName=id, TagKeys=change.gone)
        self._policies(aws, id, state, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        """With `forceDetachPolicies` others' policies go too; the role's own always
        do."""
        force = bool(state.get("forceDetachPolicies"))
        if aws.maybe("iam.get_role", *_GONE, RoleName=id) is None:
            return
        own = {policy.get("name") for policy in state.get("inlinePolicies") or ()}
        for name in _inline_names(aws, id):
            if force or name in own:
                aws.maybe(
                    "iam.delete_role_policy", *_GONE, RoleName=id, PolicyName=name
                )
        for arn in _attached(aws, id):
            if force or arn in (state.get("managedPolicyArns") or ()):
                aws.maybe("iam.detach_role_policy", *_GONE, RoleName=id, PolicyArn=arn)
        aws.maybe("iam.delete_role", *_GONE, RoleName=id)

    def _policies(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        """Bring the role's own inline and managed policies into line; both lists are
        exclusive when given."""
        if inputs.get("managedPolicyArns") is not None or state.get(
            "managedPolicyArns"
        ):
            wanted, told = (
                set(inputs.get("managedPolicyArns") or ()),
                set(_attached(aws, id)),
            )
            for arn in sorted(wanted - told):
                aws("iam.attach_role_policy", RoleName=id, PolicyArn=arn)
            for arn in sorted(told - wanted):
                aws.maybe("iam.detach_role_policy", *_GONE, RoleName=id, PolicyArn=arn)
        if inputs.get("inlinePolicies") is not None or state.get("inlinePolicies"):
            documents = {
                policy["name"]: policy["policy"]
                for policy in inputs.get("inlinePolicies") or ()
            }
            for name, policy in documents.items():
                aws(
                    "iam.put_role_policy",
                    RoleName=id,
                    PolicyName=name,
                    PolicyDocument=policy,
                )
            for name in set(_inline_names(aws, id)) - set(documents):
                aws.maybe(
                    "iam.delete_role_policy", *_GONE, RoleName=id, PolicyName=name
                )


def _attached(aws: Calls, role: str) -> list[str]:
    answer = aws.maybe("iam.list_attached_role_policies", *_GONE, RoleName=role) or {}
    return [policy["PolicyArn"] for policy in answer.get("AttachedPolicies", ())]


def _inline_names(aws: Calls, role: str) -> list[str]:
    answer = aws.maybe("iam.list_role_policies", *_GONE, RoleName=role) or {}
    return list(answer.get("PolicyNames", ()))


def _inline(aws: Calls, role: str, name: str) -> str:
    return _document(
        aws("iam.get_role_policy", RoleName=role, PolicyName=name)["PolicyDocument"]
    )


class Policy(Kind):
    """A managed policy; each change is a new default version, of which IAM keeps
    five."""

    token = "aws:iam/policy:Policy"
    regional = False
    unread = ("namePrefix", "delayAfterPolicyCreationInMs")

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "iam.create_policy",
            PolicyName=named(self.token, inputs),
            Path=inputs.get("path"),
            PolicyDocument=inputs["policy"],
            Description=inputs.get("description"),
            Tags=as_pairs(wanted_tags(inputs)) or None,
        )
        return str(answer["Policy"]["Arn"])

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = aws.maybe("iam.get_policy", *_GONE, PolicyArn=id)
        if answer is None:
            return None
        policy = answer["Policy"]
        version = aws(
            "iam.get_policy_version", PolicyArn=id, VersionId=policy["DefaultVersionId"]
        )
        return {
            "arn": policy["Arn"],
            "name": policy["PolicyName"],
            "path": policy.get("Path", "/"),
            "description": policy.get("Description", ""),
            "policyId": policy["PolicyId"],
            "attachmentCount": policy.get("AttachmentCount", 0),
            "policy": _document(version["PolicyVersion"]["Document"]),
            **told_tags(
                from_pairs(aws("iam.list_policy_tags", PolicyArn=id).get("Tags")), known
            ),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        self._make_room(aws, id)
        aws(
            "iam.create_policy_version",
            PolicyArn=id,
            PolicyDocument=inputs["policy"],
            SetAsDefault=True,
        )
        change = tag_change(
            from_pairs(aws("iam.list_policy_tags", PolicyArn=id).get("Tags")), inputs
        )
        if change.put:
            aws("iam.tag_policy", PolicyArn=id, Tags=as_pairs(change.put))
        if change.gone:
            aws("iam.untag_policy", PolicyArn=id, TagKeys=change.gone)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        for version in self._versions(aws, id):
            if not version["IsDefaultVersion"]:
                aws(
                    "iam.delete_policy_version",
                    PolicyArn=id,
                    VersionId=version["VersionId"],
                )
        aws.maybe("iam.delete_policy", *_GONE, PolicyArn=id)

    def _make_room(self, aws: Calls, id: str) -> None:
        """IAM holds five versions of a policy (IAM quotas); the oldest that is not the
        default makes room."""
        versions = self._versions(aws, id)
        if len(versions) >= 5:
            spare = [version for version in versions if not version["IsDefaultVersion"]]
            oldest = min(
                spare, key=lambda version: int(version["VersionId"].lstrip("v"))
            )
            aws(
                "iam.delete_policy_version", PolicyArn=id, VersionId=oldest["VersionId"]
            )

    def _versions(self, aws: Calls, id: str) -> list[Properties]:
        answer = aws.maybe("iam.list_policy_versions", *_GONE, PolicyArn=id) or {}
        return list(answer.get("Versions", ()))


class RolePolicy(Kind):
    """One inline policy of a role; its id is ``role:name``."""

    token = "aws:iam/rolePolicy:RolePolicy"
    regional = False
    unread = ("namePrefix",)

    def make(self, aws: Calls, inputs: Properties) -> str:
        role, name = inputs["role"], named(self.token, inputs)
        aws(
            "iam.put_role_policy",
            RoleName=role,
            PolicyName=name,
            PolicyDocument=inputs["policy"],
        )
        return f"{role}:{name}"

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        role, _, name = id.partition(":")
        answer = aws.maybe(
            "iam.get_role_policy", *_GONE, RoleName=role, PolicyName=name
        )
        return (
            None
            if answer is None
            else {
                "role": role,
                "name": name,
                "policy": _document(answer["PolicyDocument"]),
            }
        )

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        role, _, name = id.partition(":")
        aws(
            "iam.put_role_policy",
            RoleName=role,
            PolicyName=name,
            PolicyDocument=inputs["policy"],
        )

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        role, _, name = id.partition(":")
        aws.maybe("iam.delete_role_policy", *_GONE, RoleName=role, PolicyName=name)


class RolePolicyAttachment(Kind):
    """A managed policy on a role; its id is ``role/policyArn``, as an import spells
    it."""

    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    regional = False

    def make(self, aws: Calls, inputs: Properties) -> str:
        aws(
            "iam.attach_role_policy",
            RoleName=inputs["role"],
            PolicyArn=inputs["policyArn"],
        )
        return f"{inputs['role']}/{inputs['policyArn']}"

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        role, _, arn = id.partition("/")
        return {"role": role, "policyArn": arn} if arn in _attached(aws, role) else None

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        """Nothing can change: both properties replace it."""

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        role, _, arn = id.partition("/")
        aws.maybe("iam.detach_role_policy", *_GONE, RoleName=role, PolicyArn=arn)


class OpenIdConnectProvider(Kind):
    """An OpenID Connect identity provider, for workload identity federation."""

    token = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    regional = False

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "iam.create_open_id_connect_provider",
            Url=inputs["url"],
            ClientIDList=inputs.get("clientIdLists"),
            ThumbprintList=inputs.get("thumbprintLists"),
            Tags=as_pairs(wanted_tags(inputs)) or None,
        )
        return str(answer["OpenIDConnectProviderArn"])

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = aws.maybe(
            "iam.get_open_id_connect_provider", *_GONE, OpenIDConnectProviderArn=id
        )
        if answer is None:
            return None
        url = str(answer["Url"])
        return {
            "arn": id,
            "url": (
                url if url.startswith("https://") else f"https://{url}"
            ),  # IAM answers without the scheme
            "clientIdLists": answer.get("ClientIDList", []),
            "thumbprintLists": answer.get("ThumbprintList", []),
            **told_tags(from_pairs(answer.get("Tags")), known),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        told = aws("iam.get_open_id_connect_provider", OpenIDConnectProviderArn=id)
        clients, wanted = (
            set(told.get("ClientIDList", ())),
            set(inputs.get("clientIdLists", ())),
        )
        for client in sorted(wanted - clients):
            aws(
                "iam.add_client_id_to_open_id_connect_provider",
                OpenIDConnectProviderArn=id,
                ClientID=client,
            )
        for client in sorted(clients - wanted):
            aws(
                "iam.remove_client_id_from_open_id_connect_provider",
                OpenIDConnectProviderArn=id,
                ClientID=client,
            )
        prints = inputs.get("thumbprintLists")
        if prints and set(prints) != set(told.get("ThumbprintList", ())):
            aws(
                "iam.update_open_id_connect_provider_thumbprint",
                OpenIDConnectProviderArn=id,
                ThumbprintList=prints,
            )
        change = tag_change(from_pairs(told.get("Tags")), inputs)
        if change.put:
            aws(
                "iam.tag_open_id_connect_provider",
                OpenIDConnectProviderArn=id,
                Tags=as_pairs(change.put),
            )
        if change.gone:
            aws(
                "iam.untag_open_id_connect_provider",
                OpenIDConnectProviderArn=id,
                TagKeys=change.gone,
            )

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe(
            "iam.delete_open_id_connect_provider", *_GONE, OpenIDConnectProviderArn=id
        )


KINDS: tuple[type[Kind], ...] = (
    Role,
    Policy,
    RolePolicy,
    RolePolicyAttachment,
    OpenIdConnectProvider,
)
