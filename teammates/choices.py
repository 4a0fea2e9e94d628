"""The words that may stand in the rows of performers."""

from django.db import models


class Mode(models.TextChoices):
    AUTONOMOUS = "autonomous", "Autonomous"
    APPROVAL = "approval", "Approval"
    PLAN = "plan", "Plan first"


class Permission(models.TextChoices):
    ALLOW = "allow", "Allow"
    ASK = "ask", "Ask"
    DENY = "deny", "Deny"


class Effort(models.TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"
    XHIGH = "xhigh", "Very high"
    MAX = "max", "Highest"
