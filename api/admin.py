"""What the doors keep, for whoever runs the installation: refused keys stand here and nowhere else."""

from django.contrib import admin

from api.models import AuditLog
from teammates.admin import ReadOnly


@admin.register(AuditLog)
class AuditLogAdmin(ReadOnly):
    list_display = ["at", "method", "path", "status_code", "action", "owner", "key", "auth", "duration_ms"]
    list_select_related = ["owner"]
    list_filter = ["auth", "method", "status_code"]
    search_fields = ["path", "key", "owner__username"]
    ordering = ["-pk"]
    show_full_result_count = False
