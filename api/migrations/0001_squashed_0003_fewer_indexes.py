import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [("api", "0001_initial"), ("api", "0002_audit_log"), ("api", "0003_fewer_indexes")]

    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL), ("runs", "0002_doors")]

    operations = [
        migrations.CreateModel(
            name="Idempotency",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("route", models.CharField(max_length=60)),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("owner", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="runs.run")),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("owner", "route", "key"), name="one_run_per_key")]},
        ),
        migrations.CreateModel(
            name="AuditLog",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(blank=True, max_length=12)),
                ("auth", models.CharField(max_length=10)),
                ("method", models.CharField(max_length=7)),
                ("path", models.CharField(max_length=300)),
                ("action", models.CharField(blank=True, max_length=60)),
                ("resource_type", models.CharField(blank=True, max_length=40)),
                ("resource_id", models.CharField(blank=True, max_length=200)),
                ("status_code", models.PositiveSmallIntegerField()),
                ("duration_ms", models.PositiveIntegerField()),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("owner", models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={"indexes": [models.Index(fields=["owner", "-id"], name="api_auditlo_owner_i_f271a2_idx")]},
        ),
    ]
