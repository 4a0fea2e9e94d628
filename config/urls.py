from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from api.m8tes.door import door as m8tes
from approvals import home
from config import health, views
from config.docs import docs
from runs.views import shared

handler404 = "config.views.not_found"
handler500 = "config.views.broken"

urlpatterns = [
    path("", home.home, name="home"),
    path("runs/", include(("approvals.run_urls", "runs"))),
    path("inbox/", include("approvals.urls")),
    path("conversations/", include("approvals.conversation_urls")),
    path("roster/", include("teammates.urls")),
    path("-/docs", docs, name="docs"),
    path("-/docs/agentos", docs, {"door": "agentos"}, name="docs_agentos"),
    path("-/ready", health.ready, name="ready"),
    path("-/metrics", health.metrics, name="metrics"),
    path("settings/", views.settings_page, name="settings"),
    path("settings/password/", views.password, name="password"),
    path("settings/keys/", views.api_keys, name="keys"),
    path("settings/keys/<int:pk>/revoke/", views.revoke_key, name="revoke_key"),
    path("settings/permissions/", views.permissions, name="permissions"),
    path("settings/permissions/<int:pk>/revoke/", views.revoke_permission, name="revoke_permission"),
    path("sign-in/", views.SignIn.as_view(), name="login"),
    path("sign-in/<str:uid>/<str:token>/", views.sign_in_link, name="sign_in_link"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("shared/<str:token>/", shared, name="shared"),
    path("api/v2/", m8tes.urls),
    path("admin/login/", views.admin_login),
    path("admin/health/", health.health_page, name="health"),
    path("admin/", admin.site.urls),
]
