"""Who may come in, and what happens to those who may not."""

import re

import pytest
import sqlalchemy as sa

from bot.console.frame import safe_next
from bot.console.members import FIRST_SECONDS, INVITE_SECONDS, MemberError, Role
from bot.console.staff_sessions import (
    GUESS_SECONDS,
    GUESSES_PER_LOGIN,
    IDLE_SECONDS,
)
from bot.console.trail import trail
from tests.bot.console.conftest import PASSWORD


def test_signing_in_shows_what_the_role_may_do_and_no_more(desk):
    page = desk.browser("volunteer").get("/console/").text
    assert "小李，你好" in page
    assert "/console/queue" in page
    assert "/console/members" not in page


def test_nobody_gets_in_without_a_session_and_comes_back_to_the_page(desk):
    sent = desk.browser().get("/console/members/admin")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/console/sign-in?next=/members/admin"
    after = desk.browser().post(
        "/console/sign-in", data={"login": "admin", "password": PASSWORD, "next": "/members"}
    )
    assert after.headers["location"] == "/console/members"


def test_a_wrong_password_and_a_login_that_is_not_there_look_alike(desk):
    for login in ("admin", "nobody"):
        sent = desk.browser().post(
            "/console/sign-in", data={"login": login, "password": "a wrong password"}
        )
        assert sent.status_code == 401
        assert "名字或密码不对" in sent.text


def test_guessing_is_locked_out_for_a_quarter_of_an_hour(desk, clock):
    guess = {"login": "admin", "password": "a wrong password"}
    for _ in range(GUESSES_PER_LOGIN):
        assert desk.browser().post("/console/sign-in", data=guess).status_code == 401
    right = {"login": "admin", "password": PASSWORD}
    assert desk.browser().post("/console/sign-in", data=right).status_code == 429
    clock.now += GUESS_SECONDS + 1
    assert desk.browser().post("/console/sign-in", data=right).status_code == 303


@pytest.mark.parametrize("path", ["/members", "/members/editor", "/trail"])
def test_pages_of_another_role_are_refused_kindly(desk, path):
    sent = desk.browser("volunteer").get(f"/console{path}")
    assert sent.status_code == 403
    assert "这件事要别的角色来做" in sent.text


def test_a_form_without_the_sessions_token_changes_nothing(desk):
    for token in ("", "forged"):
        sent = desk.browser("admin").post(
            "/console/members/editor", data={"roles": "admin", "csrf": token}
        )
        assert sent.status_code == 403
    assert desk.access.members.find("editor").roles == {Role.EDITOR}


def test_another_members_token_does_not_fit(desk):
    page = desk.browser("volunteer").get("/console/account").text
    theirs = re.search(r'name="csrf" value="([^"]+)"', page).group(1)
    sent = desk.browser("admin").post("/console/members/editor", data={"csrf": theirs})
    assert sent.status_code == 403


def test_a_role_taken_away_acts_at_once(desk):
    browser = desk.browser("editor")
    desk.post("admin", "/members/editor", roles=["volunteer"])
    assert desk.access.members.find("editor").roles == {Role.VOLUNTEER}
    assert "志愿者" in browser.get("/console/account").text
    desk.post("admin", "/members/editor", disabled="yes")
    assert browser.get("/console/").status_code == 303


def test_sessions_end_when_idle_revoked_or_when_the_password_changes(desk, clock):
    first = desk.browser("editor")
    desk.browsers.clear()
    second = desk.browser("editor")
    desk.post(
        "editor", "/account/password", old=PASSWORD, new="another one 1", again="another one 1"
    )
    assert first.get("/console/").status_code == 303
    assert second.get("/console/").status_code == 200
    clock.now += IDLE_SECONDS + 1
    assert second.get("/console/").status_code == 303


