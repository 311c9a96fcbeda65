"""Pages: short enough, nothing lost, nothing forged, links only where they were meant."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wechat_pages import (
    PAGE_BYTES,
    check_words,
    plain,
    visible_pages,
    wechat_page,
    wechat_pages,
)
from bot.messages import Action, ChannelWords, Choice, Reply, Tap
from bot.paging import utf8_bytes

WORDS = ChannelWords(
    more="继续看",
    finished="已经是全部内容了。",
    see_result="查看结果",
    rate="这个回答有用吗？有用回 1，没用回 0。",
    useful="有用",
    useless="没用",
)
TURN = "0123456789abcdefghij"
ANCHOR = re.compile(r'<a href="(weixin://bizmsgmenu\?[^"]*)">([^<>]*)</a>')
LONG = "".join(f"第{number}条：打疫苗之后留观三十分钟，没有不舒服再走。" for number in range(120))

anything = st.text(st.characters(exclude_categories=[]), max_size=3000) | st.text(
    st.sampled_from("<>&a/ ]\"'#;lt\n\x00\ud800好，。"), max_size=600
)
long_text = st.builds(lambda part, times: part * times, st.text(min_size=1), st.integers(1, 400))
labels = st.text(max_size=30) | st.sampled_from(["</a>", "x<", '"><a href="http://x">', "汉" * 400])
choices = st.lists(labels, max_size=12).map(
    lambda found: tuple(
        Choice(number, label, Tap(Action.ASK, TURN, number))
        for number, label in enumerate(found, start=1)
    )
)
replies = st.builds(
    Reply,
    text=anything | long_text,
    choices=choices,
    turn=st.sampled_from(["", TURN]),
    rateable=st.booleans(),
    heading=st.text(max_size=40) | st.just("您是不是想问"),
    pending=st.booleans(),
)


def links(page: str) -> list[tuple[str, str, Tap | None]]:
    """(label, what a tap sends, its meaning) of each link."""
    found = []
    for address, label in ANCHOR.findall(page):
        query = parse_qs(urlsplit(address).query)
        tap = Tap.decode(query["msgmenuid"][0])
        found.append((label, query["msgmenucontent"][0], tap))
    return found


def without_space(text: str) -> str:
    return "".join(text.split())


@given(replies)
def test_every_page_fits_and_can_be_written_as_utf8(reply: Reply) -> None:
    for page in wechat_pages(reply, WORDS):
        assert page
        assert len(page.encode()) <= PAGE_BYTES


@given(replies)
def test_no_text_is_lost_across_pages(reply: Reply) -> None:
    pages = visible_pages(reply, WORDS)
    bodies = [page.removesuffix(WORDS.more) for page in pages[:-1]] + pages[-1:]
    assert without_space("".join(bodies)).startswith(without_space(plain(reply.text)))
    everything = without_space("".join(bodies))
    for choice in reply.choices:
        shown = plain(choice.label).replace("<", "＜").replace(">", "＞")
        assert (
            without_space(shown) in everything or without_space(plain(choice.label)) in everything
        )


@given(replies)
def test_only_our_own_links_are_links_even_after_entities_are_read(reply: Reply) -> None:
    for page in wechat_pages(reply, WORDS):
        rest = ANCHOR.sub("", page)
        for seen in (rest, html.unescape(rest)):
            assert not re.search(r"<\s*/?\s*[a-zA-Z]", seen)
        assert all(tap is not None for _, _, tap in links(page))


@given(replies)
def test_links_to_choices_and_rating_are_on_the_last_page_only(reply: Reply) -> None:
    pages = wechat_pages(reply, WORDS)
    for number, page in enumerate(pages[:-1], start=2):
        (link,) = links(page)
        assert link == (WORDS.more, WORDS.more, Tap(Action.MORE, reply.turn, number))
    if pages:
        actions = [tap.action for _, _, tap in links(pages[-1]) if tap]
        assert Action.MORE not in actions
        assert actions.count(Action.RATE) == (2 if reply.rateable and reply.turn else 0)
        assert actions.count(Action.COLLECT) == int(reply.pending)
        assert actions.count(Action.ASK) in {0, len(reply.choices)}


def test_a_short_answer_is_one_page_with_choices_and_rating_below() -> None:
    reply = Reply(
        text="先补水，再就医。",
        choices=(Choice(1, "怎么补水？", Tap(Action.ASK, "t1", 1)),),
        turn="t1",
        rateable=True,
        heading="您还可以问：",
    )
    (page,) = visible_pages(reply, WORDS)
    assert page == (
        "先补水，再就医。\n\n您还可以问：\n1. 怎么补水？\n\n"
        "这个回答有用吗？有用回 1，没用回 0。\n有用  没用"
    )
    assert links(wechat_pages(reply, WORDS)[0]) == [
        ("怎么补水？", "怎么补水？", Tap(Action.ASK, "t1", 1)),
        ("有用", "有用", Tap(Action.RATE, "t1", 1)),
        ("没用", "没用", Tap(Action.RATE, "t1", 0)),
    ]


def test_a_placeholder_ends_with_the_link_that_collects() -> None:
    reply = Reply(text="正在查询…", pending=True)
    (page,) = wechat_pages(reply, WORDS)
    assert links(page) == [("查看结果", "查看结果", Tap(Action.COLLECT))]


def test_each_page_but_the_last_leads_to_the_next() -> None:
    reply = Reply(text=LONG, turn="t9", rateable=True)
    pages = wechat_pages(reply, WORDS)
    assert len(pages) > 3
    for wanted in range(1, len(pages) + 1):
        assert wechat_page(replace(reply, page=wanted), WORDS) == pages[wanted - 1]


def test_a_page_beyond_the_last_says_so() -> None:
    assert wechat_page(Reply(text="短", page=2), WORDS) == WORDS.finished
    assert wechat_page(Reply(text=LONG, page=999), WORDS) == WORDS.finished


def test_a_page_before_the_first_is_the_first() -> None:
    assert wechat_page(Reply(text="短", page=0), WORDS) == "短"


def test_a_reply_that_says_nothing_has_no_page() -> None:
    assert wechat_pages(Reply(text=" \x00\n"), WORDS) == []
    assert wechat_page(Reply(text=""), WORDS) == ""


def test_many_choices_send_their_numbers_so_that_they_fit_beside_the_text() -> None:
    offered = tuple(
        Choice(
            number, "打完狂犬疫苗可以喝酒吗，要忌口多久" + str(number), Tap(Action.ASK, "t", number)
        )
        for number in range(1, 8)
    )
    pages = wechat_pages(Reply(text=LONG, choices=offered, turn="t"), WORDS)
    assert [sent for _, sent, _ in links(pages[-1])] == [str(number) for number in range(1, 8)]


def test_choices_too_long_for_links_are_listed_so_that_numbers_can_be_typed() -> None:
    offered = tuple(Choice(n, "长" * 300, Tap(Action.ASK, "t", n)) for n in (1, 2, 3))
    pages = visible_pages(Reply(text="请选：", choices=offered, heading="标题"), WORDS)
    assert "1. " + "长" * 300 in "\n".join(pages)
    assert all(utf8_bytes(page) <= PAGE_BYTES for page in pages)


@pytest.mark.parametrize(
    "kept",
    [
        "体温<38.5℃",
        "3 < 5",
        "R&D",
        "https://www.cdc.cn/?a=1&b=2#top",
        "[微笑]",
        "a > b",
        "😀👨‍👩‍👧",
    ],
)
def test_what_is_no_markup_stays_as_written(kept: str) -> None:
    assert plain(kept) == kept


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('<a href="http://x">y</a>', '＜a href="http://x">y＜/a>'),
        ("< a>", "＜ a>"),
        ("<\x00a>", "＜a>"),
        ("&lt;a&gt;", "＆lt;a&gt;"),
        ("&#60;a", "＆#60;a"),
        ("&amp;lt;a", "＆amp;lt;a"),
        ("一\r\n二\r三\u2028四", "一\n二\n三\n四"),
        ("\ud83d好\x07\ufffe", "好"),
    ],
)
def test_markup_becomes_something_to_read(written: str, shown: str) -> None:
    assert plain(written) == shown


def test_wording_that_would_crowd_a_page_is_refused_at_the_start() -> None:
    check_words(WORDS)
    with pytest.raises(ValueError, match="wording"):
        check_words(replace(WORDS, rate="很" * 400))
    with pytest.raises(ValueError, match="wording"):
        check_words(replace(WORDS, finished=" "))
