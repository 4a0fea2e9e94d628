from django.urls import path, re_path

from approvals import views

app_name = "inbox"

urlpatterns = [
    path("", views.inbox, name="list"),
    path("badge/", views.badge, name="badge"),
    path("approvals/<int:pk>/", views.approval, name="approval"),
    path("approvals/<int:pk>/edit/", views.edit, name="edit"),
    re_path(r"^approvals/(?P<pk>\d+)/(?P<verdict>allow|deny)/$", views.decide, name="decide"),
    path("questions/<int:pk>/", views.question, name="question"),
    path("questions/<int:pk>/answer/", views.answer, name="answer"),
]
