"""Settings of the project; what may vary comes from the environment (`config/env.py`)."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF

from config.env import ROOT, environment, secret_key

env = environment()

VERSION = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)[0]

BASE_DIR = ROOT
DATA_DIR: Path = env.sayso_data
(DATA_DIR / "static").mkdir(parents=True, exist_ok=True)
SECRET_KEY, SECRET_KEY_GIVEN = secret_key(env), bool(env.sayso_secret_key)
DEBUG = env.sayso_debug

PUBLIC_URL = env.sayso_url.rstrip("/").lower()  # as browsers write an origin
SECURE = PUBLIC_URL.startswith("https://")
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = [*([PUBLIC_HOST] if PUBLIC_HOST else LOCAL_HOSTS), *env.words("sayso_allowed_hosts")]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []

INSTALLED_APPS = [
    "config",
    "teammates",
    "runs",
    "approvals",
    "api",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_htmx",
    "lucide",
]

MIDDLEWARE = [
    "config.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "api.middleware.doors",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.content_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.middleware.headers",
    "config.middleware.forms_only",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.shell",
            ],
        },
    },
]

SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    # For other processes only: inside this one `runs.journal.write` keeps the order.
    "timeout": 10,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8000; PRAGMA mmap_size=0;",
}


POOL_SIZE = 20  # connections to PostgreSQL of one process, at most
# Seconds: how long a request waits for a connection, and how long the pool tries to make one before the next request
# makes it begin anew. Left to itself it tries ever more seldom, and an outage would last twice as long as it does.
POOL_PATIENCE = 5


def database() -> dict[str, Any]:
    """The database of `DATABASE_URL`, or one SQLite file beside the data."""
    url = env.database_url or f"sqlite:///{DATA_DIR / 'sayso.sqlite3'}"
    parsed: dict[str, Any] = dict(dj_database_url.parse(url))
    if parsed["ENGINE"].endswith("sqlite3"):
        parsed["ENGINE"], parsed["OPTIONS"] = "config.sqlite", SQLITE_OPTIONS
        parsed["CONN_MAX_AGE"] = None  # a thread keeps its connection; threads of requests are used again
        parsed["TEST"] = {"NAME": str(Path(parsed["NAME"]).with_name("test.sqlite3"))}
    else:
        pool = {"min_size": 1, "max_size": POOL_SIZE, "timeout": POOL_PATIENCE, "reconnect_timeout": POOL_PATIENCE}
        parsed["OPTIONS"] = {"connect_timeout": POOL_PATIENCE, **parsed.get("OPTIONS", {}), "pool": pool}
        parsed["CONN_HEALTH_CHECKS"] = True  # a database that was restarted costs nobody an error
    return parsed


DATABASES = {"default": database()}
REDIS_URL = env.redis_url

if env.redis_url:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [env.redis_url]},
        }
    }
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": env.redis_url}}
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
LIMITS_URL = env.redis_url or "memory://"  # where guesses at the sign-in page are counted

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["config.signed_in.Accounts"]
SESSION_ENGINE = "config.signed_in"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds that a sign-in link lives

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"  # of `collectstatic`, where a proxy serves the files
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = DATA_DIR / "files"
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700
BODY_LIMIT, UPLOAD_LIMIT = 4 * 1024**2, 32 * 1024**2  # bytes of a request, without files and with them
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_LIMIT

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SECURE_REDIRECT_EXEMPT = [r"^-/(ready|metrics)$", r"^health$"]  # who asks these is behind the proxy
if SECURE:
    SESSION_COOKIE_NAME = "__Host-sid"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "config.logs.Context"}, "refusals": {"()": "config.logs.Refusals"}},
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s%(context)s: %(message)s"},
        "json": {"()": "config.logs.Json"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": env.sayso_log, "filters": ["context"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"sayso": {"level": "INFO"}, "django.request": {"filters": ["refusals"]}},
}

# --- the doors ---

OS_SECURITY_KEY = env.os_security_key
METRICS_TOKEN = env.sayso_metrics_token
CORS_ORIGINS = env.words("sayso_cors_origins")

# --- the machine ---

SLOTS = env.sayso_slots  # runs that one worker process advances at the same time
APPROVAL_HOURS = env.sayso_approval_hours  # that a tool call waits for a person; 0: for as long as it takes
SAYSO_TOOLS = env.words("sayso_tools")
DEFAULT_MODEL = env.default_model
OPENAI_API_KEY = env.openai_api_key
OPENAI_BASE_URL = env.openai_base_url
PRICES = env.prices
KNOWN_MODELS = env.words("sayso_models")
WEBHOOKS_PRIVATE = env.sayso_webhooks_private  # may be told of runs at addresses of this machine and its networks

LEASE_SECONDS = 15
RENEW_SECONDS = 5
SWEEP_SECONDS = 2
MODEL_TIMEOUT = 60  # seconds to the first byte, and between bytes
MAX_TURNS = 50
MAX_ATTEMPTS = 4  # claims without a committed turn between them, before a person is asked

CELERY_BROKER_URL = env.redis_url or "sayso://localhost//"
if env.redis_url:
    # Whoever sends a message does not wait for a broker that is away; the sweep sends it again.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "max_retries": 1, "interval_start": 0}
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker looks for its broker for as long as it lives
CELERY_TASK_DEFAULT_QUEUE = "sayso"
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = SLOTS
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "runs.tasks.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": 2 * SWEEP_SECONDS}}
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat")
