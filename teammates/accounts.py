"""Accounts are Django's users; this is the one that exists before anybody has signed up."""

from django.contrib.auth.models import User

LOCAL_OWNER = "owner"


def local_owner() -> User:
    """The superuser for whom the terminal acts; made when missing, without a password."""
    owner = User.objects.filter(username=LOCAL_OWNER).first()
    return owner or User.objects.create_superuser(LOCAL_OWNER)
