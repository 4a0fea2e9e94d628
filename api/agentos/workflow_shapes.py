"""The run of a workflow in the words of this door (contract 4)."""

from typing import Any

from api.agentos.answers import epoch, present
from api.agentos.shapes import content_of, metrics_of, run_shape, spoken, status_of
from api.agentos.step_requirements import step_requirement
from api.agentos.steps import Book
from api.agentos.tools import requirements_of
from approvals.models import Gate
from approvals.selectors import gates_in_tree
from runs.models import Run
from runs.trees import path_of
from teammates.tools.delegation import BRANCH


def workflow_run_shape(run: Run, book: Book) -> dict[str, Any]:
    """The WorkflowRunOutput; events are added by who has them. `book` has read the whole run."""
    gates = gates_in_tree(run)
    steps = [step_requirement(gate, place_of(gate, book)) for gate in gates if gate.is_pending]
    shape = {
        "run_id": str(run.uuid),
        "workflow_id": run.performer.slug,
        "workflow_name": run.performer.name,
        "session_id": run.session.key,
        "user_id": run.user_id or None,
        "input": run.message,
        "content": content_of(run, gates, spoken(run).text),
        "content_type": "str",
        "session_state": run.session.session_state,
        "created_at": epoch(run.created_at),
        "status": status_of(run),
        "step_results": book.results(),
        "step_executor_runs": [run_shape(child) for child in executors(run)],
        "metrics": workflow_metrics(run, book),
        "step_requirements": steps or None,
        "requirements": requirements_of(gates) or None,
        "metadata": run.metadata or None,
    }
    return present(shape)


def executors(run: Run) -> list[Run]:
    """The runs of the teammates and teams that work in its steps, in their order."""
    of_steps = Run.objects.filter(root=run, parent__workflow__isnull=False, workflow=None)
    related = ("teammate", "team", "workflow", "session", "performer_revision", "parent", "root", "called_by")
    return list(of_steps.select_related(*related).order_by("pk"))


def workflow_metrics(run: Run, book: Book) -> dict[str, Any]:
    whole = metrics_of(run)
    steps = {
        output["step_name"]: {
            "step_name": output["step_name"],
            "executor_type": output["executor_type"],
            "executor_name": output["executor_name"],
            "metrics": output.get("metrics"),
        }
        for output in book.outputs.values()
    }
    return {"steps": steps, **present({"duration": whole.pop("duration", None)}), **whole}


def place_of(gate: Gate, book: Book) -> dict[str, Any]:
    """The step that waits."""
    if gate.run.workflow_id is not None:
        return book.place_of(gate.call) if gate.call else {}
    calls = [one.called_by for one in path_of(gate.run) if one.called_by and one.called_by.tool != BRANCH.name]
    return book.place_of(calls[0]) if calls else {}
