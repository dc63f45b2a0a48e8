"""`make preview`: what deploying a stack would do, judged by the policy pack."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from trivium_rehearsal import processes
from trivium_rehearsal.environment import rehearsal_environment
from trivium_rehearsal.places import Places, require_room
from trivium_rehearsal.stack import Outcome, Stack
from trivium_rehearsal.stack_file import runtime
from trivium_rehearsal.stand_ins import NOTHING, providers
from trivium_rehearsal.toolchain.engine import ensure_engine
from trivium_rehearsal.toolchain.progress import Progress
from trivium_rehearsal.toolchain.yaml_host import add_yaml_host


def preview(
    root: Path,
    project: Path,
    stack: str,
    progress: Progress,
    *,
    policy: Mapping[str, str] | None = None,
    packs: tuple[Path, ...] = (),
    explain: bool = False,
) -> Outcome:
    """What deploying `stack` of the Pulumi project in `project` would do.

    `policy`: the variables by which the pack is told its profile and waivers
    (docs/policies.md); without them it judges by its defaults. `packs`: folders of
    further policy packs that judge as well. `explain`: errors say why each finding
    matters.

    Raises `StackError` with everything that a stand-in or a policy refuses. Keeps only
    its logs.
    """
    require_room(root)
    engine = ensure_engine(progress)
    env = rehearsal_environment(root, path=engine.path)
    # Of its own, because two previews may run at a time.
    logs = Places(root).logs / f"preview-{project.name}-{stack}"
    logs.mkdir(parents=True, exist_ok=True)
    with (
        processes.ended_like_ctrl_c(),
        tempfile.TemporaryDirectory(dir=Places(root).home, prefix="preview-") as folder,
        providers(NOTHING, logs, env) as stand_ins,
    ):
        scratch = {
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_HOME": f"{folder}/home",
        }
        if runtime(project) == "yaml":
            add_yaml_host(engine, Path(scratch["PULUMI_HOME"]), progress)
        driven = Stack(
            project,
            stack,
            folder=Path(folder) / "project",
            pulumi=engine.pulumi,
            env=env | stand_ins | scratch | dict(policy or {}),
            logs=logs,
            explain=explain,
        )
        driven.select()
        what = f"stack `{stack}` of {project.name}"
        progress.say(f"Previewing {what} with the policy pack.")
        return driven.preview(packs=(root / "policies", *packs))
