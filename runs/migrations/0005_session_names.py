import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F


def as_old_as_they_are(apps, schema_editor):
    apps.get_model("runs", "Session").objects.update(updated_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0004_tasks_and_webhooks"),
        ("teammates", "0005_memory_topics"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField("session", "name", models.CharField(blank=True, max_length=200)),
        migrations.AddField("session", "metadata", models.JSONField(default=dict)),
        migrations.AddField("session", "summary", models.JSONField(null=True)),
        migrations.AddField(
            "session",
            "teammate",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="teammates.teammate"
            ),
        ),
        migrations.AddField("session", "updated_at", models.DateTimeField(auto_now=True)),
        migrations.RunPython(as_old_as_they_are, migrations.RunPython.noop),
        migrations.AddIndex("session", models.Index(fields=["owner", "-id"], name="runs_sessio_owner_i_3bf359_idx")),
        migrations.AddIndex(
            "session", models.Index(fields=["owner", "-updated_at"], name="runs_sessio_owner_i_a3a327_idx")
        ),
    ]
