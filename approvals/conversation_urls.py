from django.urls import path

from approvals import conversation_pages as pages

app_name = "conversations"

urlpatterns = [
    path("", pages.conversation_list, name="list"),
    path("<int:pk>/", pages.detail, name="detail"),
    path("<int:pk>/runs/<int:number>/", pages.exchange, name="exchange"),
    path("<int:pk>/reply/", pages.reply, name="reply"),
]
