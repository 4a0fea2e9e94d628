"""Runs that wait for a person, made as rows: what the cards and pages are tested with."""

from typing import Any

from approvals.models import Question, ToolApproval
from runs.digest import digest_of, digest_of_text
from runs.models import Event, Message, Run, Session, ToolCall
from teammates.models import Teammate
from teammates.services import current_revision, save
from teammates.tools.registry import registry

WORDS = {"channel": "news", "text": "Release 4.12 is out."}


def a_teammate(name: str = "Release writer") -> Teammate:
    found = Teammate.objects.filter(name=name).first()
    if found is None:
        found = Teammate(slug=name.lower().replace(" ", "-"), name=name, model="demo")
        save(found, [("announce", "")])
    return found


def a_paused_run(owner, gates: int = 1, message: str = "Tell them about the release.") -> Run:
    mate = a_teammate()
    return Run.objects.create(
        owner=owner,
        session=Session.objects.create(owner=owner),
        teammate=mate,
        performer_revision=current_revision(mate),
        requested_by=owner,
        message=message,
        permission_mode="approval",
        human_in_the_loop=True,
        status="paused",
        open_gates=gates,
    )


def an_approval(run: Run, tool: str = "announce", said: str = "It is ready.", **arguments: Any) -> ToolApproval:
    known, given = registry.get(tool), arguments or WORDS
    Message.objects.get_or_create(run=run, turn=1, role="assistant", defaults={"text": said})
    call = ToolCall.objects.create(
        run=run,
        turn=1,
        ordinal=run.calls.count() + 1,
        tool=tool,
        arguments=given,
        effect=known.effect,
        tool_def_hash=known.def_hash,
        state="waiting",
    )
    return ToolApproval.objects.create(
        run=run,
        call=call,
        digest=digest_of(run, call),
        why=f"{known.title} asks in every mode.",
        title=known.title,
        consequence=known.consequence,
        risk=known.risk,
        arguments=given,
    )


def option(label: str, **more: Any) -> dict[str, Any]:
    return {"label": label, "description": "", "preview": "", "recommended": False, **more}


def item(question: str, *labels: str, multi: bool = False, **more: Any) -> dict[str, Any]:
    options = [option(label) for label in labels]
    return {"question": question, "header": question[:12], "multiSelect": multi, "options": options, **more}


def a_question(run: Run, *items: dict[str, Any], **more: Any) -> Question:
    call = ToolCall.objects.create(
        run=run, turn=1, ordinal=run.calls.count() + 1, tool="AskUserQuestion", arguments={}, state="waiting"
    )
    return Question.objects.create(
        run=run, call=call, kind="ask", digest=digest_of(run, call), questions=list(items), **more
    )


def a_plan(run: Run, text: str = "# Plan\n\n## Look\n\nRead it.\n", revision: int = 1, **more: Any) -> Question:
    Message.objects.get_or_create(run=run, turn=revision, role="assistant", defaults={"text": text})
    digest = digest_of_text(run, text, revision)
    return Question.objects.create(run=run, kind="plan", plan=text, revision=revision, digest=digest, **more)


def an_unknown(run: Run) -> Question:
    call = ToolCall.objects.create(
        run=run, turn=1, ordinal=1, tool="announce", arguments=WORDS, effect="effect", state="outcome_unknown"
    )
    return Question.objects.create(run=run, call=call, kind="unknown", digest=digest_of(run, call), why="It was gone.")


def decisions_of(run: Run) -> list[str]:
    return list(Event.objects.filter(run=run, kind="gate.decided").values_list("kind", flat=True))
