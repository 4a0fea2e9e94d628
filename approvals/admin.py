"""What waited for people and what they decided, to be looked at: deciding happens in the inbox and on the run."""

from django.contrib import admin

from approvals.models import Decision, Question, ToolApproval
from runs.admin import Part
from teammates.admin import ReadOnly


class DecisionInline(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs only
    model = Decision
    readonly_fields = ("verdict", "by", "via", "at", "revision", "arguments", "reason")
    fields = readonly_fields
    extra = 0
    can_delete = False

    def has_add_permission(self, *args: object) -> bool:
        return False

    def has_change_permission(self, *args: object) -> bool:
        return False


@admin.register(ToolApproval)
class ToolApprovalAdmin(Part):
    list_display = ["__str__", "title", "run", "risk", "status", "verdict", "decided_by", "created_at", "decided_at"]
    list_select_related = ["run", "decided_by"]
    list_filter = ["status", "verdict", "risk"]
    inlines = [DecisionInline]


@admin.register(Question)
class QuestionAdmin(Part):
    list_display = ["__str__", "kind", "run", "status", "verdict", "decided_by", "created_at", "decided_at"]
    list_select_related = ["run", "decided_by"]
    list_filter = ["kind", "status"]
    inlines = [DecisionInline]


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    list_display = ["__str__", "run", "verdict", "by", "via", "at"]
    list_select_related = ["run", "by", "approval", "question"]
    list_filter = ["verdict", "via"]
    search_fields = ["=run__id", "by__username"]
    ordering = ["-pk"]
