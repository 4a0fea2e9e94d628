"""All addresses below /runs/. Those that show gates too are served from here; `runs` knows nothing of gates."""

from django.urls import path

from approvals import home, run_page
from runs import urls

app_name = "runs"

urlpatterns = [
    *urls.urlpatterns,
    path("start/", home.start, name="start"),
    path("<int:pk>/", run_page.detail, name="detail"),
    path("<int:pk>/turns/<int:number>/", run_page.turn, name="turn"),
    path("<int:pk>/panel/", run_page.panel, name="panel"),
    path("<int:pk>/reply/", run_page.reply, name="reply"),
    path("<int:pk>/retry/", run_page.retry, name="retry"),
    path("<int:pk>/cancel/", run_page.cancel, name="cancel"),
]
