from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0006_glance")]
    operations = [
        migrations.CreateModel(
            "DocumentText",
            [
                ("file", models.OneToOneField(on_delete=models.CASCADE, primary_key=True, related_name="document", serialize=False, to="runs.runfile")),
                ("text", models.TextField()),
            ],
        )
    ]
