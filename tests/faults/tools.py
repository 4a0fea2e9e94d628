"""Tools of each effect class, whose service keeps a ledger of its own, outside the product."""

from teammates.tools import ToolContext, tool
from tests.faults.ledger import ledger


def request(context, *, honours_key):
    """The service is asked; it acts each time, or once for each key."""
    named = context.key if honours_key else None
    with ledger() as database:
        database.execute("INSERT INTO requests VALUES (?)", [context.key])
        database.execute("INSERT OR IGNORE INTO effects (key, named) VALUES (?, ?)", [context.key, named])
    return "Done."


def found(key):
    with ledger() as database:
        there = database.execute("SELECT count(*) FROM effects WHERE key = ?", [key]).fetchone()[0]
    return "Found done." if there else None


@tool(effect="pure")
def act_pure(context: ToolContext) -> str:
    """Act."""
    return request(context, honours_key=True)


@tool(effect="read")
def act_read(context: ToolContext) -> str:
    """Act."""
    return request(context, honours_key=True)


@tool(effect="idempotent")
def act_idempotent(context: ToolContext) -> str:
    """Act."""
    return request(context, honours_key=True)


@tool(effect="reconcilable", reconcile=found)
def act_reconcilable(context: ToolContext) -> str:
    """Act."""
    return request(context, honours_key=False)


@tool(effect="effect")
def act_effect(context: ToolContext) -> str:
    """Act."""
    return request(context, honours_key=False)
