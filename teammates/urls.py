from django.urls import path

from teammates import views

app_name = "roster"
urlpatterns = [
    path("", views.roster, name="list"),
    path("new/", views.new, name="new"),
    path("<slug:slug>/", views.profile, name="detail"),
    path("<slug:slug>/tools/", views.tools, name="tools"),
    path("<slug:slug>/mode/", views.mode, name="mode"),
]
