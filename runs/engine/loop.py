"""The loop of every run. Open calls come first, so starting, continuing and recovering are the same path."""

from runs.engine.model import Asking
from runs.engine.steps import Finished, OutOfTurns, Paused, Step
from runs.engine.toolbox import Toolbox
from runs.engine.transcript import Transcript


def advance(transcript: Transcript, model: Asking, toolbox: Toolbox, *, max_turns: int) -> Step:
    """Take turns until the run finishes, must wait for people, or runs out of turns."""
    while True:
        if waits := toolbox.run_what_may_run(transcript.open_calls()):
            return Paused(waits)
        if (text := transcript.handed_over()) is not None:
            return Finished(text)
        if (text := transcript.answer()) is not None:
            if wait := toolbox.plan_in(text):
                return Paused([wait])
            return Finished(text)
        if transcript.turns >= max_turns:
            return OutOfTurns(max_turns)
        reply = transcript.beginning() or model.respond(transcript.request(toolbox.offered()))
        if not reply.calls and not toolbox.plan_in(reply.text):
            return Finished(reply.text, transcript.said(reply))
        transcript.add(reply)
