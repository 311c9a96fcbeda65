"""Every setting, in one table; this module is the only reader of the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from KEPUBANG_* variables (or a .env file); the README's table is checked against it."""

    model_config = SettingsConfigDict(env_prefix="KEPUBANG_", env_file=".env", extra="ignore")

    data_dir: Path = Field(
        default=Path("data"), description="Where the SQLite file and the made secret live"
    )
    database_url: str = Field(
        default="", description="SQLAlchemy URL; empty = SQLite in the data folder"
    )
    redis_url: str = Field(
        default="", description="Shares rate limits between workers; empty = each worker counts"
    )
    secret: SecretStr = Field(
        default=SecretStr(""),
        description="Signs sessions and hides openids; empty = made once, kept in the data folder",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on")
    public_url: str = Field(
        default="", description="The https:// address people reach; needed for Telegram's webhook"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much is logged; people's words never are"
    )

    embedder: str = Field(
        default="bundled",
        description="bundled | sentence-transformers:NAME_OR_FOLDER | openai:MODEL",
    )
    embedder_url: str = Field(
        default="", description="Base URL of an OpenAI-compatible embeddings endpoint"
    )
    embedder_key: SecretStr = Field(default=SecretStr(""), description="Key for that endpoint")
    embedder_timeout_seconds: float = Field(
        default=3.0, gt=0, description="After this, keyword search answers alone"
    )
    exact_vectors: int = Field(
        default=200_000,
        ge=1_000,
        description="Vectors up to which every one is compared; beyond, an index on disk is asked",
    )

    model_url: str = Field(
        default="",
        description="Base URL of an OpenAI-compatible chat endpoint; empty = no language model",
    )
    model_name: str = Field(default="", description="The model's name at that endpoint")
    model_key: SecretStr = Field(default=SecretStr(""), description="Key for that endpoint")
    model_timeout_seconds: float = Field(
        default=20.0, gt=0, description="After this a generated answer is given up"
    )
    model_wait_seconds: float = Field(
        default=3.5,
        ge=0,
        le=4.0,
        description="How long a person waits for it before the composed answer goes out",
    )
    model_retries: int = Field(
        default=1, ge=0, le=5, description="Tries more, while the endpoint has said nothing"
    )
    model_concurrency: int = Field(
        default=4, ge=1, description="Calls that may run at once, in each worker"
    )
    model_daily_tokens: int = Field(
        default=1_000_000, ge=0, description="Tokens a day (UTC), all workers together"
    )
    model_price_in: float = Field(
        default=0.0, ge=0, description="Price of 1000 tokens in, for the cost counter"
    )
    model_price_out: float = Field(
        default=0.0, ge=0, description="Price of 1000 tokens out, for the cost counter"
    )

    ocr: Literal["auto", "off"] = Field(
        default="auto",
        description="auto | off: reads pictures on this machine when the extra ocr is installed",
    )

    person_per_minute: int = Field(
        default=12, ge=1, description="Questions a person may ask a minute"
    )
    person_per_day: int = Field(default=300, ge=1, description="Questions a person may ask a day")
    address_per_minute: int = Field(
        default=120,
        ge=1,
        description="Messages a network address may send to the web page and /api/ask a minute",
    )
    conversation_minutes: int = Field(
        default=30, ge=1, description="After this pause a follow-up starts afresh"
    )
    retention_days: int = Field(
        default=180, ge=1, description="Conversations older than this are deleted"
    )

    import_megabytes: int = Field(
        default=20, ge=1, le=200, description="Largest file that the console imports"
    )
    import_seconds: float = Field(
        default=60.0, gt=0, description="How long reading an imported file may take"
    )

    wechat_token: SecretStr = Field(
        default=SecretStr(""), description="Token of the account's server settings"
    )
    wechat_appid: str = Field(default="", description="AppID of the account")
    wechat_appsecret: SecretStr = Field(
        default=SecretStr(""), description="AppSecret, for calling WeChat"
    )
    wechat_aes_key: SecretStr = Field(
        default=SecretStr(""), description="EncodingAESKey (43 characters)"
    )
    wechat_mode: Literal["plain", "compatible", "safe"] = Field(
        default="safe", description="Message mode of the account; safe refuses the other two"
    )
    wechat_api_url: str = Field(
        default="https://api.weixin.qq.com/cgi-bin/", description="WeChat's API (a fake in tests)"
    )
    wechat_reply_seconds: float = Field(
        default=4.2,
        gt=0,
        lt=5,
        description="How long a WeChat answer may take before a placeholder",
    )

    wechat_customer_service: bool = Field(
        default=False,
        description="The account may send customer-service messages (a verified service account)",
    )

    telegram_token: SecretStr = Field(default=SecretStr(""), description="Bot token from BotFather")
    telegram_webhook_secret: SecretStr = Field(
        default=SecretStr(""), description="Secret token of the webhook; needed to use the webhook"
    )
    telegram_api_url: str = Field(
        default="https://api.telegram.org/bot", description="Bot API (a fake in tests)"
    )
