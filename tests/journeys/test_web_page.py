"""The chat page in a real browser, as a resident with a phone uses it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.journeys.browser import chromium, needs_chromium, serve
from tests.journeys.web_visits import (
    ANSWER,
    PAGE,
    WELCOME,
    WORDS,
    ScriptedResponder,
    Visits,
    create_app,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = [pytest.mark.journey, pytest.mark.browser, needs_chromium]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def responder() -> ScriptedResponder:
    return ScriptedResponder()


@pytest.fixture
def visit(browser: Browser, responder: ScriptedResponder) -> Iterator[Visits]:
    with serve(create_app(responder)) as address:
        visits = Visits(browser, address)
        yield visits
        visits.close()


def ask(page: Page, text: str) -> Locator:
    page.get_by_label(PAGE.input_label).last.fill(text)
    page.get_by_role("button", name=PAGE.send).click()
    answer = page.locator(".question + .answer").last
    answer.wait_for()
    return answer


def no_sideways(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_ask_then_follow_up_then_rate(visit, responder):
    page = visit()
    answer = ask(page, "老伴叫不醒")
    assert page.locator(".said").last.inner_text() == "老伴叫不醒"
    assert "马上打120" in answer.inner_text().replace("\n", "")
    assert "<b>不是粗体</b>" in answer.inner_text()
    assert no_sideways(page)

    answer.get_by_role("button", name=WORDS.useful).click()
    answer.get_by_text("谢谢，记下了。").wait_for()
    assert answer.get_by_role("button", name=WORDS.useful).get_attribute("aria-pressed") == "true"

    answer.get_by_role("button", name="按多深").click()
    page.get_by_text("这是第1条的回答。").wait_for()
    assert page.locator(".said").last.inner_text() == "按多深"
    assert responder.said == ["老伴叫不醒", "r.t1.1", "a.t1.1"]
    assert visit.complaints == []


def test_the_welcomes_choices_can_be_tapped(visit, responder):
    page = visit()
    page.get_by_role("button", name="麦子黄").tap()
    page.get_by_text("这是第2条的回答。").wait_for()
    assert responder.said == ["a.w.2"]


def test_only_phone_numbers_can_be_dialled(visit):
    answer = ask(visit(), "老伴叫不醒")
    links = answer.locator("a[href^='tel:']")
    assert [link.get_attribute("href") for link in links.all()] == [
        "tel:120",
        "tel:12345",
        "tel:4006000121",
    ]
    assert links.first.get_attribute("aria-label") == PAGE.dial + "120"


def test_the_sources_are_calmer_than_the_answer(visit):
    answer = ask(visit(), "老伴叫不醒")
    sources = answer.locator(".sources")
    assert sources.inner_text().startswith("来源：")
    assert "核对日期" in sources.inner_text()
    assert "来源" not in answer.locator(".text").inner_text()
    size = "node => parseFloat(getComputedStyle(node).fontSize)"
    assert 20 <= sources.evaluate(size) < answer.locator(".text").evaluate(size)


def test_everything_is_large_enough_to_read_and_to_hit(visit):
    page = visit()
    ask(page, "老伴叫不醒")
    small = page.evaluate(
        """() => Array.from(document.querySelectorAll('body *'))
            .filter(node => node.offsetParent && node.childNodes.length
                && Array.from(node.childNodes).some(n => n.nodeType === 3 && n.data.trim()))
            .filter(node => parseFloat(getComputedStyle(node).fontSize) < 20)
            .map(node => node.outerHTML.slice(0, 80))"""
    )
    assert small == []
    for target in page.locator("button:visible, textarea:visible, .calls a").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 48, target.inner_text()
        assert box["width"] >= 48, target.inner_text()
    for number in page.locator("a.dial").all():
        assert number.evaluate("node => node.getBoundingClientRect().height") >= 34


def test_text_stands_out_from_its_background(visit):
    page = visit()
    ask(page, "老伴叫不醒")
    faint = page.evaluate(
        """() => {
            const rgb = text => text.match(/[\\d.]+/g).map(Number);
            const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
                .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
                .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
            const behind = node => {
                for (; node; node = node.parentElement) {
                    const colour = rgb(getComputedStyle(node).backgroundColor);
                    if (colour.length < 4 || colour[3] > 0) return colour;
                }
            };
            return Array.from(document.querySelectorAll('body *'))
                .filter(n => n.offsetParent && n.innerText && n.innerText.trim())
                .map(n => {
                    const [a, b] = [light(rgb(getComputedStyle(n).color)), light(behind(n))];
                    return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), n.className];
                })
                .filter(([ratio]) => ratio < 7);
        }"""
    )
    assert faint == []


@pytest.mark.parametrize(("width", "height"), [(320, 568), (360, 740), (740, 360), (1200, 800)])
def test_nothing_scrolls_sideways(visit, width, height):
    page = visit(viewport={"width": width, "height": height})
    assert no_sideways(page)
    ask(page, "很长" * 200 + "x" * 300)
    assert no_sideways(page)


def test_larger_letters_still_fit(visit):
    page = visit()
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    ask(page, "老伴叫不醒")
    assert no_sideways(page)


def test_the_keyboard_alone_is_enough(visit, responder):
    page = visit(has_touch=False, is_mobile=False)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == PAGE.skip_to_input
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.type("血压高")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("怎么办")
    page.keyboard.press("Enter")
    answer = page.locator(".question + .answer")
    answer.wait_for()
    assert responder.said == ["血压高\n怎么办"]
    assert page.evaluate("document.activeElement.id") == "text"  # ready for the next question

    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.innerText").strip() == WORDS.useful:
            break
    page.keyboard.press("Enter")
    answer.get_by_text("谢谢，记下了。").wait_for()
    assert page.evaluate("document.activeElement.innerText").strip() == WORDS.useful
    for _ in range(3):
        page.keyboard.press("Tab")
        if "按多深" in page.evaluate("document.activeElement.innerText"):
            break
    page.keyboard.press("Space")
    page.get_by_text("这是第1条的回答。").wait_for()
    assert responder.said[1:] == ["r.t1.1", "a.t1.1"]


def test_choosing_a_word_in_an_input_method_does_not_send(visit, responder):
    page = visit()
    page.fill("#text", "xueya")
    page.evaluate(
        """() => document.getElementById('text').dispatchEvent(new KeyboardEvent('keydown',
            {key: 'Enter', keyCode: 229, isComposing: true, bubbles: true, cancelable: true}))"""
    )
    page.wait_for_timeout(100)
    assert page.input_value("#text") == "xueya"
    assert responder.said == []


def test_a_screen_reader_finds_its_way(visit):
    page = visit()
    ask(page, "老伴叫不醒")
    tree = page.locator("body").aria_snapshot()
    for landmark in (
        "banner:",
        f'navigation "{PAGE.calls_label}":',
        "main:",
        f'log "{PAGE.log_label}":',
        f'form "{PAGE.input_label}":',
        f'heading "{PAGE.title}" [level=1]',
        f'heading "{PAGE.you}" [level=2]',
        f'heading "{PAGE.answered}" [level=2]',
        f'textbox "{PAGE.input_label}"',
        f'button "{PAGE.send}"',
        f'group "{PAGE.rate_label}":',
        f'button "{WORDS.useful}"',
        'button "1 按多深"',
        f'link "{PAGE.dial}120"',
        'link "119 着火"',
    ):
        assert landmark in tree, landmark
    assert page.locator("#log").get_attribute("aria-live") == "polite"
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    nameless = page.locator("button:visible, a:visible, textarea:visible").evaluate_all(
        "nodes => nodes.filter(n => !(n.innerText || n.getAttribute('aria-label') || n.labels))"
    )
    assert nameless == []
    ids = page.locator("[id]").evaluate_all("nodes => nodes.map(node => node.id)")
    assert len(ids) == len(set(ids))


def test_without_javascript_the_page_is_a_form(visit, responder):
    page = visit(java_script_enabled=False)
    answer = ask(page, "老伴叫不醒")
    assert answer.locator(".sources").inner_text().startswith("来源：")
    assert "<b>不是粗体</b>" in answer.inner_text()
    answer.get_by_role("button", name="按多深").click()
    page.get_by_text("这是第1条的回答。").wait_for()
    assert page.locator(".said").inner_text() == "按多深"
    ask(page, "再问一次").get_by_role("button", name=WORDS.useless).click()
    page.get_by_text("谢谢，记下了。").wait_for()
    assert responder.said == ["老伴叫不醒", "a.t1.1", "再问一次", "r.t1.0"]
    assert len({message.person for message in responder.answered.values()}) == 1


def test_a_lost_answer_is_fetched_again_without_asking_twice(visit, responder):
    page = visit()
    lost = iter([True, True, False])

    def lose(route: Any) -> None:
        # The server gets the question; its answer never arrives.
        if next(lost, False):
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/chat", lose)
    ask(page, "老伴叫不醒")
    assert responder.said == ["老伴叫不醒"]
    assert page.locator(".question").count() == 1
    assert page.locator(".thinking").count() == 0


def test_without_a_network_the_page_says_so_and_sends_again(visit, responder):
    page = visit()
    page.route("**/chat", lambda route: route.abort())
    page.fill("#text", "老伴叫不醒")
    page.get_by_role("button", name=PAGE.send).click()
    notice = page.get_by_role("alert")
    notice.wait_for()
    assert notice.locator("a[href='tel:120']").count() == 1
    assert responder.said == []
    page.unroute("**/chat")
    page.get_by_role("button", name=PAGE.retry).click()
    page.locator(".question + .answer").wait_for()
    assert notice.count() == 0
    assert responder.said == ["老伴叫不醒"]


def test_a_question_that_is_too_long_is_not_sent_again(visit, responder):
    page = visit()
    page.fill("#text", "字" * 30_000)
    page.get_by_role("button", name=PAGE.send).click()
    page.get_by_text(PAGE.too_long).wait_for()
    assert page.get_by_role("button", name=PAGE.retry).count() == 0
    assert responder.said == []


def test_a_broken_server_is_told_plainly(visit):
    page = visit()
    page.fill("#text", "服务器坏了")
    page.get_by_role("button", name=PAGE.send).click()
    page.get_by_role("alert").wait_for()
    assert "没答上来" in page.get_by_role("alert").inner_text()


def test_a_reload_keeps_the_conversation(visit, responder):
    page = visit()
    ask(page, "老伴叫不醒")
    page.reload()
    assert page.locator(".said").inner_text() == "老伴叫不醒"
    page.get_by_role("button", name="按多深").click()
    page.get_by_text("这是第1条的回答。").wait_for()
    assert responder.said == ["老伴叫不醒", "a.t1.1"]


def test_answers_are_read_aloud_where_there_is_a_chinese_voice(visit):
    voices = """
        window.spoken = [];
        window.SpeechSynthesisUtterance = function (text) { this.text = text; };
        Object.defineProperty(window, 'speechSynthesis', {value: {
            getVoices: () => [{lang: 'en-US'}, {lang: 'LANG'}],
            addEventListener: () => {},
            cancel: () => {},
            speak: words => window.spoken.push([words.text, words.lang]),
        }});"""
    page = visit(script=voices.replace("LANG", "zh-CN"))
    answer = ask(page, "老伴叫不醒")
    answer.get_by_role("button", name=PAGE.read_aloud).click()
    [[text, language]] = page.evaluate("window.spoken")
    assert language == "zh-CN"
    assert text.startswith("马上打120")
    assert "来源" not in text
    answer.get_by_role("button", name=PAGE.stop_reading).click()
    assert answer.get_by_role("button", name=PAGE.read_aloud).is_visible()

    page = visit(script=voices.replace("LANG", "fr-FR"))
    assert page.get_by_role("button", name=PAGE.read_aloud).count() == 0


def test_less_motion_stops_the_dots(visit):
    page = visit(reduced_motion="reduce")
    page.route("**/chat", lambda route: None)  # never answered
    page.fill("#text", "老伴叫不醒")
    page.get_by_role("button", name=PAGE.send).click()
    dots = page.locator(".thinking i").first
    dots.wait_for()
    assert dots.evaluate("node => getComputedStyle(node).animationName") == "none"


def test_the_api_page_needs_no_network(visit):
    page = visit("/api/docs", viewport={"width": 1200, "height": 800}, is_mobile=False)
    operation = page.get_by_text("/api/ask").first
    operation.wait_for()
    operation.click()
    page.get_by_text("Request body").wait_for()
    assert visit.complaints == []


def test_sentences_appear_one_by_one_and_the_whole_reply_takes_their_place(visit, responder):
    goes_on = threading.Event()

    def slowly(message):
        if message.live is None:
            return WELCOME
        message.live("（内容由AI生成，仅供参考，来源见下）")
        message.live("先坐下歇5分钟。[1]")
        goes_on.wait(10)
        return ANSWER

    responder.respond = slowly
    page = visit()
    page.get_by_label(PAGE.input_label).last.fill("血压怎么量")
    page.get_by_role("button", name=PAGE.send).click()
    coming = page.locator(".thinking.coming")
    coming.get_by_text("先坐下歇5分钟").wait_for()
    assert "内容由AI生成" in coming.inner_text()
    assert no_sideways(page)
    goes_on.set()
    page.locator(".question + .answer").last.get_by_text("开免提").wait_for()
    assert page.locator(".thinking").count() == 0
