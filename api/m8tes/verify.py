"""Whether the account is verified (contract 3): accounts are made by whoever runs Sayso, so each is."""

from django.http import HttpResponse
from ninja import Router

from api.auth import READ, Request
from api.m8tes.answers import answer

router = Router(tags=["verify"])


@router.get("/status", auth=READ, summary="Whether the account is verified")
def verified(request: Request) -> HttpResponse:
    return answer({"is_verified": True})


@router.post("/resend", auth=READ, summary="Nothing is sent, because there is nothing to verify")
def resend(request: Request) -> HttpResponse:
    return answer({"message": "This account is verified already; nothing was sent."})
