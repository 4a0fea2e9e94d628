from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("teammates", "0003_keys_and_settings"),
    ]

    operations = [
        migrations.AddField(
            model_name="teammate",
            name="extras",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="teammate",
            name="updated_at",
            field=models.DateTimeField(auto_now=True),
        ),
        migrations.AddField(
            model_name="enduser",
            name="updated_at",
            field=models.DateTimeField(auto_now=True),
        ),
    ]
