"""How a person comes in: a password with a limit on guesses, or a link that works once."""

import unicodedata
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import url_has_allowed_host_and_scheme, urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.timezone import now
from limits import parse

from api.counting import Counter

# Of one person, and of everybody behind one address; a stranger elsewhere uses up neither.
GUESSES = parse("5 per 5 minutes")
GUESSES_OF_AN_ADDRESS = parse("50 per 15 minutes")
limiter = Counter()


def may_guess(request: HttpRequest, username: str) -> bool:
    """Count one attempt, before the password is looked at, so that attempts side by side count too."""
    address = address_of(request)
    return limiter.hit(GUESSES_OF_AN_ADDRESS, "sign-in", address) and limiter.hit(
        GUESSES, "sign-in", address, folded(username)
    )


def forget_guesses(request: HttpRequest, username: str) -> None:
    """After the right password the person may mistype again."""
    limiter.clear(GUESSES, "sign-in", address_of(request), folded(username))


def folded(username: str) -> str:
    """As the form reads a name before it looks for it."""
    return unicodedata.normalize("NFKC", username.strip()).casefold()[:150]


def address_of(request: HttpRequest) -> str:
    """The client's address; an IPv6 network counts as one, because one person has all of it."""
    given = str(request.META.get("REMOTE_ADDR", ""))
    if settings.SECURE:  # https ends at a proxy, and the last entry is the one that it wrote itself
        given = request.headers.get("X-Forwarded-For", given).rpartition(",")[2].strip()
    try:
        address = ip_address(given)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return str(address)


class LinkTokens(PasswordResetTokenGenerator):
    """Spent by use, because the last sign-in is part of it; old after `PASSWORD_RESET_TIMEOUT`."""

    key_salt = "config.signin.LinkTokens"

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: int) -> str:
        # Django's own cuts the last sign-in to seconds, and within one a link would work twice.
        last = user.last_login.isoformat() if user.last_login else ""
        return f"{user.pk}{user.password}{last}{timestamp}"


tokens = LinkTokens()


def sign_in_link(user: User) -> str:
    """The path of a link that signs this person in, once, within the hour."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("sign_in_link", args=[uid, tokens.make_token(user)])


def holder(uid: str, token: str) -> User | None:
    """Whom the link would sign in, while it still works."""
    try:
        pk = int(urlsafe_base64_decode(uid))
    except ValueError:
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    return user if user and tokens.check_token(user, token) else None


def spend(user: User) -> bool:
    """Use the link up; of two that come at once, one is told no."""
    return bool(User.objects.filter(pk=user.pk, last_login=user.last_login).update(last_login=now()))


def safe_next(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is a page of ours."""
    wanted = str(request.POST.get("next", request.GET.get("next", "")))
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else ""
