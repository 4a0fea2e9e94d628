"""The peer: AgentOS in one process on SQLite, with an agent like the bench's teammate. Run by its own Python."""

import sys

import uvicorn
from agno.agent import Agent
from agno.db.sqlite import SqliteDb
from agno.models.openai import OpenAIChat
from agno.os import AgentOS
from agno.tools import tool


@tool(requires_confirmation=True)
def announce(channel: str, text: str) -> str:
    """Say something where others read it."""
    return f"Said in {channel}: {text}"


def main(port: str, model: str, database: str) -> None:
    agent = Agent(
        id="bench",
        name="Bench",
        model=OpenAIChat(id="fake", base_url=model, api_key="x"),
        instructions="Do as you are told.",
        tools=[announce],
        db=SqliteDb(db_file=database),
        telemetry=False,
    )
    app = AgentOS(agents=[agent], telemetry=False).get_app()
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
