"""The console of one house: its pages are given what they may not reach by themselves."""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from fastapi import APIRouter
from rapidfuzz import fuzz

import prompts
from bot.asking import plain_reply
from bot.assistant.composer import Composer
from bot.channels.wechat_pages import visible_pages
from bot.console.card_pages import Alike, CardParts, Owned, add_card_pages
from bot.console.counter_pages import add_counter_pages
from bot.console.gap_pages import add_gap_pages
from bot.console.generated_pages import add_generated_pages
from bot.console.import_pages import add_import_pages
from bot.console.insight_pages import add_insight_pages
from bot.console.pack_pages import add_pack_pages
from bot.console.queue_pages import REPLY_CHARACTERS, QueueParts, add_queue_pages
from bot.console.recall_pages import add_recall_pages
from bot.console.review_pages import ReviewParts, add_review_pages
from bot.console.router import Access, Console
from bot.console.seams import CounterAnswer, Suggestion
from bot.gaps import Gaps
from bot.helpdesk import Ticket
from bot.house import House
from bot.imports import Imports
from bot.insights import InsightsBook
from bot.loudspeaker import loudspeaker_script
from bot.recall import Recalls
from bot.spending import Spending
from bot.wording import channel_words
from knowledge.card import Card, CardKind, Evidence, Revision, Source
from knowledge.cardfile import read_cards
from knowledge.gate import GateRuns
from knowledge.golden import GoldenQuestions
from knowledge.importing import FileReading
from knowledge.packupdate import find_updates
from knowledge.reminders import URGENT_DAYS, reminders_of
from knowledge.review import Review, Reviews
from knowledge.starterpack import PACK
from retrieval.fusion import Outcome
from retrieval.retriever import Query
from retrieval.text import clean

SUGGESTIONS = 4
SIMILAR = 3
SIMILAR_AMONG = 200  # resolved tickets that are looked through
ALIKE = 0.8  # cosine from which two questions are shown beside each other
QUOTED = 40  # characters of a question that are repeated with its answer
DRAFT_DAYS = 180
OWNED_ASKS = 20
ALIKE_LETTERS = 85  # rapidfuzz ratio of two answers
ALIKE_MEANING = 0.85  # cosine of two answers; hardly any two cards of the pack reach it
ALIKE_AMONG = 6
ALIKE_SHOWN = 3


def create_console(house: House) -> APIRouter:
    """Every page under /console."""

    def cards_held() -> Iterable[Card]:
        return (revision.card for revision in house.indexer.revisions)

    def waiting() -> Mapping[str, int]:
        return {
            "queue": len(house.helpdesk.waiting()),
            "reviews": len(reviews.waiting()),
            "ending": sum(r.ends for r in reminders_of(cards_held(), _today(), URGENT_DAYS)),
        }

    runs = GateRuns(house.engine)
    reviews = Reviews(house.engine, house.store, runs)
    console = Console(Access.of(house.engine), waiting)
    parts = QueueParts(
        helpdesk=house.helpdesk,
        conversations=house.conversations,
        ledger=house.ledger,
        suggest=partial(suggest, house),
        brief=partial(brief, house),
        spoken_by=lambda name, question, answer: house.wording.say(
            "helpdesk.human", name=name, question=question[:QUOTED], answer=answer
        ),
        make_draft=lambda question, login: make_draft(house, [question], login),
        similar=partial(similar, house),
        canned=_canned(),
    )
    access = console.access
    add_queue_pages(console.routes, console.frame, access.members, access.trail, parts)
    add_generated_pages(
        console.routes,
        console.frame,
        house.generations,
        house.conversations.question,
        Spending(house.engine, house.settings.model_daily_tokens).today,
    )
    add_counter_pages(console.routes, console.frame, partial(answer_at_counter, house))
    add_card_pages(
        console.routes,
        console.frame,
        access.members,
        access.trail,
        CardParts(
            house.store,
            reviews,
            partial(preview, house),
            partial(owned, house),
            partial(alike, house),
            _today,
        ),
    )
    review_parts = ReviewParts(
        store=house.store,
        reviews=reviews,
        runs=runs,
        golden=GoldenQuestions(house.engine),
        rehearse=house.rehearsal.run,
        prepare=house.rehearsal.prepare,
        on_published=partial(tell_askers, house),
        today=_today,
    )
    add_review_pages(console.routes, console.frame, access.members, access.trail, review_parts)
    add_recall_pages(
        console.routes,
        console.frame,
        access.trail,
        reviews,
        house.store,
        Recalls(house.engine, house.ledger),
        lambda revision: house.wording.say(
            "recall.text", title=revision.card.title, answer=brief_of(house, revision)
        ),
    )
    add_pack_pages(
        console.routes,
        console.frame,
        access.trail,
        house.store,
        lambda: find_updates(house.store, read_cards(PACK).values()),
    )
    add_import_pages(
        console.routes, console.frame, access.trail, imports_of(house), house.store, _today
    )
    add_insight_pages(
        console.routes, console.frame, InsightsBook(house.engine, partial(title_of, house)).read
    )
    add_gap_pages(
        console.routes,
        console.frame,
        access.trail,
        Gaps(house.engine, house.store, house.retriever.embed),
        partial(make_draft, house),
        _today,
    )
    return console.router()


def preview(house: House, card: Card) -> Sequence[str]:
    """A card as WeChat shows it, page by page."""
    revision = Revision(card=card, number=1, author="")
    answer = Composer(house.wording).compose(revision, 1.0, (), _today())
    return visible_pages(plain_reply(answer), channel_words(house.wording))


