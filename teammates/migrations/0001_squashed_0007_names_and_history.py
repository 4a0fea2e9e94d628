import django.core.validators
import django.db.models.deletion
import teammates.legible
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("teammates", "0001_initial"),
        ("teammates", "0002_doors"),
        ("teammates", "0003_keys_and_settings"),
        ("teammates", "0004_updated_at"),
        ("teammates", "0005_memory_topics"),
        ("teammates", "0006_teams_and_workflows"),
        ("teammates", "0007_names_and_history"),
    ]

    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("key_id", models.CharField(max_length=12, unique=True)),
                ("digest", models.CharField(max_length=64)),
                ("scopes", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("owner", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
                ("made_by", models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="made", to="teammates.apikey")),
            ],
        ),
        migrations.CreateModel(
            name="Revision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(default="teammate", max_length=20)),
                ("performer", models.BigIntegerField()),
                ("number", models.PositiveIntegerField()),
                ("definition", models.JSONField()),
                ("made_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("kind", "performer", "number"), name="one_revision_per_number")]},
        ),
        migrations.CreateModel(
            name="Teammate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=80, unique=True, verbose_name="id")),
                ("name", models.CharField(max_length=120, validators=[teammates.legible.check_name])),
                ("description", models.CharField(blank=True, max_length=300)),
                ("instructions", models.TextField(blank=True, max_length=100000)),
                ("model", models.CharField(blank=True, help_text="Empty: the model of SAYSO_MODEL.", max_length=120)),
                ("permission_mode", models.CharField(choices=[("autonomous", "Autonomous"), ("approval", "Approval"), ("plan", "Plan first")], default="approval", max_length=20)),
                ("human_in_the_loop", models.BooleanField(default=True, help_text="May ask questions and wait for decisions.")),
                ("enabled", models.BooleanField(default=True)),
                (
                    "history_runs",
                    models.PositiveSmallIntegerField(default=20, help_text="Earlier runs of a conversation that the model is shown.", validators=[django.core.validators.MaxValueValidator(1000)]),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True, help_text="Empty: of the house, everyone may run it and staff edit it.", null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("archived_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "effort",
                    models.CharField(
                        blank=True, choices=[("low", "Low"), ("medium", "Medium"), ("high", "High"), ("xhigh", "Very high"), ("max", "Highest")], help_text="How long it may think.", max_length=10
                    ),
                ),
                ("goals", models.TextField(blank=True, max_length=10000)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("role", models.CharField(blank=True, max_length=200)),
                ("user_id", models.CharField(blank=True, help_text="The client's own name for the one end user it works for.", max_length=200, verbose_name="end user")),
                ("uses_history", models.BooleanField(blank=True, help_text="Runs start with its last answers; empty: as the run says.", null=True)),
                ("uses_memory", models.BooleanField(blank=True, help_text="Runs start with what it remembers; empty: as the run says.", null=True)),
                ("extras", models.JSONField(blank=True, default=dict)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ["name", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("permission_mode", "autonomous"), ("human_in_the_loop", True), _connector="OR"),
                        name="teammate_mode_needs_people",
                        violation_error_message="Approval and Plan first need human in the loop: somebody has to decide.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Memory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.CharField(blank=True, max_length=200)),
                ("text", models.TextField(max_length=2000)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("owner", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
                ("teammate", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to="teammates.teammate")),
                ("audience", models.CharField(blank=True, max_length=40)),
                ("topics", models.JSONField(default=list)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={"verbose_name_plural": "memories", "indexes": [models.Index(fields=["owner", "user_id", "-id"], name="teammates_m_owner_i_b14606_idx")]},
        ),
        migrations.CreateModel(
            name="TeammateTool",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tool", models.CharField(max_length=120)),
                ("permission", models.CharField(blank=True, choices=[("allow", "Allow"), ("ask", "Ask"), ("deny", "Deny")], max_length=10)),
                ("teammate", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="tools", to="teammates.teammate")),
            ],
            options={"ordering": ["pk"], "constraints": [models.UniqueConstraint(fields=("teammate", "tool"), name="one_row_per_tool")]},
        ),
        migrations.CreateModel(
            name="EndUser",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.CharField(max_length=200)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("email", models.CharField(blank=True, max_length=320)),
                ("company", models.CharField(blank=True, max_length=200)),
                ("metadata", models.JSONField(default=dict)),
                ("run_limit", models.PositiveIntegerField(null=True)),
                ("cost_limit_cents", models.PositiveIntegerField(null=True)),
                ("rate_per_minute", models.PositiveIntegerField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("owner", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="end_users", to=settings.AUTH_USER_MODEL)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("owner", "user_id"), name="one_end_user_per_name")]},
        ),
        migrations.CreateModel(
            name="PermissionRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.CharField(blank=True, max_length=200)),
                ("tool", models.CharField(max_length=120)),
                ("source", models.CharField(default="api", max_length=20)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("owner", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="permission_rules", to=settings.AUTH_USER_MODEL)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("owner", "user_id", "tool"), name="one_rule_per_tool")]},
        ),
        migrations.CreateModel(
            name="AccountSettings",
            fields=[
                ("owner", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="+", serialize=False, to=settings.AUTH_USER_MODEL)),
                ("require_end_user_id", models.BooleanField(default=False)),
                ("run_limit", models.PositiveIntegerField(null=True)),
                ("cost_limit_cents", models.PositiveIntegerField(null=True)),
                ("rate_per_minute", models.PositiveIntegerField(null=True)),
                ("kept", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=80, unique=True, verbose_name="id")),
                ("name", models.CharField(max_length=120, validators=[teammates.legible.check_name])),
                ("description", models.CharField(blank=True, max_length=300)),
                ("enabled", models.BooleanField(default=True)),
                ("archived_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("instructions", models.TextField(blank=True, max_length=100000)),
                ("model", models.CharField(blank=True, help_text="Of the leader. Empty: the model of SAYSO_MODEL.", max_length=120)),
                ("mode", models.CharField(choices=[("coordinate", "Coordinate"), ("route", "Route"), ("broadcast", "Broadcast"), ("tasks", "Tasks")], default="coordinate", max_length=20)),
                ("permission_mode", models.CharField(choices=[("autonomous", "Autonomous"), ("approval", "Approval"), ("plan", "Plan first")], default="autonomous", max_length=20)),
                ("owner", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={"ordering": ["name", "pk"]},
        ),
        migrations.CreateModel(
            name="Workflow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=80, unique=True, verbose_name="id")),
                ("name", models.CharField(max_length=120, validators=[teammates.legible.check_name])),
                ("description", models.CharField(blank=True, max_length=300)),
                ("enabled", models.BooleanField(default=True)),
                ("archived_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("input_schema", models.JSONField(blank=True, null=True)),
                ("definition", models.JSONField(blank=True, default=list)),
                ("owner", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={"ordering": ["name", "pk"]},
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("teammate", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="teammates.teammate")),
                ("member_team", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="teammates.team")),
                ("team", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="members", to="teammates.team")),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "position"), name="one_member_per_place"),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("member_team__isnull", False), ("teammate", None)), models.Q(("member_team", None), ("teammate__isnull", False)), _connector="OR"),
                        name="a_member_is_one_thing",
                    ),
                ],
            },
        ),
    ]
