"""The list of tasks that a team works off, as events (contract 3): from what its leader wrote in its to-do list."""

from typing import Any

from runs.models import Run
from teammates.models import Team

Event = dict[str, Any]


class TaskList:
    """What was told of one run's list. A turn of the leader, with what it asks for, is one iteration."""

    def __init__(self, run: Run, max_iterations: int) -> None:
        self.kept = run.performer_revision.definition.get("mode") == Team.Way.TASKS
        self.max_iterations, self.iteration = max_iterations, 0
        self.ids: dict[str, str] = {}  # by the words of a task, which are all that it is known by
        self.tasks: dict[str, Event] = {}

    def turn(self, number: int) -> list[Event]:
        if not self.kept:
            return []
        over = self.over()
        self.iteration = number
        return [*over, {"event": "TaskIterationStarted", **self.place()}]

    def over(self) -> list[Event]:
        if not self.kept or not self.iteration:
            return []
        return [{"event": "TaskIterationCompleted", **self.place(), "task_summary": self.summary() or None}]

    def written(self, items: list[dict[str, Any]]) -> list[Event]:
        """The leader sends the whole list each time: each task that is new or done, then how all stand."""
        before, self.tasks = self.tasks, {}
        for item in items:
            number = self.ids.setdefault(item["text"], str(len(self.ids) + 1))
            status = "completed" if item["done"] else "pending"
            self.tasks[number] = {"id": number, "title": item["text"], "status": status}
        changed = [self.change(before.get(number), task) for number, task in self.tasks.items()]
        done = bool(self.tasks) and all(task["status"] == "completed" for task in self.tasks.values())
        state = {"tasks": list(self.tasks.values()), "task_summary": self.summary(), "goal_complete": done}
        return [*(event for event in changed if event), {"event": "TaskStateUpdated", **state}]

    def change(self, before: Event | None, task: Event) -> Event | None:
        named = {"task_id": task["id"], "title": task["title"], "status": task["status"]}
        if before is None:
            return {"event": "TaskCreated", **named}
        if before["status"] == task["status"]:
            return None
        return {"event": "TaskUpdated", **named, "previous_status": before["status"]}

    def place(self) -> Event:
        return {"iteration": self.iteration, "max_iterations": self.max_iterations}

    def summary(self) -> str:
        done = sum(task["status"] == "completed" for task in self.tasks.values())
        return f"{done} of {len(self.tasks)} done" if self.tasks else ""