def owned(house: House, card: Card) -> Sequence[Owned]:
    """The asks of a card that another published card answers already."""
    found = []
    for ask in card.asks[:OWNED_ASKS]:
        hits = house.retriever.retrieve(Query(ask), 1)
        if hits.outcome is not Outcome.ANSWER:
            continue
        other = hits.hits[0].revision.card
        if other.key != card.key:
            found.append(Owned(ask, other.key, other.title))
    return found


def alike(house: House, card: Card) -> Sequence[Alike]:
    """Published cards whose answer is nearly this one's, by its letters or by its meaning."""
    if card.kind is CardKind.DIRECTORY:  # two places of one street differ little, rightly
        return []
    found = [
        other
        for revision in house.indexer.revisions
        if (other := revision.card).key != card.key
        and fuzz.ratio(card.answer, other.answer, score_cutoff=ALIKE_LETTERS)
    ]
    near = house.retriever.retrieve(Query(card.title), ALIKE_AMONG).hits
    vector = house.retriever.embed(clean(card.answer))
    for hit in near:
        other = hit.revision.card
        theirs = house.retriever.embed(clean(other.answer))
        if other.key == card.key or other in found or vector is None or theirs is None:
            continue
        if float(np.dot(vector, theirs)) >= ALIKE_MEANING:
            found.append(other)
    return [Alike(other.key, other.title) for other in found[:ALIKE_SHOWN]]


def tell_askers(house: House, revision: Revision, _review: Review) -> None:
    """Whoever asked what this card was written for is told that there is an answer now."""
    for ticket in house.helpdesk.drafted(revision.card.key):
        text = house.wording.say(
            "helpdesk.published",
            question=ticket.question[:QUOTED],
            answer=brief_of(house, revision),
        )
        house.helpdesk.tell(ticket.id, text)


def suggest(house: House, question: str) -> list[Suggestion]:
    """The published cards nearest to a question."""
    found = house.retriever.retrieve(Query(question), SUGGESTIONS)
    return [
        Suggestion(h.revision.card.key, h.revision.card.title, h.revision.card.answer, h.score)
        for h in found.hits
    ]


def brief(house: House, key: str) -> str:
    """What a volunteer may send of a published card, whole lines of it, with its source."""
    revision = house.indexer.lookup(key)
    return brief_of(house, revision) if revision else ""


def brief_of(house: House, revision: Revision) -> str:
    """The answer, as many steps as there is room for, and the source."""
    card = revision.card
    sources = "；".join(f"{s.issuer}《{s.title}》" for s in card.sources[:1])
    ending = house.wording.say("answer.source_brief", sources=sources)
    lines, left = [card.answer], REPLY_CHARACTERS - len(card.answer) - len(ending) - 1
    for number, step in enumerate(card.steps, 1):
        line = f"{number}. {step}"
        left -= len(line) + 1
        if left < 0:
            break
        lines.append(line)
    return "\n".join([*lines, ending])


def similar(house: House, ticket: Ticket) -> Sequence[Ticket]:
    """Answered tickets whose question means nearly the same."""
    vector = house.retriever.embed(clean(ticket.question))
    if vector is None:
        return []
    scored = []
    for other in house.helpdesk.resolved(SIMILAR_AMONG):
        if not other.answer or other.id == ticket.id:
            continue
        theirs = house.retriever.embed(clean(other.question))
        if theirs is not None and (likeness := float(np.dot(vector, theirs))) >= ALIKE:
            scored.append((likeness, other))
    return [other for _, other in sorted(scored, key=lambda pair: -pair[0])[:SIMILAR]]


def imports_of(house: House) -> Imports:
    """Where brought files are read, within the settings' bounds."""
    settings = house.settings
    reading = FileReading(settings.import_megabytes * 1_000_000, settings.import_seconds)
    return Imports(settings.data_dir / "imports", reading)


def title_of(house: House, key: str) -> str:
    """What a published card is about; "" when it is gone."""
    revision = house.indexer.lookup(key)
    return revision.card.title if revision else ""


def make_draft(house: House, questions: Sequence[str], login: str) -> str:
    """A draft card of what people asked; lint holds it back until it has an answer and a source."""
    today = _today()
    missing = house.wording.say("draft.missing")
    card = Card(
        key=f"local.{secrets.token_hex(4)}",
        kind=CardKind.ADVICE,
        title=questions[0][:30],
        asks=tuple(questions),
        answer=missing,
        sources=(
            Source(issuer=missing, title=missing, evidence=Evidence.UNSEEN, supports=(missing,)),
        ),
        unverified=(missing,),
        reviewed=today,
        review_due=today + timedelta(days=DRAFT_DAYS),
        owner=login,
    )
    house.store.save(card, login, missing)
    return card.key


def answer_at_counter(house: House, question: str) -> CounterAnswer:
    """What the bot would say, with what is needed to print it and to read it out."""
    answer = house.assistant.answer(question)
    revision = house.indexer.lookup(answer.cards[0].key) if answer.cards else None
    urls = [c.url for c in answer.citations if c.url.startswith("http")]
    settings = house.settings
    home = settings.public_url or f"http://{settings.host}:{settings.port}/"
    return CounterAnswer(
        question=question,
        verdict=answer.verdict.value,
        text=answer.text,
        title=revision.card.title if revision else "",
        sources=tuple(f"{c.issuer}《{c.title}》" for c in answer.citations),
        address=urls[0] if urls else home,
        script=loudspeaker_script(revision.card, house.wording) if revision else "",
    )


def _today() -> date:
    return datetime.now().astimezone().date()


def _canned() -> Sequence[str]:
    path = Path(prompts.__file__).parent / "canned.toml"
    return tuple(tomllib.loads(path.read_text("utf-8"))["lines"])
