"""`kepubang evaluate` and `kepubang bench retrieval`: the figures."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from bot.assistant.answer import AnswerVerdict
from bot.assistant.assistant import Assistant
from bot.assistant.grounding import Grounding
from bot.commands.generation_suite import evaluate_generation, print_generation
from bot.commands.grounding_suite import (
    grounding_as_json,
    read_grounding_cases,
    run_grounding,
    time_grounding,
)
from bot.commands.progress import progress_bar
from bot.commands.suites import Suite, read_cases, run_case
from bot.commands.suites import as_json as count_as_json
from bot.house import build_house
from bot.logging import set_up_logging
from bot.settings import Settings
from retrieval.bench import bench_retrieval
from retrieval.evaluation import Asked, Figures, GoldenQuestion, measure, read_questions
from retrieval.external import make_embedder

GOLDEN = Path("tests/golden/questions.jsonl")
_SILENT = {AnswerVerdict.ABSTAINED, AnswerVerdict.REFUSED, AnswerVerdict.HANDED_OFF}


bench = typer.Typer(help="测量检索。", no_args_is_help=True)


def evaluate(
    file: Annotated[
        Path | None, typer.Argument(help="JSONL：id, text, cards；加 --suite 时是 text, label")
    ] = None,
    suite: Annotated[
        Suite | None,
        typer.Option(
            help="安全考题：急事、诈骗消息、谣言、不该答的；"
            "grounding：生成的句子有没有依据；generation：大模型生成的回答"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="打印一个 JSON 对象")] = False,
    misses: Annotated[bool, typer.Option(help="列出每一个答错的")] = False,
) -> None:
    """在考题上算成绩：召回、弃答的准和全、信心准不准。"""
    set_up_logging("error")
    if suite is Suite.GENERATION:
        print_generation(evaluate_generation(file, as_json), as_json)
        return
    if suite is Suite.GROUNDING:
        _evaluate_grounding(file, as_json, misses)
        return
    if suite is not None:
        _evaluate_suite(suite, file, as_json, misses)
        return
    questions = read_questions(file or GOLDEN)
    with progress_bar("第一次建索引") as progress:
        house = build_house(Settings(), progress)
    asked = [
        ask_golden(house.assistant, question)
        for question in tqdm(questions, desc="考题", unit="题", disable=as_json, leave=False)
    ]
    figures = measure(asked)
    if as_json:
        rows = [_miss(a) for a in asked if not _good(a)]
        print(json.dumps({**asdict(figures), "misses": rows}, ensure_ascii=False))
        return
    _print(figures)
    if misses:
        for a in asked:
            if not _good(a):
                print(json.dumps(_miss(a), ensure_ascii=False))


def _evaluate_grounding(file: Path | None, as_json: bool, misses: bool) -> None:
    """Rows {passage, sentence, label}: no index and no model is needed."""
    cases, grounding = read_grounding_cases(file), Grounding()
    found = grounding_as_json(run_grounding(grounding, cases), time_grounding(grounding, cases))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    listed = found.pop("misses")
    print(
        f"句子 {found['n']} 条\n"
        f"没依据的放过去 {found['unsupported_through_count']}/{found['unsupported']}"
        f"（{found['unsupported_through']:.1%}）\n"
        f"有依据的丢掉 {found['good_dropped_count']}/{found['good']}"
        f"（{found['good_dropped']:.1%}）\n"
        f"改了数字的拦下 {found['numbers_locked']:.1%}\n"
        f"五句话用时 p95 {found['latency_p95_ms']} 毫秒"
    )
    for miss in listed if misses else ():
        print(f"{'丢了' if miss['supported'] else '放了'} {miss['kind']} {miss['sentence']}")


def _evaluate_suite(suite: Suite, file: Path | None, whole: bool, misses: bool) -> None:
    cases = read_cases(suite, file)
    with progress_bar("第一次建索引") as progress:
        house = build_house(Settings(), progress)
    ran = [
        run_case(house.assistant, suite, case)
        for case in tqdm(cases, desc="考题", unit="题", disable=whole, leave=False)
    ]
    found = count_as_json(ran, suite)
    if whole:
        print(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        if name not in {"misses", "confusion"}:
            print(f"{name}\t{value}")
    for row in found["misses"] if misses else ():
        print(json.dumps(row, ensure_ascii=False))


def ask_golden(assistant: Assistant, question: GoldenQuestion) -> Asked:
    """What comes of one golden question, asked outside any conversation."""
    answer = assistant.answer(question.text)
    outcome = "answer"
    if answer.verdict is AnswerVerdict.CLARIFY:
        outcome = "clarify"
    elif answer.verdict in _SILENT and not answer.cards:
        outcome = "abstain"
    found = assistant.rank(question.text)
    cards = tuple(card.key for card in answer.cards) or found
    rest = tuple(key for key in found if key not in cards)
    return Asked(question, cards + rest, outcome, answer.confidence)


@bench.command("retrieval")
def retrieval(
    corpus: Annotated[Path, typer.Option(help="JSONL：id, text")],
    queries: Annotated[Path, typer.Option(help="JSONL：qid, query")],
    qrels: Annotated[Path, typer.Option(help="JSONL：qid, did, rel")],
    as_json: Annotated[bool, typer.Option("--json", help="打印一个 JSON 对象")] = False,
) -> None:
    """在任意语料上测我们的检索。"""
    settings = Settings()
    embedder = make_embedder(
        settings.embedder,
        settings.embedder_url,
        settings.embedder_key.get_secret_value(),
        settings.embedder_timeout_seconds,
    )
    with progress_bar("建索引") as progress:
        figures = bench_retrieval(corpus, queries, qrels, embedder, progress)
    if as_json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for name, value in figures.items():
        print(f"{name}\t{value}")


@bench.callback()
def _bench() -> None:
    """Keep `bench` a group although it has one command today."""


def _good(asked: Asked) -> bool:
    if not asked.question.answerable:
        return asked.outcome == "abstain"
    return asked.outcome == "answer" and asked.first_right


def _miss(asked: Asked) -> dict[str, object]:
    return {
        "id": asked.question.id,
        "text": asked.question.text,
        "wanted": list(asked.question.cards),
        "outcome": asked.outcome,
        "cards": list(asked.cards[:3]),
        "confidence": round(asked.confidence, 3),
    }


def _print(figures: Figures) -> None:
    labels = {
        "questions": "考题",
        "answerable": "其中该回答的",
        "recall_at_1": "Recall@1（第一张卡就对）",
        "recall_at_5": "Recall@5",
        "mrr_at_10": "MRR@10",
        "answered_right": "该回答的里答对的",
        "answered_wrong": "答错的（题数）",
        "clarified": "反问的（题数）",
        "abstention_precision": "弃答准确率",
        "abstention_recall": "弃答召回率",
        "calibration_error": "信心误差 ECE",
    }
    for name, value in asdict(figures).items():
        print(
            f"{labels[name]}\t{value:.3f}"
            if isinstance(value, float)
            else f"{labels[name]}\t{value}"
        )
