"""What a decision is bound to: SHA-256 over the canonical bytes (RFC 8785) of one exact call."""

import hashlib
from typing import Any

import rfc8785

from runs.models import Run, ToolCall


def canonical(arguments: Any) -> bytes:
    """The bytes that are shown, signed and run; `rfc8785.CanonicalizationError` for what has none (NaN, 2^53)."""
    try:
        return rfc8785.dumps(arguments)
    except UnicodeEncodeError as error:  # half of a character, in a name
        raise rfc8785.CanonicalizationError(str(error)) from error


def same(one: Any, other: Any) -> bool:
    """Would a tool see the same value? Python calls True and 1 equal."""
    try:
        return canonical(one) == canonical(other)
    except rfc8785.CanonicalizationError:
        return False


def digest_of(run: Run, call: ToolCall) -> str:
    """Changes with the tool, its definition, the arguments, the revision, the run, its performer or its requester."""
    return hashlib.sha256(
        canonical(
            {
                "owner": run.owner_id,
                "run": str(run.uuid),
                "performer": run.performer_revision_id,
                "requester": run.requested_by_id,
                "call": call.pk,
                "tool": call.tool,
                "definition": call.tool_def_hash,
                "arguments": call.arguments,
                "revision": call.revision,
                "nonce": call.nonce,
            }
        )
    ).hexdigest()


def digest_of_text(run: Run, text: str, revision: int) -> str:
    """For what has no call: a plan given as text."""
    return hashlib.sha256(canonical({"run": str(run.uuid), "text": text, "revision": revision})).hexdigest()
