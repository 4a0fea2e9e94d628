"""A step costs the same after two others and after two hundred; nothing that was done is read again."""

from collections import Counter

import pytest
from django.db import connection
from django.db.models.signals import post_init

from runs.engine import places
from runs.engine.flow import Flow
from runs.models import Message, Run, ToolCall
from runs.services import start
from tests.fake_script import Script
from tests.trees import carry_tree, delegate, told

FEW, MANY = 5, 40


@pytest.fixture
def short(own_tool):
    @own_tool(effect="pure", title="Shorten")
    def short(input: str) -> str:
        """Say it shorter."""
        return input[:9]


@pytest.fixture
def always(own_tool):
    @own_tool(effect="pure", title="Always")
    def always(input: str) -> bool:
        """Yes."""
        return True


@pytest.fixture
def work(owner, monkeypatch):
    """What a run has cost: statements, rows of the machine that were read, and steps that were looked at."""

    def work(performer):
        done = Counter()

        def execute(execute, sql, params, many, context):
            done["statements"] += 1
            return execute(sql, params, many, context)

        def read(**_):
            done["rows"] += 1

        def one(self, step, path, text, real=Flow.one):
            done["steps"] += 1
            return real(self, step, path, text)

        run = start(owner=owner, teammate=performer, message="hello")
        with monkeypatch.context() as counting, connection.execute_wrapper(execute):
            counting.setattr(Flow, "one", one)
            for model in (Run, ToolCall, Message):
                post_init.connect(read, sender=model, dispatch_uid="counting")
            try:
                carry_tree(run)
            finally:
                for model in (Run, ToolCall, Message):
                    post_init.disconnect(sender=model, dispatch_uid="counting")
        assert run.status == "completed", run.error
        return done

    return work


def tool(place):
    return {"name": f"step {place}", "tool": "short"}


def by_ann(name):
    return {"name": name, "teammate": "ann"}


def teammate(place):
    return by_ann(f"step {place}")


def block(place):
    return {"name": f"step {place}", "parallel": [{"name": f"a {place}", "tool": "short"}, teammate(place)]}


def condition(place):
    return {"name": f"step {place}", "condition": "always", "then": [teammate(place)]}


def asked_of_ann(fake, member):
    member("ann")
    fake.reply = told(("ann", [Script().say("from ann")]))


def no_more_for_each(few, many, share):
    """Of everything that was counted, the larger one took no more than its share."""
    assert set(few) == set(many)
    for what, count in many.items():
        assert count <= few[what] * share, (what, few[what], count)


@pytest.mark.parametrize("kind", [tool, teammate, block, condition])
def test_a_step_of_a_long_workflow_costs_no_more_than_one_of_a_short_one(
    fake, member, short, always, workflow_of, work, kind
):
    asked_of_ann(fake, member)
    few, many = (work(workflow_of(*map(kind, range(count)), slug=f"flow-{count}")) for count in (FEW, MANY))
    no_more_for_each(few, many, MANY / FEW)


def test_a_round_of_a_long_loop_costs_no_more_than_one_of_a_short_one(fake, member, workflow_of, work):
    asked_of_ann(fake, member)
    loops = ({"name": "again", "loop": [teammate(0)], "max": count} for count in (FEW, MANY))
    few, many = (work(workflow_of(loop, slug=f"flow-{loop['max']}")) for loop in loops)
    no_more_for_each(few, many, MANY / FEW)


def test_a_member_of_a_large_team_costs_no_more_than_one_of_a_small_one(fake, member, team_of, work):
    slugs = [f"member-{place}" for place in range(20)]
    members = [member(slug) for slug in slugs]

    def led(count):
        tasks = delegate(*((slug, "Do it") for slug in slugs[:count]))
        fake.reply = told(*((slug, [Script().say("Done")]) for slug in slugs), ("leader", [tasks, Script().say("All")]))
        return work(team_of(*members[:count], slug=f"crew-{count}"))

    no_more_for_each(led(5), led(20), 20 / 5)


def test_the_way_is_gone_on_from_where_it_was_left(fake, member, own_tool, always, workflow_of, owner):
    """Each step pauses the workflow, so each is come to by a claim of its own; a step that asks gets all outputs."""

    @own_tool(effect="pure", title="Second")
    def second(input: str) -> str:
        """Choose."""
        return "right"

    @own_tool(effect="pure", title="Sum up")
    def sum_up(input: str, outputs: dict[str, str]) -> str:
        """All that was said, by the names of the steps."""
        return "; ".join(f"{name}={text}" for name, text in sorted(outputs.items()) if "sum" not in name)

    member("ann")
    said = iter(range(1, 100))
    fake.reply = lambda request: Script().say(f"ann {next(said)}")
    run = start(
        owner=owner,
        message="hello",
        teammate=workflow_of(
            by_ann("first"),
            {"name": "if", "condition": "always", "then": [by_ann("a"), by_ann("b")]},
            {"name": "again", "loop": [by_ann("x"), by_ann("y")], "max": 2},
            {"name": "way", "router": "second", "choices": [by_ann("left"), by_ann("right")]},
            {"name": "none", "condition": "always", "otherwise": [by_ann("never")]},
            {"name": "sum", "tool": "sum_up"},
            by_ann("last"),
            {"name": "sum again", "tool": "sum_up"},
        ),
    )
    carry_tree(run)
    first = "a=ann 2; again=ann 7; b=ann 3; first=ann 1; if=ann 3; none=ann 8; right=ann 8; way=ann 8; x=ann 6; y=ann 7"
    assert run.output == first.replace("; none", "; last=ann 9; none")
    asked = list(Run.objects.filter(root=run).order_by("pk").values_list("message", flat=True))
    assert asked == ["hello", *(f"ann {number}" for number in range(1, 8)), first]


@pytest.mark.parametrize(
    ("path", "lead", "part"),
    [("3#7.2", "", "3"), ("3#7.2", "3#", "7"), ("3#7.2", "3#7.", "2"), ("1.then.0", "1.", "then"), ("12", "1.", "")],
)
def test_a_path_is_read_part_by_part(path, lead, part):
    assert places.next_part(path, lead) == part
