from django.urls import path

from runs import views

urlpatterns = [
    path("", views.run_list, name="list"),
    path("<int:pk>/files/<int:file>/", views.run_file, name="file"),
]
