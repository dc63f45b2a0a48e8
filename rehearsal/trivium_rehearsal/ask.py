"""`make ask`: a question of a person's own through the rehearsed deployment."""

import sys
from pathlib import Path

from trivium.errors import ConfigurationError
from trivium.vocabulary import deployment as vocabulary
from trivium_rehearsal import processes, trivium_command
from trivium_rehearsal.environment import rehearsal_environment
from trivium_rehearsal.local_endpoints import endpoints
from trivium_rehearsal.places import Places, alone


def ask(root: Path, question: str, model: str) -> int:
    """Ask by `trivium ask`; its exit status.

    Raises `ConfigurationError` when there is no rehearsal yet.
    """
    places = Places(root)
    if not places.draft.exists():
        raise ConfigurationError(
            "There is no rehearsed deployment to ask.", next_step="Run `make up` first."
        )
    env = rehearsal_environment(root)
    draft = vocabulary.decode(places.draft.read_bytes())
    with (
        alone(places),
        processes.ended_like_ctrl_c(),
        endpoints(draft, env=env, logs=places.logs) as local,
    ):
        trivium_command.signed(local.rehearsed(draft), places, env)
        trusting = trivium_command.trusting(places)
        asker = {**env, **trusting, **local.credentials.environment()}
        command = [sys.executable, "-m", "trivium", "ask", question, "--model", model]
        with processes.start(command, name="trivium ask", env=asker) as child:
            return child.wait()
