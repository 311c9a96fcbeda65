"""What the dialogue makes of pictures, with a reader that reads by script."""

import threading
from dataclasses import dataclass, field, replace
from itertools import count

import pytest
import sqlalchemy as sa

from bot.channels.picture_fetch import FETCH_SECONDS
from bot.conversation import turns
from bot.images import ImageError, ImageFault
from bot.inbox import LEASE_SECONDS
from bot.messages import InboundMessage, MessageKind
from bot.ocr.rapidocr_reader import READ_SECONDS
from bot.pictures import Pictures, shortened
from prompts import load_wording
from tests.pictures import QUESTION, SCAM

IDS = count()


@dataclass
class ScriptedReader:
    words: str = ""
    fault: ImageFault | None = None
    images: list[bytes] = field(default_factory=list)

    def read(self, image: bytes) -> str:
        self.images.append(image)
        if self.fault:
            raise ImageError(self.fault)
        return self.words

    def close(self) -> None:
        pass


@pytest.fixture
def reader(house):
    reader = ScriptedReader()
    house.dialogue._pictures = Pictures(reader)
    return reader


@pytest.fixture
def send(house):
    def send(text="", load=lambda: b"picture", message_id=None, person="li"):
        message = InboundMessage(
            "wechat", message_id or f"p{next(IDS)}", person, MessageKind.IMAGE, text, image=load
        )
        return house.dialogue.respond(message)

    return send


def kept(house):
    with house.engine.connect() as connection:
        return connection.execute(sa.select(turns)).all()


def test_a_forwarded_screenshot_is_screened_as_a_message(house, reader, send):
    reader.words = f"10:32\n短信\n{SCAM}\n卡号6222021234567890123，电话13912345678"
    reply = send()
    assert reply.text.startswith(house.assistant.screen(reader.words).text.split("\n")[0])
    assert "我在图里看到的字：“10:32 短信 【京东金融】" in reply.text
    turn = kept(house)[0]
    assert turn.verdict == "scam"
    assert "[银行卡号]，电话[手机号]" in turn.question
    assert "13912345678" not in str(turn)


def test_a_photographed_question_is_answered(house, reader, send):
    reader.words = QUESTION
    assert house.indexer.lookup("farm.straw").card.answer in send().text
    assert kept(house)[0].question == QUESTION


def test_a_question_under_a_picture_is_asked_with_it(house, reader, send):
    reader.words = "麦收以后"
    assert "看到的字：“麦收以后”" in send(QUESTION).text
    reader.fault = ImageFault.NO_TEXT
    assert house.indexer.lookup("farm.straw").card.answer in send(QUESTION).text


def test_an_emergency_under_a_picture_waits_for_no_reading(reader, send):
    assert "120" in send("我爸突然嘴歪了说不出话").text.split("\n\n")[0]
    assert reader.images == []


def test_the_bait_of_a_scam_is_no_emergency_and_a_cry_for_help_is_one(reader, send):
    reader.words = "您的儿子出车祸昏迷正在抢救，急需手术费，请马上转账三万到这个账户，不要告诉别人"
    assert "120" not in send().text.split("\n\n")[0]
    reader.words = "我妈突然晕倒了，叫不醒"
    assert "120" in send().text.split("\n\n")[0]


@pytest.mark.parametrize("fault", ImageFault)
def test_every_fault_has_its_sentence_and_no_turn(house, reader, send, fault):
    reader.fault = fault
    send()
    assert send().text == load_wording().say(f"image.{fault.value}")
    assert kept(house) == []


def test_a_picture_that_cannot_be_fetched_is_not_read(reader, send):
    def load():
        raise ImageError(ImageFault.UNREACHABLE)

    assert "没收到" in send(load=load).text
    assert reader.images == []


def test_without_a_reader_nothing_is_fetched(house, send):
    house.dialogue._pictures = Pictures(None)
    assert "我还看不了图片" in send(load=lambda: pytest.fail("fetched")).text


def test_a_picture_counts_as_a_question(settings, house, reader, send):
    reader.words = QUESTION
    replies = [send(load=lambda: b"x") for _ in range(settings.person_per_minute + 1)]
    assert "问得有点快" in replies[-1].text
    assert len(reader.images) == settings.person_per_minute


def test_a_redelivered_picture_is_fetched_once(reader, send):
    reader.words = SCAM
    assert send(message_id="same") == send(message_id="same")
    assert len(reader.images) == 1


def test_a_crowd_of_pictures_leaves_room_for_words():
    go, reading = threading.Event(), threading.Semaphore(0)

    class Slow(ScriptedReader):
        def read(self, image: bytes) -> str:
            reading.release()
            go.wait(10)
            return "字"

    pictures = Pictures(Slow(), at_once=2)
    crowd = [threading.Thread(target=pictures.words, args=(lambda: b"",)) for _ in range(2)]
    for one in crowd:
        one.start()
    for _ in crowd:
        assert reading.acquire(timeout=5)
    with pytest.raises(ImageError) as caught:
        pictures.words(lambda: b"")
    assert caught.value.fault is ImageFault.TOO_SLOW
    go.set()
    for one in crowd:
        one.join()
    assert pictures.words(lambda: b"") == "字"


def test_a_messages_picture_is_not_part_of_what_it_is():
    message = InboundMessage("wechat", "1", "li", MessageKind.IMAGE, image=lambda: b"secret")
    assert message == replace(message, image=None)
    assert "image=" not in repr(message)


def test_fetching_and_reading_end_before_the_message_may_be_taken_again():
    assert FETCH_SECONDS + READ_SECONDS < LEASE_SECONDS


def test_what_was_read_is_shown_on_one_short_line():
    assert shortened("上\n下") == "上 下"
    assert shortened("长" * 40) == "长" * 30 + "…"
