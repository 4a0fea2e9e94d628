"""Files that a run left: always a download, never a page."""

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from runs.models import RunFile
from tests.rows import run_of, teammate

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(owner):
    return run_of(owner, teammate(), status="completed")


def file_of(run, name="page.html", content=b"<script>alert(1)</script>"):
    stored = ContentFile(content, name="x")
    return RunFile.objects.create(run=run, name=name, size=len(content), media_type="text/html", content=stored)


def test_a_file_is_downloaded_and_never_opened(client_of, owner, run):
    file = file_of(run)
    response = client_of(owner).get(reverse("runs:file", args=[run.pk, file.pk]))
    assert response.content == b"<script>alert(1)</script>"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="page.html"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize("name", ['a"b.txt', "réçu 👍.txt", "invoice\u202efdp.exe", "a;b=c.txt"])
def test_a_strange_name_stays_one_header(client_of, owner, run, name):
    file = file_of(run, name)
    header = client_of(owner).get(reverse("runs:file", args=[run.pk, file.pk]))["Content-Disposition"]
    assert header.startswith("attachment; filename")
    assert "\n" not in header
    assert "\u202e" not in header


def test_a_file_is_only_found_at_its_own_run(client_of, owner, run):
    other = run_of(owner, run.teammate, status="completed")
    file = file_of(other)
    assert client_of(owner).get(reverse("runs:file", args=[run.pk, file.pk])).status_code == 404


def test_the_name_on_the_page_shows_what_would_not_be_seen(client_of, owner, run):
    file_of(run, "invoice\u202efdp.exe")
    html = client_of(owner).get(reverse("runs:detail", args=[run.pk])).content.decode()
    assert "\u202e" not in html
    assert "U+202E" in html
