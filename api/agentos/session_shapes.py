"""Sessions in the words of this door (contract 6)."""

from typing import Any

from api.agentos.answers import iso, present
from api.agentos.flat import chat_of, with_rows
from runs.models import Run, Session
from runs.sessions import names_of, tokens_of

CHAT = 20  # runs whose messages a session shows


def list_shapes(sessions: list[Session]) -> list[dict[str, Any]]:
    names = names_of(sessions)
    return [list_shape(session, names.get(session.pk, "")) for session in sessions]


def list_shape(session: Session, name: str) -> dict[str, Any]:
    return {
        "session_id": session.key,
        "session_name": name,
        "session_state": session.session_state,
        "session_type": session.kind,
        "user_id": session.user_id or None,
        "created_at": iso(session.created_at),
        "updated_at": iso(session.updated_at),
    }


def detail_shape(session: Session) -> dict[str, Any]:
    """With what was said in its last runs; all of them are in `/sessions/{id}/runs`."""
    runs = with_rows(Run.objects.roots().filter(session=session).order_by("-pk")[:CHAT])[::-1]
    teammate = session.teammate or (runs[-1].teammate if runs else None)
    metrics = metrics_of(session)
    shape = {
        **list_shape(session, names_of([session]).get(session.pk, "")),
        "agent_session_id": session.key,
        "session_summary": session.summary,
        "agent_id": teammate.slug if teammate else None,
        "agent_data": {"agent_id": teammate.slug, "name": teammate.name} if teammate else None,
        "metrics": metrics,
        "total_tokens": metrics["total_tokens"],
        "metadata": session.metadata,
        "chat_history": chat_of(session, runs),
    }
    return present(shape)


def metrics_of(session: Session) -> dict[str, int]:
    """Of all its runs together."""
    tokens = tokens_of(session)
    into, out = tokens["prompt_tokens"], tokens["completion_tokens"]
    return {"input_tokens": into, "output_tokens": out, "total_tokens": into + out}
