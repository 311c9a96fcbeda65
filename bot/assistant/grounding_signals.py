"""How far a passage bears out a sentence, in numbers between 0 and 1; no model is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from bot.assistant.grounding_text import Piece, Text, content_of
from bot.assistant.quantities import Quantity
from retrieval.text import words

SIGNALS = (
    "characters",
    "bigrams",
    "near",
    "nearest_least",
    "one_clause",
    "one_clause_least",
    "new_words",
    "denial",
    "denied_share",
    "denied_any",
    "permits",
    "together",
    "order",
    "crossed",
    "apart",
    "beside_number",
    "left_of_number",
    "verbatim",
    "length",
)
_MET = 0.55  # share from which a clause counts as met somewhere
_CONDITION = re.compile(r"(?:的|了|时|时候|后|以后|的话)$|^(?:要是|如果|万一|有人)")
_BETTER = 0.15  # by which another number must fit better before a number is misplaced
_LONG = 40  # characters from which a sentence says no more by being longer
_ALIKE = 0.3  # share of pairs from which two clauses may speak of the same
_LEAST = 2  # characters of content below which a clause is too short to be placed
_LEFT = 3  # characters of content that are looked at left of a number


def signals(sentence: Text, passage: Text) -> Mapping[str, float]:
    """SIGNALS of one sentence beside one passage, each 0..1."""
    pieces = [piece for piece in sentence.pieces if piece.content]
    near = [_nearness(piece, passage) for piece in pieces]
    alone = [_in_one_clause(piece, passage) for piece in pieces]
    total = sum(len(piece.content) for piece in pieces) or 1
    denial, denied_share, denied_any = _denial(sentence, passage)
    crossed, apart = _condition(sentence, passage)
    return {
        "characters": share(sentence.content, passage.content),
        "bigrams": share(sentence.pairs, passage.pairs),
        "near": sum(n * len(p.content) for n, p in zip(near, pieces, strict=True)) / total,
        "nearest_least": min(near, default=0.0),
        "one_clause": sum(n * len(p.content) for n, p in zip(alone, pieces, strict=True)) / total,
        "one_clause_least": min(alone, default=0.0),
        "new_words": _new_words(sentence, passage),
        "denial": denial,
        "denied_share": denied_share,
        "denied_any": denied_any,
        "permits": _permits(sentence, passage),
        "together": _together(sentence, passage),
        "order": _order(sentence, passage),
        "crossed": crossed,
        "apart": apart,
        "beside_number": _least(sentence, passage, _beside),
        "left_of_number": _least(sentence, passage, _left),
        "verbatim": float(sentence.whole.strip("。!?;,") in passage.whole),
        # The same share of more words is more evidence.
        "length": min(1.0, len(sentence.whole) / _LONG),
    }


def missing_quantities(sentence: Text, passages: Sequence[Text]) -> list[Quantity]:
    """Quantities that no cited passage has: nothing may be said that holds one."""
    known = [q for passage in passages for q in passage.quantities]
    return [q for q in sentence.quantities if not any(q.same(k) for k in known)]


def share(part: frozenset[str], whole: frozenset[str]) -> float:
    """How much of a part the whole has; 1 for nothing."""
    return len(part & whole) / len(part) if part else 1.0


def _nearness(piece: Piece, passage: Text) -> float:
    """How much of a clause stands close together: in two neighbouring clauses of the passage."""
    best = 0.0
    for sentence in passage.sentences[1:] or passage.sentences:
        for i, first in enumerate(sentence):
            second = sentence[i + 1] if i + 1 < len(sentence) else first
            content = first.content | second.content | passage.title
            pairs = first.pairs | second.pairs
            found = 0.6 * share(piece.content, content) + 0.4 * share(piece.pairs, pairs)
            best = max(best, found)
    return best


def _in_one_clause(piece: Piece, passage: Text) -> float:
    """How much of a clause stands in one clause: what a neighbour lent it does not."""
    return max(
        (share(piece.content, p.content) for p in passage.told or passage.pieces), default=0.0
    )


def _new_words(sentence: Text, passage: Text) -> float:
    """The share of the sentence's words of which the passage has not one character."""
    said = [w for w in dict.fromkeys(words(sentence.whole)) if content_of(w)]
    new = [w for w in said if not content_of(w) & passage.content]
    return len(new) / len(said) if said else 0.0


def _permits(sentence: Text, passage: Text) -> float:
    """1 when a clause permits what no clause that is like it permits."""
    for piece in sentence.pieces:
        if piece.permits and not any(
            candidate.permits and share(piece.pairs, candidate.pairs) > _ALIKE
            for candidate in passage.told
        ):
            return 1.0
    return 0.0


def _together(sentence: Text, passage: Text) -> float:
    """How much of the whole sentence stands in one sentence of the passage."""
    return max(
        (
            share(sentence.content, frozenset().union(*(p.content for p in s)) | passage.title)
            for s in passage.sentences[1:] or passage.sentences
        ),
        default=0.0,
    )


