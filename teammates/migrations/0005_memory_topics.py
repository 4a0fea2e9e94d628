from django.db import migrations, models
from django.db.models import F


def as_old_as_they_are(apps, schema_editor):
    apps.get_model("teammates", "Memory").objects.update(updated_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("teammates", "0004_updated_at")]
    operations = [
        migrations.AddField("memory", "topics", models.JSONField(default=list)),
        migrations.AddField("memory", "updated_at", models.DateTimeField(auto_now=True)),
        migrations.RunPython(as_old_as_they_are, migrations.RunPython.noop),
    ]
