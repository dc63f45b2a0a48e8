"""Judge an audit log offline: signatures → chain → files → roots → sequence →
checkpoint.

Every problem is reported with its file; a log without problems is exactly what was
sealed. What the directory alone cannot prove is reported too: records that are not
sealed yet, and that the log as a whole was not rolled back, unless an earlier
checkpoint that was kept elsewhere is given.

A log may be verified while it is written: what is judged is what lay in the directory
at one moment.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from trivium.audit.judging import ShardFound, judge_shard, kind_of, reason, signed
from trivium.audit.layout import CHECKPOINT, IDENTITY, LOCK, read_file
from trivium.audit.looking import Seen, look, require_empty, strangers
from trivium.audit.problem import Judging, Problem
from trivium.audit.record import FORMAT
from trivium.audit.seal import CHECKPOINT_TYPE, Checkpoint, LogIdentity, ShardHead
from trivium.vocabulary.envelope import TrustedKeys, canonical, digest

_Shards = Mapping[str, ShardFound]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found."""

    directory: Path
    deployment: str = ""
    shards: int = 0
    segments: int = 0
    records: int = 0
    """Records whose integrity is proven, if there are no problems."""
    kinds: dict[str, int] = field(default_factory=dict)
    """Kind → how many records, sealed or not; see docs/audit-format.md, "Records"."""
    unsealed: int = 0
    """Records in open segments: present, chained, and not yet signed."""
    checkpoint: int = 0
    """Number of the log's own checkpoint."""
    sealed_after: int = 0
    """Highest number of a checkpoint that a manifest names: that one existed when its
    segment was sealed."""
    compared: bool = False
    """Whether an earlier checkpoint from elsewhere was given and is contained in this
    log."""
    first_time: str = ""
    last_time: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def intact(self) -> bool:
        """Whether everything that was sealed is here, unchanged and in order."""
        return not self.problems


def verify(
    directory: Path, trusted: TrustedKeys, *, checkpoint: bytes | None = None
) -> Verification:
    """Judge the log in `directory`. `checkpoint` is an earlier `checkpoint.json` that
    was kept elsewhere.

    Never raises for what it finds in the directory: each is a problem in the result.
    """
    problems: list[Problem] = []
    judging = _judged(directory, trusted, checkpoint)
    while True:
        try:
            problems.append(next(judging))
        except StopIteration as done:
            found: Verification = done.value
            return replace(found, problems=tuple(problems))


def _judged(
    directory: Path, trusted: TrustedKeys, earlier: bytes | None
) -> Judging[Verification]:
    log, deployment = yield from _identity(directory)
    seen = look(directory)
    shards: dict[str, ShardFound] = {}
    for path, inside in seen.shards.items():
        shards[path.name] = yield from judge_shard(path, inside, log, trusted)
    yield from _top(seen)
    number = yield from _own_checkpoint(directory, seen, log, shards, trusted)
    compared = False
    if earlier is not None:
        compared = yield from _earlier_checkpoint(earlier, log, shards, trusted)
    found = list(shards.values())
    times = filter(None, (shard.first_time for shard in found))
    return Verification(
        directory=directory,
        deployment=deployment,
        shards=len(found),
        segments=sum(len(shard.heads) for shard in found),
        records=sum(shard.records for shard in found),
        kinds=dict(sum((shard.kinds for shard in found), Counter())),
        unsealed=sum(shard.unsealed for shard in found),
        checkpoint=number,
        sealed_after=_sealed_after(shards),
        compared=compared,
        first_time=min(times, default=""),
        last_time=max((shard.last_time for shard in found), default=""),
    )


def _identity(directory: Path) -> Judging[tuple[str, str]]:
    """Digest of `log.json`, and the deployment that it names."""
    path = directory / IDENTITY
    try:
        content = read_file(path)
        identity = msgspec.json.decode(content, type=LogIdentity)
    except (OSError, ValueError) as error:
        kind = "missing" if isinstance(error, FileNotFoundError) else kind_of(error)
        text = f"{path} cannot be read: {reason(error)}"
        yield Problem(path=str(path), kind=kind, text=text)
        return "", ""
    if identity.format != FORMAT:
        text = f"{path} has format {identity.format}; this release verifies format {FORMAT}"
        yield Problem(path=str(path), kind="unreadable", text=text)
    if canonical(identity) != content:
        text = f"{path} is not in canonical form"
        yield Problem(path=str(path), kind="changed", text=text)
    return digest(content), identity.deployment


