from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0002_doors")]
    operations = [migrations.AddField("run", "dependencies", models.JSONField(default=dict))]
