from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0005_session_names")]

    operations = [
        migrations.AddIndex(
            "run",
            models.Index(
                fields=["owner", "user_id", "finished_at"], condition=models.Q(("archived_at", None)), name="run_ends"
            ),
        ),
    ]
