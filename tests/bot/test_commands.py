import json

import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from knowledge.cardfile import render_card
from tests.samples import SAMPLES, make_card

RUN = CliRunner()


@pytest.fixture(autouse=True)
def small_house(tmp_path, monkeypatch, use_embedder):
    """The command line over a small pack and the real small model, in a folder of its own."""
    pack = tmp_path / "pack"
    pack.mkdir()
    for card in SAMPLES:
        (pack / f"{card.key}.md").write_text(render_card(card), "utf-8")
    monkeypatch.setenv("KEPUBANG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("knowledge.starterpack.load_pack.__defaults__", (pack, True))
    monkeypatch.setattr("bot.house.make_embedder", lambda *_: use_embedder)


def run(*arguments: str, code: int = 0, stdin: str | None = None) -> str:
    result = RUN.invoke(app, list(arguments), input=stdin)
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout


def test_ask_prints_a_cited_answer():
    said = run("ask", "接到公安电话说我涉嫌洗钱让我转账怎么办")
    assert "这很像诈骗" in said
    assert "来源：" in said


def test_ask_json_is_one_object():
    body = json.loads(run("ask", "血压多高算高血压", "--json"))
    assert body["cards"][0] == "health.hypertension"


def test_a_batch_keeps_its_order_and_survives_anything(tmp_path):
    texts = ["血压多高算高", "", "\ud800\x00", "长" * 100_000, "秸秆能烧吗"]
    file = tmp_path / "batch.jsonl"
    file.write_text("".join(json.dumps({"text": t}) + "\n" for t in texts), "utf-8")
    rows = [json.loads(line) for line in run("ask", "--batch", str(file)).splitlines()]
    assert [row["text"] for row in rows] == texts
    assert rows[0]["cards"][0] == "health.hypertension"
    assert rows[4]["cards"][0] == "farm.straw"


def test_a_broken_batch_names_the_line(tmp_path):
    file = tmp_path / "batch.jsonl"
    file.write_text('{"text": "好"}\n{"words": 1}\n', "utf-8")
    result = RUN.invoke(app, ["ask", "--batch", str(file)])
    assert "line 2" in str(result.exception)


def test_chat_talks_until_an_empty_line():
    said = run("chat", stdin="秸秆能烧吗\n8\n\n")
    assert "我是科普帮" in said
    assert "谢谢，记下了" in said


def test_cards_go_in_as_drafts_are_published_exported_and_retired(tmp_path):
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "tea.md").write_text(render_card(make_card()), "utf-8")
    assert "导入 1 张" in run("cards", "import", str(folder))
    assert "health.tea\tdraft" in run("cards", "list")
    assert "已发布 health.tea 第 1 版" in run("cards", "publish", "health.tea")
    assert "要复核\thealth.tea" in run("cards", "due", "--days", "3650", code=1)
    assert "0 天之内 0 张" in run("cards", "due", "--days", "0")
    run("cards", "export", str(tmp_path / "out"))
    assert (tmp_path / "out/health/tea.md").exists()
    run("cards", "retire", "health.tea", "--reason", "过时")
    assert "health.tea\tretired" in run("cards", "list")


def test_importing_the_pack_twice_changes_nothing():
    assert "发布 12 张" in run("cards", "import")
    assert "发布 0 张" in run("cards", "import")


def test_lint_says_what_to_mend_and_fails(tmp_path):
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "bad.md").write_text("no card", "utf-8")
    assert "第一行应是" in run("cards", "lint", str(folder), code=1)


def test_evaluate_prints_the_figures_and_the_misses(tmp_path):
    file = tmp_path / "q.jsonl"
    rows = [
        {"id": "1", "text": "血压多高算高血压", "cards": ["health.hypertension"]},
        {"id": "2", "text": "今晚的球赛谁赢了", "cards": []},
        {"id": "3", "text": "今晚的球赛谁赢了呀", "cards": ["farm.straw"]},
    ]
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    body = json.loads(run("evaluate", str(file), "--json"))
    assert body["recall_at_1"] == 0.5
    assert body["abstention_recall"] == 1.0
    assert [m["id"] for m in body["misses"]] == ["3"]
    assert "Recall@1" in run("evaluate", str(file))


def test_bench_retrieval_prints_the_contracts_figures(tmp_path, monkeypatch, use_embedder):
    monkeypatch.setattr("bot.commands.evaluate.make_embedder", lambda *_: use_embedder)
    (tmp_path / "c").write_text(
        '{"id": "a", "text": "血压高怎么办"}\n{"id": "b", "text": "麦子发黄"}\n'
    )
    (tmp_path / "q").write_text('{"qid": "1", "query": "高血压咋整"}\n')
    (tmp_path / "r").write_text('{"qid": "1", "did": "a", "rel": 1}\n')
    files = [
        "--corpus",
        str(tmp_path / "c"),
        "--queries",
        str(tmp_path / "q"),
        "--qrels",
        str(tmp_path / "r"),
    ]
    body = json.loads(run("bench", "retrieval", *files, "--json"))
    assert body["recall@1"] == body["mrr@10"] == body["ndcg@10"] == 1.0
    assert {"query_ms_p50", "query_ms_p95", "query_ms_p99", "index_seconds", "memory_mb"} <= set(
        body
    )


def test_telegram_without_a_token_says_where_to_get_one():
    result = RUN.invoke(app, ["telegram"])
    assert result.exit_code == 1
    assert "BotFather" in result.output
