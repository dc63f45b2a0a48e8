"""What all EC2 resources share: one describe call, tags and ARNs."""

from abc import abstractmethod
from typing import Any, ClassVar

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.executed import Kind
from trivium_rehearsal.aws.tags import (
    as_pairs,
    from_pairs,
    tag_change,
    told_tags,
    wanted_tags,
)
from trivium_rehearsal.execution import ExecutionError, Properties


def arn(aws: Calls, owner: str, path: str) -> str:
    """The ARN of an EC2 resource in the Region of `aws`."""
    return f"arn:aws:ec2:{aws.region}:{owner}:{path}"


def tag_specification(type: str, inputs: Properties) -> list[Properties] | None:
    """The tags of a create call, or None when the program sets none."""
    tags = wanted_tags(inputs)
    return [{"ResourceType": type, "Tags": as_pairs(tags)}] if tags else None


def retag(aws: Calls, id: str, told: Properties, inputs: Properties) -> None:
    """Change the tags of `id` from those that EC2 returned to those in `inputs`."""
    change = tag_change(from_pairs(told.get("Tags")), inputs)
    if change.put:
        aws("ec2.create_tags", Resources=[id], Tags=as_pairs(change.put))
    if change.gone:
        aws(
            "ec2.delete_tags",
            Resources=[id],
            Tags=[{"Key": key} for key in change.gone],
        )


class Described(Kind):
    """A resource that one describe call with its id returns in a list."""

    describe: ClassVar[tuple[str, str, str]]
    """Operation, name of the ids' argument, name of the list in the answer."""
    gone: ClassVar[tuple[str, ...]]
    """Error codes that mean the resource does not exist."""

    def describe_one(self, aws: Calls, id: str) -> Any:
        """The one entry, or None. `Any`: boto3's untyped answer."""
        operation, argument, key = self.describe
        answer = aws.maybe(operation, *self.gone, **{argument: [id]})
        return next(iter(answer[key]), None) if answer else None

    def known_one(self, aws: Calls, id: str) -> Any:
        """The one entry, for an update. Raises `ExecutionError` when it is gone."""
        if (entry := self.describe_one(aws, id)) is None:
            raise ExecutionError(
                f"{self.token}: `{id}` is in the stack's state but not in the local AWS"
                " emulator, which may have lost its state. Run `make up` with a"
                " refresh, or `make down` and `make up` again."
            )
        return entry

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        """The resource's own properties and its tags, or None when it is gone."""
        if (entry := self.describe_one(aws, id)) is None:
            return None
        if (own := self.told(aws, id, entry, known)) is None:
            return None
        return {**own, **told_tags(from_pairs(entry.get("Tags")), known)}

    @abstractmethod
    def told(
        self, aws: Calls, id: str, entry: Properties, known: Properties
    ) -> Properties | None:
        """The described entry in the provider's spelling, without its tags.

        None when the emulator still lists a resource that no longer exists.
        """
