# Tasks with their triggers, and webhooks with their deliveries.

import django.db.models.deletion
import runs.webhook_models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0003_dependencies'),
        ('teammates', '0002_doors'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Trigger',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('schedule', 'Schedule'), ('webhook', 'Webhook')], max_length=20)),
                ('enabled', models.BooleanField(default=True)),
                ('cron', models.CharField(blank=True, max_length=200)),
                ('interval_seconds', models.PositiveIntegerField(null=True)),
                ('run_at', models.DateTimeField(null=True)),
                ('timezone', models.CharField(default='UTC', max_length=64)),
                ('next_due', models.DateTimeField(null=True)),
                ('token_digest', models.CharField(max_length=64, null=True, unique=True)),
                ('last_fired_at', models.DateTimeField(null=True)),
                ('last_error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user_id', models.CharField(blank=True, max_length=200)),
                ('url', models.TextField()),
                ('events', models.JSONField(default=list)),
                ('active', models.BooleanField(default=True)),
                ('seed', models.CharField(default=runs.webhook_models.new_seed, max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_type', models.CharField(max_length=40)),
                ('event_id', models.CharField(max_length=60)),
                ('body', models.TextField()),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('delivered', 'Delivered'), ('failed', 'Failed')], default='pending', max_length=20)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(null=True)),
                ('response_status', models.PositiveSmallIntegerField(null=True)),
                ('response_body', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='runs.run')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
            },
        ),
        migrations.CreateModel(
            name='Task',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('instructions', models.TextField()),
                ('expected_output', models.TextField(blank=True)),
                ('goals', models.TextField(blank=True)),
                ('tools', models.JSONField(default=list)),
                ('user_id', models.CharField(blank=True, max_length=200)),
                ('permission_mode', models.CharField(blank=True, choices=[('autonomous', 'Autonomous'), ('approval', 'Approval'), ('plan', 'Plan first')], max_length=20)),
                ('model', models.CharField(blank=True, max_length=120)),
                ('effort', models.CharField(blank=True, choices=[('low', 'Low'), ('medium', 'Medium'), ('high', 'High'), ('xhigh', 'Very high'), ('max', 'Highest')], max_length=10)),
                ('uses_memory', models.BooleanField(null=True)),
                ('uses_history', models.BooleanField(null=True)),
                ('enabled', models.BooleanField(default=True)),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tasks', to=settings.AUTH_USER_MODEL)),
                ('teammate', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tasks', to='teammates.teammate')),
            ],
        ),
        migrations.AddField(
            model_name='run',
            name='task',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='runs', to='runs.task'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('task__isnull', False)), fields=['task', '-id'], name='runs_of_tasks'),
        ),
        migrations.AddField(
            model_name='trigger',
            name='owner',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='triggers', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='trigger',
            name='task',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='triggers', to='runs.task'),
        ),
        migrations.AddField(
            model_name='webhook',
            name='owner',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='delivery',
            name='webhook',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='runs.webhook'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(fields=['owner', '-id'], name='runs_task_owner_i_278aed_idx'),
        ),
        migrations.AddIndex(
            model_name='trigger',
            index=models.Index(condition=models.Q(('next_due__isnull', False)), fields=['next_due'], name='triggers_armed'),
        ),
        migrations.AddIndex(
            model_name='trigger',
            index=models.Index(fields=['owner', '-id'], name='runs_trigge_owner_i_f937d0_idx'),
        ),
        migrations.AddConstraint(
            model_name='trigger',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'webhook')), fields=('task',), name='one_address_per_task'),
        ),
        migrations.AddIndex(
            model_name='webhook',
            index=models.Index(condition=models.Q(('active', True)), fields=['owner', 'user_id'], name='webhooks_that_hear'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['next_try_at'], name='deliveries_to_send'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('webhook', 'event_id'), name='one_delivery_per_event'),
        ),
    ]
