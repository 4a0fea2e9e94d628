from django.db import migrations


def make_group(apps, schema_editor):
    apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias).get_or_create(name="reviewer")


class Migration(migrations.Migration):
    """Members of the group see every run and may decide for it."""

    dependencies = [("approvals", "0001_initial"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(make_group, migrations.RunPython.noop, elidable=False)]