def test_an_invite_makes_one_member_once_and_in_time(desk, clock):
    page = desk.post("admin", "/members/invite", roles=["editor", "reviewer"]).text
    path = re.search(r'value="http://testserver(/console/invite/[^"]+)"', page).group(1)
    fields = {"login": "New.One", "name": "新人", "password": PASSWORD}
    short = desk.browser().post(path, data={**fields, "password": "short"})
    assert short.status_code == 422
    assert "密码至少十个字" in short.text
    assert 'value="新人"' in short.text
    assert desk.browser().post(path, data=fields).status_code == 303
    assert desk.access.members.find("new.one").roles == {Role.EDITOR, Role.REVIEWER}
    again = desk.browser().post(path, data={**fields, "login": "second"})
    assert again.status_code == 400
    assert "用过了" in again.text
    late = desk.access.members.invite([Role.EDITOR], "admin")
    clock.now += INVITE_SECONDS + 1
    old = desk.browser().get(f"/console/invite/{late}")
    assert "过期了" in old.text
    assert "这个邀请链接不对" in desk.browser().get("/console/invite/nonsense").text


def test_a_taken_login_says_so_and_the_invite_stays_good(desk):
    token = desk.access.members.invite([Role.EDITOR], "admin")
    with pytest.raises(MemberError, match="login_taken"):
        desk.access.members.accept(token, "editor", "另一个", PASSWORD)
    assert desk.access.members.accept(token, "editor2", "另一个", PASSWORD).login == "editor2"


def test_the_last_administrator_cannot_be_locked_out(desk):
    assert "最后一位管理员" in desk.post("admin", "/members/admin", roles=["editor"]).text
    desk.access.members.give_roles("editor", [Role.ADMIN], False, "admin")
    assert "不能取消自己的管理员" in desk.post("admin", "/members/admin", roles=["editor"]).text


def test_the_first_link_is_there_until_somebody_used_it(engine, clock):
    from tests.bot.console.conftest import make_access  # noqa: PLC0415 - beside its one use

    members = make_access(engine, clock).members
    old, new = members.first_invite(), members.first_invite()
    with pytest.raises(MemberError, match="invite_unknown"):
        members.invited(old)
    members.accept(new, "first", "第一位", PASSWORD)
    assert members.first_invite() is None
    assert FIRST_SECONDS < INVITE_SECONDS


def test_every_act_is_on_the_trail_and_no_line_can_be_changed(desk, engine):
    desk.post("admin", "/members/editor", roles=["editor", "reviewer"])
    page = desk.browser("admin").get("/console/trail").text
    assert "改了角色" in page
    for change in (trail.update().values(act="nothing"), trail.delete()):
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), engine.begin() as connection:
            connection.execute(change)


def test_a_password_typed_as_a_login_is_not_kept(desk):
    desk.browser().post("/console/sign-in", data={"login": "my secret", "password": "x"})
    assert all(line.login != "my secret" for line in desk.access.trail.latest())


def test_what_is_shown_is_escaped(desk):
    nasty = "<script>x</script>"
    sent = desk.browser().post("/console/sign-in", data={"login": nasty, "password": "x"})
    assert nasty not in sent.text
    token = desk.access.members.invite([Role.EDITOR], "admin")
    desk.access.members.accept(token, "nasty", "<b>x</b>", PASSWORD)
    assert "<b>x</b>" not in desk.browser("admin").get("/console/members").text
    assert nasty not in desk.browser("admin").get(f"/console/?done={nasty}").text


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example", "/\\evil", "javascript:alert(1)", "evil", "/a\nb"],
)
def test_nobody_is_sent_elsewhere(address):
    assert safe_next(address) == ""


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/console/nothing/here", b"", 404),
        ("GET", "/console/../etc/passwd", b"", 404),
        ("GET", "/console/static/../frame.py", b"", 404),
        ("POST", "/console/sign-in", b"x" * 20_000, 413),
        ("POST", "/console/sign-in", b"\xff\xfe", 401),
        ("PUT", "/console/members", b"", 404),
        ("GET", "/console/trail?before=abc", b"", 422),
    ],
)
def test_whatever_is_sent_gets_a_page_and_never_an_error(desk, method, path, body, status):
    sent = desk.browser("admin").request(
        method, path, content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert sent.status_code == status


def test_pages_are_closed_to_other_sites(desk):
    headers = desk.browser("admin").get("/console/").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
