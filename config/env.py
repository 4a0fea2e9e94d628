"""What the environment may say. Every field has a default that works on a laptop; `docs/settings.md` explains each."""

import math
import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Environment(BaseSettings):
    """One field for each variable; the variable is the field's name in capitals."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    openai_api_key: str = ""
    openai_base_url: str = ""
    database_url: str = ""
    redis_url: str = ""
    sayso_model: str = ""
    sayso_models: str = ""
    sayso_prices: str = ""
    sayso_tools: str = ""
    sayso_data: Path = ROOT / "data"
    sayso_secret_key: str = ""
    sayso_allowed_hosts: str = ""
    sayso_url: str = ""
    sayso_debug: bool = False
    os_security_key: str = ""
    sayso_metrics_token: str = ""
    sayso_log: Literal["line", "json"] = "line"
    sayso_cors_origins: str = "http://localhost:3000"
    sayso_webhooks_private: bool = False
    sayso_slots: int = Field(default=1000, ge=1)
    sayso_approval_hours: float = Field(default=0, ge=0, le=24 * 366 * 10)

    @field_validator("database_url")
    @classmethod
    def is_a_database(cls, url: str) -> str:
        if url and not is_address(url, "postgres", "postgresql", "pgsql", "sqlite"):
            raise ValueError(
                "write it like postgres://user:password@host/name, with %2F, %23, %3F and %40 for / # ? @ in a password"
            )
        return url

    @field_validator("redis_url")
    @classmethod
    def is_a_redis(cls, url: str) -> str:
        if url and not is_address(url, "redis", "rediss"):
            raise ValueError("write it like redis://localhost:6379/0, or rediss:// for TLS")
        return url

    def words(self, field: str) -> list[str]:
        """The comma-separated words of one field."""
        return [word.strip() for word in str(getattr(self, field)).split(",") if word.strip()]

    @property
    def prices(self) -> dict[str, tuple[float, float]]:
        """Model -> (price of a million tokens in, and out), from `model=in/out`."""
        found = {}
        for word in self.words("sayso_prices"):
            try:
                model, _, prices = word.rpartition("=")
                into, out = (float(price) for price in prices.split("/"))
            except ValueError:
                into = out = math.nan
            if not all(0 <= price < math.inf for price in (into, out)):
                raise ImproperlyConfigured(f"SAYSO_PRICES: {word!r} is not model=in/out, like gpt-4o-mini=0.15/0.60.")
            found[model] = (into, out)
        return found

    @property
    def default_model(self) -> str:
        """The model of teammates that name none: the scripted one while nothing else can be reached."""
        if self.sayso_model:
            return self.sayso_model
        return "gpt-4o-mini" if self.openai_api_key or self.openai_base_url else "demo"


def environment() -> Environment:
    """What it says. `ImproperlyConfigured` has a line for each variable that cannot be so, without its value."""
    try:
        return Environment()
    except ValidationError as error:
        lines = [
            f"{str(wrong['loc'][0]).upper()}: {wrong['msg'].removeprefix('Value error, ')}." for wrong in error.errors()
        ]
        raise ImproperlyConfigured("\n".join(lines)) from error


def is_address(url: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and (parts.port or 0) >= 0  # whose reading raises
    except ValueError:
        return False


def secret_key(env: Environment) -> str:
    """`SAYSO_SECRET_KEY`, or one that is made at the first start and kept beside the data."""
    if env.sayso_secret_key:
        return env.sayso_secret_key
    path = env.sayso_data / "secret-key"
    env.sayso_data.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with NamedTemporaryFile("w", dir=env.sayso_data) as new:
            new.write(secrets.token_urlsafe(50))
            new.flush()
            # A link appears whole or not at all: of two processes that start together, both read the first one's.
            with suppress(FileExistsError):
                os.link(new.name, path)
    return path.read_text()
