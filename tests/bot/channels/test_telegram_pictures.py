import pytest
from telegram import Message

from bot.channels.telegram_pictures import TelegramPicture, file_url_of, picture_in
from tests.fakes.telegram_server import FakeTelegram


def message(**content):
    return Message.de_json(FakeTelegram().message(7, **content), None)


def test_the_largest_size_of_a_photo_is_taken():
    sizes = FakeTelegram().photo("large", b"12345")
    assert picture_in(message(**sizes)) == TelegramPicture("large", 5)


def test_a_picture_sent_as_a_file_is_one_and_another_file_is_not():
    fake = FakeTelegram()
    assert picture_in(message(**fake.document("d", b"1", "image/png"))) == TelegramPicture("d", 1)
    assert picture_in(message(**fake.document("d", b"1", "application/pdf"))) is None
    assert picture_in(message(text="问")) is None
    assert picture_in(None) is None


@pytest.mark.parametrize(
    ("api", "files"),
    [
        ("https://api.telegram.org/bot", "https://api.telegram.org/file/bot"),
        ("http://127.0.0.1:81/bot", "http://127.0.0.1:81/file/bot"),
        ("https://robot.example/bot/bot", "https://robot.example/bot/file/bot"),
    ],
)
def test_files_are_beside_the_api(api, files):
    assert file_url_of(api) == files
