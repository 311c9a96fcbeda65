"""Screening a forwarded message: disguise, links, red flags, and the verdict."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.assistant.answer import Risk
from bot.assistant.links import find_links
from bot.assistant.models import load_screening_model
from bot.assistant.screening import Screening
from bot.assistant.screening_rules import load_screening_rules
from retrieval.disguise import disguised, undisguise

RULES = load_screening_rules()
SCREENING = Screening(RULES, load_screening_model())
FAKE = "【社保局】您的社保卡已停用，请点击 http://sb-gov.top/ab 填写银行卡号认证，逾期注销"


def judge(text: str):
    return SCREENING.judge(SCREENING.look(text), None)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("加微*信*领*钱", "加微信领钱"),
        ("加V❤：a1️⃣2③", "加微信:a123"),
        ("验 证 码 发 我", "验证码发我"),
        ("請轉帳到安全帳戶", "请转账到安全账户"),
        ("今天下雨，记得带伞", "今天下雨,记得带伞"),
    ],
)
def test_disguise_is_undone(written, meant):
    assert undisguise(written) == meant


def test_what_has_no_disguise_counts_none():
    assert disguised("今天下雨记得带伞") == 0
    assert disguised("加微*信*领*钱") > 0


@pytest.mark.parametrize(
    ("text", "domain", "official", "odd"),
    [
        ("看 http://sb-gov.top/ab 认证", "sb-gov.top", False, ("odd", "borrowed")),
        ("点https://t.cn/A6x领取", "t.cn", False, ("short",)),
        ("登录www.shandong.gov.cn查看", "shandong.gov.cn", True, ()),
        ("mybank.icbc.com.cn", "icbc.com.cn", True, ()),
        ("icbc.com.cn.verify-a.vip/x", "verify-a.vip", False, ("odd", "borrowed")),
        ("http://45.33.2.1/pay", "45.33.2.1", False, ("ip",)),
        ("打开 xn--80ak6aa92e.com", "xn--80ak6aa92e.com", False, ("punycode",)),
    ],
)
def test_a_link_is_judged_by_whom_it_belongs_to(text, domain, official, odd):
    (link,) = find_links(text, RULES.links)
    assert (link.domain, link.official, link.odd) == (domain, official, odd)


@pytest.mark.parametrize("text", ["体温38.5度", "3.15晚会", "版本1.2.3", "一共2.5元", "没有链接"])
def test_numbers_are_no_links(text):
    assert find_links(text, RULES.links) == []


def test_a_false_notice_is_a_scam_and_says_why():
    found = judge(FAKE)
    assert found.risk is Risk.HIGH
    assert SCREENING.is_message(found)
    assert found.flags
    assert all(flag.why and flag.quote for flag in found.flags)
    assert any(card.startswith("fraud.") for card in found.cards)


@pytest.mark.parametrize(
    "text",
    [
        "【工商银行】您尾号1234的卡11月3日消费50.00元，余额1200.35元。",
        "【顺丰速运】您的快件已到村口小卖部，取件码3-2-1018。",
        "验证码 482913，5分钟内有效，请勿告诉任何人。",
        "各位家长，明天学校开运动会，请给孩子穿运动鞋。",
    ],
)
def test_honest_notices_are_no_scams(text):
    assert judge(text).risk is Risk.LOW


def test_a_number_from_abroad_is_a_flag():
    assert any(f.name == "foreign_number" for f in SCREENING.look("来电[境外号码]说我犯法").flags)


def test_without_a_model_flags_are_counted(tmp_path):
    assert load_screening_model(tmp_path) is None
    alone = Screening(RULES, None)
    assert alone.judge(alone.look(FAKE), None).risk is Risk.HIGH
    assert alone.judge(alone.look("明天下雨"), None).risk is Risk.LOW


@given(st.text(max_size=300))
@settings(deadline=None, max_examples=60)
def test_it_is_total(text):
    found = judge(text)
    assert 0 <= found.scam <= 1
    assert 0 <= found.message <= 1
