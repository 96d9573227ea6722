"""Where a target comes nearest to a bound that it never meets."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import count

from ..quantity import Number, magnitude
from .bisection import last_true
from .search import WORK, Question, at_most, middle, pieces_of
from .spans import End, Piece, Span, apart, far


@dataclass(frozen=True, slots=True)
class Nearest:
    """Where the target comes nearest to its bound when it never meets it. `sure` when it is proved."""

    x: Number
    gap: Number
    sure: bool


def nearest(question: Question, domain: Piece) -> Nearest | None:
    """Look for the value at which the bound is missed by the least."""
    best: Nearest | None = None
    order = count()
    question.limit = question.work + WORK // 2
    heap: list[tuple[End, int, Piece]] = [(0, next(order), piece) for piece in pieces_of(domain) if isinstance(piece, Piece)]
    sure = True
    while heap:
        at_least, _, piece = heapq.heappop(heap)
        if best and at_least >= magnitude(best.gap):
            break
        if question.work > question.limit:
            sure = False
            break
        places = [end for end in (piece.low, piece.high) if not far(end)]
        if places and len(places) < 2:
            places.append(places[0] + 2**64 if far(piece.high) else places[0] - 2**64)
        view = question.view(piece)
        if view.span is None:
            continue
        if piece.grid and not view.failing and (view.span.rises or view.span.falls):
            places += _beside(question, piece, view.span.rises)
            sure = sure and not (far(piece.low) or far(piece.high))
            done = True
        else:
            done = piece.point or (piece.grid and apart(piece.low, piece.high) <= 1)
        for x in places:
            gap = question.gap(x)  # type: ignore[arg-type]
            if gap is not None and (best is None or magnitude(gap) < magnitude(best.gap)):
                best = Nearest(x, gap, True)  # type: ignore[arg-type]
        if not done:
            at = middle(piece, view.splits)
            if at is None:
                sure = False
                continue
            halves = (Piece(piece.low, at, piece.grid), Piece(at + 1 if piece.grid else at, piece.high, piece.grid))
            least = _least(view.span)
            for half in halves:
                heapq.heappush(heap, (least, next(order), half))
    return Nearest(best.x, best.gap, sure and domain.grid) if best else None


def _beside(question: Question, piece: Piece, rises: bool) -> list[End]:
    """The two values beside the place where a number that goes one way passes its bound."""
    start, stop = (piece.low, piece.high) if rises else (piece.high, piece.low)
    end = last_true(lambda x: at_most(question, x), start, stop)
    if end is None or far(end) or end == stop:
        return []
    return [end, end + 1 if rises else end - 1]


def _least(span: Span) -> End:
    """The least distance from 0 in a span."""
    return span.low if span.low > 0 else -span.high if span.high < 0 else 0
