"""The form that is the card: text areas of one item a line, read back into a Card."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from pydantic import ValidationError

from bot.console.frame import ConsoleProblemError, Sent
from knowledge.card import Card, Evidence, NotAsk, Source

DRAFT_DAYS = 180
KEY_CHARACTERS = 120  # as wide as the column
_BAR = re.compile(r"\s*[|｜]\s*")
_ITEM = re.compile(r"\s*[；;]\s*")
_SEEN = {"原文": Evidence.PRIMARY, "转载": Evidence.SECONDARY, "未见": Evidence.UNSEEN}
_PARTS = 6  # issuer, title, edition, url, how it was seen, what it supports
FIELDS = (
    *("key", "kind", "title", "audience", "regions", "months", "asks", "not_asks", "answer"),
    *("steps", "never", "seek_help", "claim", "verdict", "red_flags", "related", "sources"),
    *("unverified", "valid_from", "valid_until", "review_due", "details"),
)


def fields_of(card: Card) -> dict[str, str]:
    """A card as the texts of its form."""
    seen = {evidence: word for word, evidence in _SEEN.items()}
    sources = (
        "｜".join((s.issuer, s.title, s.edition, s.url, seen[s.evidence], "；".join(s.supports)))
        for s in card.sources
    )
    not_asks = (f"{n.ask}｜{n.card}" if n.card else n.ask for n in card.not_asks)
    return {
        "key": card.key,
        "kind": card.kind.value,
        "title": card.title,
        "audience": " ".join(a.value for a in card.audience),
        "regions": " ".join(card.regions),
        "months": " ".join(map(str, card.months)),
        "asks": "\n".join(card.asks),
        "not_asks": "\n".join(not_asks),
        "answer": card.answer,
        "steps": "\n".join(card.steps),
        "never": "\n".join(card.never),
        "seek_help": card.seek_help,
        "claim": card.claim,
        "verdict": card.verdict.value if card.verdict else "",
        "red_flags": "\n".join(card.red_flags),
        "related": " ".join(card.related),
        "sources": "\n".join(sources),
        "unverified": "\n".join(card.unverified),
        "valid_from": card.valid_from.isoformat() if card.valid_from else "",
        "valid_until": card.valid_until.isoformat() if card.valid_until else "",
        "review_due": card.review_due.isoformat(),
        "details": card.details,
    }


def sent_fields(sent: Sent) -> dict[str, str]:
    """What a form held, as it was typed."""
    return {name: sent.text(name).replace("\r\n", "\n") for name in FIELDS}


def card_of(fields: Mapping[str, str], owner: str, today: date) -> Card:
    """The card of a form; raises ConsoleProblemError that says what to mend, in Chinese."""
    if len(fields["key"]) > KEY_CHARACTERS:
        raise ConsoleProblemError("card_wrong", 422, parts=["key"])
    try:
        return Card.model_validate(
            {
                "key": fields["key"],
                "kind": fields["kind"],
                "title": fields["title"],
                "audience": tuple(fields["audience"].split()) or ("everyone",),
                "regions": tuple(fields["regions"].split()),
                "months": tuple(int(m) for m in fields["months"].split()),
                "asks": _lines(fields["asks"]),
                "not_asks": tuple(map(_not_ask, _lines(fields["not_asks"]))),
                "answer": fields["answer"],
                "steps": _lines(fields["steps"]),
                "never": _lines(fields["never"]),
                "seek_help": fields["seek_help"],
                "claim": fields["claim"],
                "verdict": fields["verdict"] or None,
                "red_flags": _lines(fields["red_flags"]),
                "related": tuple(fields["related"].split()),
                "sources": tuple(map(_source, _lines(fields["sources"]))),
                "unverified": _lines(fields["unverified"]),
                "valid_from": fields["valid_from"] or None,
                "valid_until": fields["valid_until"] or None,
                "reviewed": today,
                "review_due": fields["review_due"] or today + timedelta(days=DRAFT_DAYS),
                "owner": owner,
                "details": fields["details"],
            }
        )
    except ValidationError as error:
        names = sorted({str(e["loc"][0]) if e["loc"] else "card" for e in error.errors()})
        raise ConsoleProblemError("card_wrong", 422, parts=names) from error
    except ValueError as error:
        raise ConsoleProblemError("card_wrong", 422, parts=["months"]) from error


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _not_ask(line: str) -> NotAsk:
    ask, _, card = line.replace("|", "｜").partition("｜")
    return NotAsk(ask=ask.strip(), card=card.strip() or None)


def _source(line: str) -> Source:
    parts = [*_BAR.split(line), *[""] * _PARTS][:_PARTS]
    issuer, title, edition, url, seen, supports = parts
    return Source(
        issuer=issuer,
        title=title,
        edition=edition,
        url=url,
        evidence=_SEEN.get(seen, Evidence.UNSEEN),
        supports=tuple(item for item in _ITEM.split(supports) if item),
    )
