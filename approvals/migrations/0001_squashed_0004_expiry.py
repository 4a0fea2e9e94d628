import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def make_group(apps, schema_editor):
    """Members of it see every run and may decide for it."""
    apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias).get_or_create(name="reviewer")


class Migration(migrations.Migration):
    replaces = [("approvals", "0001_initial"), ("approvals", "0002_reviewers"), ("approvals", "0003_remembered"), ("approvals", "0004_expiry")]

    initial = True

    dependencies = [("auth", "0012_alter_user_first_name_max_length"), migrations.swappable_dependency(settings.AUTH_USER_MODEL), ("runs", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Waits for you"),
                            ("decided", "Decided"),
                            ("expired", "Expired, nobody decided in time"),
                            ("cancelled", "Closed, the run was stopped"),
                            ("superseded", "Replaced by a newer revision"),
                        ],
                        default="pending",
                        max_length=20,
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1)),
                ("digest", models.CharField(max_length=64)),
                ("why", models.CharField(blank=True, max_length=300)),
                ("verdict", models.CharField(blank=True, choices=[("allow", "Allowed"), ("deny", "Denied"), ("answer", "Answered")], max_length=10)),
                ("reason", models.TextField(blank=True)),
                ("decided_via", models.CharField(blank=True, max_length=20)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("ask", "Question"), ("plan", "Plan"), ("input", "Missing input"), ("external", "Outside result"), ("unknown", "Outcome unknown"), ("attention", "Needs attention")],
                        max_length=20,
                    ),
                ),
                ("questions", models.JSONField(default=list)),
                ("preview_format", models.CharField(default="markdown", max_length=10)),
                ("plan", models.TextField(blank=True)),
                ("answers", models.JSONField(default=dict)),
                ("skipped", models.JSONField(default=list)),
                ("notes", models.JSONField(default=dict)),
                ("response", models.TextField(blank=True)),
                ("call", models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, to="runs.toolcall")),
                ("decided_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="questions", to="runs.run")),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [models.Index(fields=["status", "-id"], name="approvals_q_status_65ac31_idx"), models.Index(fields=["run", "status"], name="approvals_q_run_id_a247cd_idx")],
                "constraints": [models.UniqueConstraint(condition=models.Q(("kind", "plan"), ("status", "pending")), fields=("run",), name="one_open_plan_per_run")],
            },
        ),
        migrations.CreateModel(
            name="ToolApproval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Waits for you"),
                            ("decided", "Decided"),
                            ("expired", "Expired, nobody decided in time"),
                            ("cancelled", "Closed, the run was stopped"),
                            ("superseded", "Replaced by a newer revision"),
                        ],
                        default="pending",
                        max_length=20,
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1)),
                ("digest", models.CharField(max_length=64)),
                ("why", models.CharField(blank=True, max_length=300)),
                ("verdict", models.CharField(blank=True, choices=[("allow", "Allowed"), ("deny", "Denied"), ("answer", "Answered")], max_length=10)),
                ("reason", models.TextField(blank=True)),
                ("decided_via", models.CharField(blank=True, max_length=20)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("title", models.CharField(max_length=200)),
                ("consequence", models.CharField(blank=True, max_length=300)),
                ("risk", models.CharField(max_length=20)),
                ("arguments", models.JSONField()),
                ("edited_arguments", models.JSONField(null=True)),
                ("call", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="approvals", to="runs.toolcall")),
                ("decided_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="approvals", to="runs.run")),
                ("remembered", models.BooleanField(default=False)),
                ("expires_at", models.DateTimeField(db_index=True, null=True)),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [models.Index(fields=["status", "-id"], name="approvals_t_status_f83b48_idx"), models.Index(fields=["run", "status"], name="approvals_t_run_id_36cca8_idx")],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verdict", models.CharField(choices=[("allow", "Allowed"), ("deny", "Denied"), ("answer", "Answered")], max_length=10)),
                ("digest", models.CharField(max_length=64)),
                ("revision", models.PositiveIntegerField()),
                ("arguments", models.JSONField(null=True)),
                ("reason", models.TextField(blank=True)),
                ("via", models.CharField(max_length=20)),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to=settings.AUTH_USER_MODEL)),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="decisions", to="runs.run")),
                ("question", models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="decisions", to="approvals.question")),
                ("approval", models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="decisions", to="approvals.toolapproval")),
            ],
            options={"ordering": ["pk"]},
        ),
        migrations.RunPython(make_group, migrations.RunPython.noop, elidable=False),
    ]
