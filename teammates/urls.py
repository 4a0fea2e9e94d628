from django.urls import path

from teammates import team_views, views

app_name = "roster"
urlpatterns = [
    path("", views.roster, name="list"),
    path("new/", views.new, name="new"),
    path("teams/new/", team_views.new_team, name="new_team"),
    path("teams/<slug:slug>/", team_views.team, name="team"),
    path("teams/<slug:slug>/archive/", team_views.archive_team, name="archive_team"),
    path("workflows/new/", team_views.new_workflow, name="new_workflow"),
    path("workflows/<slug:slug>/", team_views.workflow, name="workflow"),
    path("workflows/<slug:slug>/archive/", team_views.archive_workflow, name="archive_workflow"),
    path("<slug:slug>/", views.profile, name="detail"),
    path("<slug:slug>/tools/", views.tools, name="tools"),
    path("<slug:slug>/mode/", views.mode, name="mode"),
]