def _denial(sentence: Text, passage: Text) -> tuple[float, float, float]:
    """Pairs said the other way round: the worst clause's share, and the whole sentence's.

    A pair of characters conflicts when the passage has it only denied and the sentence asserts it,
    or the reverse: 长期吃 beside 不要长期吃.
    """
    worst = 0.0
    conflicts = shared = 0
    for piece in sentence.pieces:
        asserted = piece.pairs - piece.denied
        known = (asserted & passage.pairs) | (piece.denied & passage.pairs)
        wrong = (asserted & (passage.denied - passage.asserted)) | (
            piece.denied & (passage.asserted - passage.denied)
        )
        conflicts, shared = conflicts + len(wrong), shared + len(known)
        if known:
            worst = max(worst, len(wrong) / len(known))
    return worst, conflicts / shared if shared else 0.0, min(conflicts, 2) / 2


def _order(sentence: Text, passage: Text) -> float:
    """1 when the sentence says first what the passage says then, or the reverse."""
    late = sentence.firsts & (passage.thens - passage.firsts)
    early = sentence.thens & (passage.firsts - passage.thens)
    return float(bool(late or early))


def _condition(sentence: Text, passage: Text) -> tuple[float, float]:
    """Whether a condition and what follows from it stand the other way round, or apart.

    先 and 再 have their own signal, and steps of a list may come in any order: only a clause that
    is a condition (临时看病的,…) is held to what the passage says after it.
    """
    crossed = apart = 0.0
    for first, then in zip(sentence.pieces, sentence.pieces[1:], strict=False):
        if not _CONDITION.search(first.text) or min(len(then.content), len(first.content)) < _LEAST:
            continue
        places = _places(first, passage), _places(then, passage)
        if not all(places):
            continue
        together = places[0].keys() & places[1].keys()
        if not together:
            apart = 1.0
        elif all(min(places[0][s]) > max(places[1][s]) for s in together):
            crossed = 1.0
    return crossed, apart


def _places(piece: Piece, passage: Text) -> dict[int, list[int]]:
    """Where a clause is met best, if at all: clauses by sentence of the passage."""
    found = {
        (i, j): 0.5 * share(piece.content, p.content) + 0.5 * share(piece.pairs, p.pairs)
        for i, clauses in enumerate(passage.sentences)
        if i
        for j, p in enumerate(clauses)
    }
    best = max(found.values(), default=0.0)
    places: dict[int, list[int]] = {}
    if best >= _MET:
        for (i, j), value in found.items():
            if value >= best - 0.01:
                places.setdefault(i, []).append(j)
    return places


def _least(
    sentence: Text,
    passage: Text,
    compare: Callable[[Piece, Quantity, Sequence[Piece], int, Text], float],
) -> float:
    """Over every quantity of the sentence: its best likeness to one in the passage; the least."""
    least = 1.0
    for piece in sentence.pieces:
        for quantity in piece.quantities:
            found = [
                compare(piece, quantity, clauses, place, passage)
                for clauses in passage.sentences
                for place, candidate in enumerate(clauses)
                if any(quantity.same(q) for q in candidate.quantities)
            ]
            least = min(least, max(found, default=0.0))
    return least


def _beside(
    piece: Piece, _quantity: Quantity, clauses: Sequence[Piece], place: int, passage: Text
) -> float:
    """How much of the number's clause stands with it, or in a next clause without a number."""
    content = clauses[place].content | passage.title
    # Another number's clause is another matter: 社保打12333,医保打12393.
    for beside in (place - 1, place + 1):
        if 0 <= beside < len(clauses) and not clauses[beside].quantities:
            content |= clauses[beside].content
    return share(piece.content, content)


def _left(
    piece: Piece, quantity: Quantity, clauses: Sequence[Piece], place: int, passage: Text
) -> float:
    """Whether the characters just left of the number are the same on both sides."""
    said = piece.left_of(quantity, _LEFT)
    known = clauses[place].left_of(quantity, _LEFT)
    if not said or not known:
        return 1.0
    return float(bool(frozenset(said) & (frozenset(known) | passage.title)))


def misplaced_quantity(sentence: Text, passage: Text) -> bool:
    """Whether a number of the sentence belongs, in the passage, to other words than it has here.

    插秧隔20天 where the passage has 插秧隔15天,直播隔20天: another number of the same unit stands
    beside the clause's words better than its own does; or two numbers of a clause never stand
    together.
    """
    for place, piece in enumerate(sentence.pieces):
        about = _beside_numbers(sentence.pieces, place)
        if any(_fits_worse(quantity, about, passage) for quantity in piece.quantities):
            return True
        if len(piece.quantities) > 1 and not _stand_together(piece, passage):
            return sum(len(p.quantities) for p in passage.pieces) > len(piece.quantities)
    return False


def _beside_numbers(clauses: Sequence[Piece], place: int) -> frozenset[str]:
    """The content of a clause and of the one before it, when that has no number of its own."""
    lent = place and not clauses[place - 1].quantities
    return clauses[place].content | (clauses[place - 1].content if lent else frozenset())


def _fits_worse(quantity: Quantity, about: frozenset[str], passage: Text) -> bool:
    own = other = 0.0
    for clauses in passage.sentences:
        for place, candidate in enumerate(clauses):
            found = share(about, _beside_numbers(clauses, place))
            if any(quantity.same(q) for q in candidate.quantities):
                own = max(own, found)
            elif any(q.unit == quantity.unit for q in candidate.quantities):
                other = max(other, found)
    return other > own + _BETTER


def _stand_together(piece: Piece, passage: Text) -> bool:
    return any(
        all(any(q.same(k) for k in candidate.quantities) for q in piece.quantities)
        for candidate in passage.pieces
    )
