"""Webhooks: who is told of runs, and the log of what was sent (contract 2.11)."""

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Path, Query, Router, Schema

from api.auth import HOOKS, Request
from api.m8tes.answers import answer, iso, nothing
from api.m8tes.pages import Page, page_of
from api.m8tes.scope import end_user, one_of
from runs import webhooks
from runs.locks import write
from runs.webhook_models import Delivery, Webhook

router = Router(tags=["webhooks"], auth=HOOKS)
HookId = Annotated[int, Path(ge=1, lt=2**63)]


class NewWebhook(Schema):
    url: str
    events: list[str] | None = None
    user_id: str | None = None


class WebhookChange(Schema):
    url: str | None = None
    events: list[str] | None = None
    active: bool | None = None
    rotate_secret: bool = False


class Scoped(Page):
    user_id: str | None = None


@router.post("", summary="Tell an address of what happens to runs")
def create(request: Request, body: NewWebhook) -> HttpResponse:
    """The answer is the only one that holds the secret."""
    events = list(webhooks.USUAL) if body.events is None else body.events
    webhook = Webhook(
        owner=request.auth.user, user_id=end_user(request.auth, body.user_id), url=body.url, events=events
    )
    return answer({**shape(webhooks.save(webhook)), "secret": webhook.secret}, 201)


@router.get("", summary="List webhooks, newest first")
def webhook_list(request: Request, query: Query[Scoped]) -> HttpResponse:
    return page_of(rows(request).filter(user_id=query.user_id or ""), query, shape)


@router.get("/{webhook_id}", summary="Look at a webhook")
def detail(request: Request, webhook_id: HookId, user_id: str | None = None) -> HttpResponse:
    return answer(shape(webhook_of(request, webhook_id, user_id)))


@router.patch("/{webhook_id}", summary="Change a webhook, switch it off, or give it a new secret")
def change(request: Request, webhook_id: HookId, body: WebhookChange, user_id: str | None = None) -> HttpResponse:
    with write():
        webhook = webhook_of(request, webhook_id, user_id, locked=True)
        for name, value in body.model_dump(exclude={"rotate_secret"}, exclude_none=True).items():
            setattr(webhook, name, value)
        webhooks.save(webhook, rotate=body.rotate_secret)
    return answer(shape(webhook) | ({"secret": webhook.secret} if body.rotate_secret else {}))


@router.delete("/{webhook_id}", summary="Remove a webhook and its log")
def remove(request: Request, webhook_id: HookId, user_id: str | None = None) -> HttpResponse:
    webhooks.remove(webhook_of(request, webhook_id, user_id))
    return nothing()


@router.get("/{webhook_id}/deliveries", summary="What was sent, newest first")
def deliveries(request: Request, webhook_id: HookId, query: Query[Scoped]) -> HttpResponse:
    webhook = webhook_of(request, webhook_id, query.user_id)
    return page_of(Delivery.objects.filter(webhook=webhook), query, delivery_shape)


def rows(request: Request) -> Any:
    return Webhook.objects.filter(owner=request.auth.user)


def webhook_of(request: Request, pk: int, user_id: str | None, *, locked: bool = False) -> Webhook:
    """Without a `user_id` the account's own; scopes never mix."""
    webhook: Webhook = one_of(rows(request), pk, user_id or "", "webhook", locked=locked)
    return webhook


def shape(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.pk,
        "url": webhook.url,
        "events": webhook.events,
        "secret": f"{webhook.secret[:4]}...",
        "active": webhook.active,
        "user_id": webhook.user_id or None,
        "created_at": iso(webhook.created_at),
        "updated_at": iso(webhook.updated_at),
    }


def delivery_shape(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.pk,
        "webhook_endpoint_id": delivery.webhook_id,
        "event_type": delivery.event_type,
        "event_id": delivery.event_id,
        "run_id": delivery.run_id,
        "status": delivery.status,
        "response_status_code": delivery.response_status,
        "response_body": delivery.response_body or None,
        "attempts": delivery.attempts,
        "next_retry_at": iso(delivery.next_try_at),
        "created_at": iso(delivery.created_at),
    }