def _top(seen: Seen) -> Iterator[Problem]:
    """Judge what else lies in the log's folder."""
    unknown = []
    for path in seen.files:
        if path.name == LOCK:
            yield from require_empty(path)
        elif path.name not in (IDENTITY, CHECKPOINT):
            unknown.append(path)
    yield from strangers((*unknown, *seen.others))


def _own_checkpoint(
    directory: Path, seen: Seen, log: str, shards: _Shards, trusted: TrustedKeys
) -> Judging[int]:
    """Judge the log's own checkpoint; returns its number."""
    path = directory / CHECKPOINT
    if seen.checkpoint is None:
        unseen = (shard for shard in shards.values() if not _fits(shard, None))
        if _sealed_after(shards) or any(unseen):
            text = f"{path} is missing, although segments are sealed"
            yield Problem(path=str(path), kind="missing", text=text)
        return 0
    checkpoint = yield from _checkpoint(seen.checkpoint, str(path), log, trusted)
    if checkpoint is None:
        return 0
    after = _sealed_after(shards)
    if checkpoint.number < after:
        text = (
            f"{path} has number {checkpoint.number}, and a segment was sealed after"
            f" {after}: an earlier checkpoint was put back"
        )
        yield Problem(path=str(path), kind="rolled_back", text=text)
    sealed = {name for name, shard in shards.items() if shard.heads}
    for name in sorted(sealed | set(checkpoint.shards)):
        shard, said = shards.get(name, ShardFound()), checkpoint.shards.get(name)
        if not _fits(shard, said):
            text = (
                f"{path}: shard {name} has {_extent(shard.heads[-1:])}, the checkpoint"
                f" says {_extent([said] if said else [])}"
            )
            yield Problem(path=str(path), kind="rolled_back", text=text)
    return checkpoint.number


def _fits(shard: ShardFound, said: ShardHead | None) -> bool:
    """Whether the checkpoint fits the shard: it saw all, or all but a segment that is
    just being sealed."""
    heads: list[ShardHead | None] = [None, *shard.heads]
    return said == heads[-1] or (shard.sealing and said == heads[-2:][0])


def _earlier_checkpoint(
    content: bytes, log: str, shards: _Shards, trusted: TrustedKeys
) -> Judging[bool]:
    """Judge whether the log contains an earlier checkpoint; returns whether it could be
    compared."""
    name = "the earlier checkpoint"
    checkpoint = yield from _checkpoint(content, name, log, trusted)
    if checkpoint is None:
        return False
    for shard, said in sorted(checkpoint.shards.items()):
        if said not in shards.get(shard, ShardFound()).heads:
            text = (
                f"checkpoint {checkpoint.number} of {checkpoint.at} saw shard {shard}"
                f" with {_extent([said])}, which is not in this log: it was rolled back"
                " or replaced"
            )
            yield Problem(path=shard, kind="rolled_back", text=text)
    return True


def _checkpoint(
    content: bytes, name: str, log: str, trusted: TrustedKeys
) -> Judging[Checkpoint | None]:
    """A checkpoint whose signature holds and which belongs to this log."""
    try:
        payload = signed(content, CHECKPOINT_TYPE, trusted)
        checkpoint = msgspec.json.decode(payload, type=Checkpoint)
    except ValueError as error:
        text = f"{name}: {reason(error)}"
        yield Problem(path=name, kind=kind_of(error), text=text)
        return None
    if checkpoint.log != log:
        text = f"{name} belongs to another log"
        yield Problem(path=name, kind="foreign", text=text)
        return None
    return checkpoint


def _sealed_after(shards: _Shards) -> int:
    """The highest checkpoint that a manifest names."""
    return max((shard.sealed_after for shard in shards.values()), default=0)


def _extent(heads: list[ShardHead]) -> str:
    """A head in words."""
    if not heads:
        return "nothing sealed"
    return f"{heads[0].records} records in {heads[0].segments} segments"
