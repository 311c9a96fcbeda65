"""`kepubang serve` and `kepubang telegram`: running the assistant."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from bot.commands.progress import progress_bar
from bot.house import Watcher, build_house
from bot.logging import set_up_logging
from bot.pusher import Pusher
from bot.senders import senders_of
from bot.settings import Settings
from bot.wording import channel_words

BAR = "第一次建索引"
ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - compared, not bound


def serve(
    host: Annotated[str, typer.Option(help="监听地址")] = "",
    port: Annotated[int, typer.Option(help="监听端口")] = 0,
) -> None:
    """启动服务：聊天网页、微信和 Telegram 接口。"""
    # The web's libraries take half a second to import, which `ask` can spare.
    import uvicorn  # noqa: PLC0415

    from bot.app import create_app  # noqa: PLC0415
    from bot.console.entry_pages import invite_path  # noqa: PLC0415
    from bot.console.members import Members  # noqa: PLC0415

    settings = Settings()
    set_up_logging(settings.log_level)
    with progress_bar(BAR) as progress:
        house = build_house(settings, progress)
    host, port = host or settings.host, port or settings.port
    shown = "127.0.0.1" if host == ALL_ADDRESSES else host
    print(f"\n科普帮已启动，{len(house.indexer.revisions)} 张卡片。")
    print(f"聊天网页： http://{shown}:{port}/")
    print(f"管理后台： http://{shown}:{port}/console/")
    print(f"接口说明： http://{shown}:{port}/api/docs\n", flush=True)
    if token := Members(house.engine).first_invite():
        print("还没有管理员。打开下面的链接，给自己建一个（一天内有效，只能用一次）：")
        print(f"http://{shown}:{port}{invite_path(token)}\n", flush=True)
    config = uvicorn.Config(
        create_app(house),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,  # WeChat's query strings carry signatures and openids
        server_header=False,
    )
    try:
        uvicorn.Server(config).run()
    except KeyboardInterrupt:
        pass
    finally:
        house.close()


def telegram() -> None:
    """用长轮询接 Telegram（不需要公网地址）。"""
    from bot.channels.telegram import TelegramChannel  # noqa: PLC0415 - as above

    settings = Settings()
    set_up_logging(settings.log_level)
    token = settings.telegram_token.get_secret_value()
    if not token:
        sys.stderr.write("请先设置 KEPUBANG_TELEGRAM_TOKEN（向 @BotFather 申请）\n")
        raise typer.Exit(1)
    with progress_bar(BAR) as progress:
        house = build_house(settings, progress)
    watcher, pusher = Watcher(house), Pusher(house.ledger, house.metrics)
    house.ledger.use(senders_of(settings))
    watcher.start()
    pusher.start()
    channel = TelegramChannel(
        house.dialogue, token, channel_words(house.wording), settings.telegram_api_url
    )
    try:
        asyncio.run(channel.run_polling())
    except KeyboardInterrupt:
        pass
    finally:
        pusher.stop()
        watcher.stop()
        house.close()
