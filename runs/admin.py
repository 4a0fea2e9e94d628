"""What the machine did, to be looked at. Nothing here can be changed: runs move along their table only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs.models import Event, Message, Run, RunFile, Session, ToolCall
from teammates.admin import ReadOnly


class Part(ReadOnly):
    """One of many rows of a run."""

    list_select_related = ["run"]
    search_fields = ["=run__id"]
    search_help_text = "The number of a run"
    ordering = ["-pk"]
    show_full_result_count = False


@admin.register(Session)
class SessionAdmin(ReadOnly):
    list_display = ["key", "kind", "owner", "user_id", "hidden", "created_at"]
    list_select_related = ["owner"]
    list_filter = ["kind", "hidden"]
    search_fields = ["key", "user_id", "owner__username"]
    ordering = ["-pk"]


@admin.register(Run)
class RunAdmin(ReadOnly):
    list_display = ["__str__", "title", "performer", "owner", "status", "permission_mode", "created_at"]
    list_select_related = ["teammate", "team", "workflow", "owner"]
    list_filter = ["status", "permission_mode", "teammate", "team", "workflow"]
    search_fields = ["=id", "message", "owner__username"]
    ordering = ["-pk"]
    show_full_result_count = False
    exclude = ["lease"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["calls", "messages", "events", "files"]

    @admin.display
    def calls(self, run: Run) -> SafeString:
        return link_to(ToolCall, run)

    @admin.display
    def messages(self, run: Run) -> SafeString:
        return link_to(Message, run)

    @admin.display
    def events(self, run: Run) -> SafeString:
        return link_to(Event, run)

    @admin.display
    def files(self, run: Run) -> SafeString:
        return link_to(RunFile, run)


def link_to(model: type[Any], run: Run) -> SafeString:
    address = reverse(f"admin:runs_{model._meta.model_name}_changelist", query={"run__id__exact": run.pk})
    count = model.objects.filter(run=run).count()
    return format_html('<a href="{}">{} {}</a>', address, count, model._meta.verbose_name_plural)


@admin.register(Message)
class MessageAdmin(Part):
    list_display = ["__str__", "run", "role", "created_at"]
    list_filter = ["role"]


@admin.register(ToolCall)
class ToolCallAdmin(Part):
    list_display = ["__str__", "run", "tool", "state", "permitted_by", "started_at", "finished_at"]
    list_filter = ["state", "tool"]


@admin.register(Event)
class EventAdmin(Part):
    list_display = ["run", "seq", "kind", "at"]
    list_display_links = ["seq"]
    list_filter = ["kind"]


@admin.register(RunFile)
class RunFileAdmin(Part):
    """The bytes are had on the run's page, as a download."""

    list_display = ["name", "run", "kind", "size", "media_type", "written_at"]
    list_filter = ["kind"]
    exclude = ["content"]
