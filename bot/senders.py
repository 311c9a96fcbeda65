"""The channels that can write first, as the settings allow."""

from __future__ import annotations

from bot.channels.pushing import TelegramSender, WeChatSender
from bot.channels.wechat_client import StableTokenClient
from bot.delivery import Sender
from bot.settings import Settings


def senders_of(settings: Settings) -> dict[str, Sender]:
    """A sender for each channel that may push; what the others have to say waits."""
    senders: dict[str, Sender] = {}
    secret = settings.wechat_appsecret.get_secret_value()
    if settings.wechat_customer_service and settings.wechat_appid and secret:
        client = StableTokenClient(settings.wechat_appid, secret, api_url=settings.wechat_api_url)
        senders["wechat"] = WeChatSender(client)
    if token := settings.telegram_token.get_secret_value():
        senders["telegram"] = TelegramSender(token, settings.telegram_api_url)
    return senders
