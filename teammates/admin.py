"""Teammates, their tools and modes, and keys. Whatever is saved here goes through `services.save`, too."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from teammates import keys, services
from teammates.models import ApiKey, Memory, Revision, Teammate, TeammateTool
from teammates.team_admin import RowsInline
from teammates.tools.registry import registry

admin.site.site_header = admin.site.site_title = "Sayso"
admin.site.index_title = "Administration"
admin.site.enable_nav_sidebar = False


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """Looked at, never written: not even by a superuser."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TeammateForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if wrong := services.wrong_id(slug):
            raise forms.ValidationError(wrong)
        return slug


class ToolForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Offers the tools that exist, and the row's own where that one is gone."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        known = {tool.name: f"{tool.title} ({tool.name})" for tool in registry.all()}
        if self.instance.tool and self.instance.tool not in known:
            known[self.instance.tool] = f"{self.instance.tool} (does not exist any more)"
        self.fields["tool"] = forms.ChoiceField(choices=[("", "---------"), *known.items()])


class ToolInline(RowsInline):
    model = TeammateTool
    form = ToolForm
    extra = 0


@admin.register(Teammate)
class TeammateAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    list_display = ["name", "slug", "owner", "permission_mode", "human_in_the_loop", "enabled"]
    list_editable = ["permission_mode", "human_in_the_loop", "enabled"]
    list_filter = ["permission_mode", "enabled"]
    search_fields = ["name", "slug", "description"]
    form = TeammateForm
    fields = (
        ("name", "slug"),
        "description",
        "instructions",
        "model",
        ("permission_mode", "human_in_the_loop"),
        "enabled",
        "history_runs",
        "owner",
    )
    inlines = [ToolInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Teammate]:
        return super().get_queryset(request).select_related("owner")

    def get_readonly_fields(self, request: HttpRequest, obj: Teammate | None = None) -> list[str]:
        return ["slug"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its runs name it; disabling takes it off every list of what can be started

    def save_model(self, request: HttpRequest, obj: Teammate, form: Any, change: bool) -> None:
        """Nothing yet: `save_related` has the tools as well, and the two make one revision."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """From the list of teammates there are no formsets, and who may not change the tools has none: they stay."""
        written = [formset for formset in formsets if formset.can_delete]
        tools = [] if written or not form.instance.pk else services.tools_of(form.instance)
        for formset in formsets:
            formset.save(commit=False)  # lists what changed, for the log
        for formset in written:
            kept = [row.cleaned_data for row in formset.forms if row.cleaned_data and not row.cleaned_data["DELETE"]]
            tools += [(row["tool"], row["permission"]) for row in kept]
        services.save(form.instance, tools)


@admin.register(Revision)
class RevisionAdmin(ReadOnly):
    list_display = ["__str__", "name", "made_at"]
    list_filter = ["kind"]
    ordering = ["-pk"]

    @admin.display
    def name(self, revision: Revision) -> str:
        return str(revision.definition.get("name", ""))


@admin.register(Memory)
class MemoryAdmin(ReadOnly):
    list_display = ["text", "teammate", "owner", "user_id", "created_at"]
    list_select_related = ["teammate", "owner"]
    search_fields = ["text", "user_id"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly):
    """Keys are made on the settings page or by `manage.py apikey create`, where the text is shown once."""

    list_display = ["name", "prefix", "owner", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at"]
    list_select_related = ["owner"]
    search_fields = ["name", "key_id", "owner__username"]
    exclude = ["digest"]
    actions = ["revoke"]

    @admin.display(description="key")
    def prefix(self, key: ApiKey) -> str:
        return f"sayso_{key.key_id}_…"

    @admin.action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        for key in chosen:
            keys.revoke(key)
        self.message_user(request, f"Revoked: {', '.join(key.name for key in chosen)}.", messages.SUCCESS)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("teammates.change_apikey")
