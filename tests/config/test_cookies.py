"""What the public address says about cookies; read by a process of its own, as settings are read once."""

import json
import os
import subprocess
import sys

from config.env import ROOT

LOOK = """
import django, json
django.setup()
from django.conf import settings
from django.test import Client
answer = Client().get("/sign-in/", secure=settings.SECURE, headers={"host": "sayso.example"})
cookie = answer.cookies[settings.CSRF_COOKIE_NAME].OutputString()
names = ("SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE")
print(json.dumps({"cookie": cookie, "hsts": answer.headers.get("Strict-Transport-Security", ""),
                  **{name: getattr(settings, name) for name in names}}))
"""


def look(tmp_path, url: str) -> dict:
    place = {"SAYSO_DATA": str(tmp_path), "SAYSO_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", LOOK]
    told = subprocess.run(command, cwd=ROOT, env=os.environ | place, capture_output=True, text=True, check=True)
    return json.loads(told.stdout)


def test_at_an_https_address_cookies_are_bound_to_the_host_and_to_https(tmp_path):
    told = look(tmp_path, "https://sayso.example")
    assert told["cookie"].startswith("__Host-csrf=")
    assert all(flag in told["cookie"] for flag in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"))
    assert "Domain" not in told["cookie"]
    assert [told[name] for name in told if name.startswith("SESSION")] == ["__Host-sid", True, True, "Lax"]
    assert told["hsts"].startswith("max-age=31536000")


def test_without_https_cookies_have_plain_names(tmp_path):
    told = look(tmp_path, "http://sayso.example")
    assert told["cookie"].startswith("csrftoken=") and "HttpOnly" in told["cookie"] and "Secure" not in told["cookie"]
    assert not told["SESSION_COOKIE_SECURE"] and not told["hsts"]
