"""How near the rules come to facts, as text: a row for each kind of figure, and the misses by name."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .encode import to_json
from .errors import plain
from .facts import Agreement, Bar, Finding
from .quantity import Number, grouped
from .records import Value
from .report import csv_rows, digits
from .tables import table

LISTED = 5
"""Misses of each file that are named when nothing else is asked."""


def percent(error: Fraction | None) -> str:
    """A relative error for people."""
    if not error:
        return "-" if error is None else "0"
    size = float(error * 100)
    if size < 0.0001:
        return "< 0.0001 %"
    return f"{size:,.0f} %" if size >= 10 else f"{size:.2g} %"


def _shown(value: Value | Any) -> str:
    return grouped(value) if isinstance(value, int | Fraction) and not isinstance(value, bool) else digits(value)


def _expected(found: Finding) -> str:
    return " to ".join(_shown(end) for end in found.expected) or "-"


def _digits(found: Finding) -> str:
    return " to ".join(digits(end) for end in found.expected) or ("-" if found.problem is None else "")


def _asked(bar: Bar | None) -> str:
    if bar is None:
        return ""
    if bar.worst == 0:
        return "exact"
    limits = {"median": bar.median, "worst": bar.worst}
    return ", ".join(f"{name} ≤ {percent(Fraction(limit))}" for name, limit in limits.items() if limit is not None)


_HEADERS = ["facts", "group", "figure", "records", "exact", "median", "90 % within", "worst", "asked", "missed", "held"]


def text(found: Agreement, style: str, listed: int, *, quiet: bool = False) -> str:
    """The rows as a table (`plain` or `github`), then the misses by name, as many as asked."""
    rows = [
        [
            row.kind,
            plain(row.group),
            row.figure,
            grouped(len(row.findings)),
            grouped(sum(1 for error in row.errors if not error)),
            *map(percent, (row.median, row.ninetieth, row.worst)),
            _asked(row.bar),
            grouped(len(row.misses)),
            "yes" if row.held else "no",
        ]
        for row in found.rows
    ]
    keep = [column for column in range(len(_HEADERS)) if column not in {1, 8} or any(row[column] for row in rows)]
    numbers = frozenset(place for place, column in enumerate(keep) if column in {3, 4, 5, 6, 7, 9})
    blocks = [table([[row[column] for column in keep] for row in rows], [_HEADERS[column] for column in keep], style, numbers)]
    if not quiet:
        blocks += _missed(found, style, listed)
    return "\n\n".join(block for block in blocks if block) + "\n"


def _missed(found: Agreement, style: str, listed: int) -> list[str]:
    """The misses with both values, so many of each file, and those that could not be computed by what kept them from it."""
    misses = [each for each in found.misses if each.problem is None]
    shown: list[Finding] = []
    for kind in dict.fromkeys(each.kind for each in misses):
        shown += [each for each in misses if each.kind == kind][: max(0, listed)]
    rows = [[each.kind, plain(each.fact.id, 200), each.figure, _expected(each), _shown(each.found), percent(each.error)] for each in shown]
    blocks = [table(rows, ["facts", "missed", "figure", "expected", "rules give", "error"], style, frozenset({3, 4, 5}))]
    if len(misses) > len(rows):
        blocks.append(f"… and {grouped(len(misses) - len(rows))} more misses." if rows else f"{grouped(len(misses))} misses.")
    causes: dict[str, list[str]] = {}
    for each in found.misses:
        if each.problem is not None:
            causes.setdefault(each.problem.message, []).append(each.fact.id)
    told = sorted(causes.items(), key=lambda cause: -len(cause[1]))
    lines = [[grouped(len(ids)), plain(ids[0], 200), plain(message, 200)] for message, ids in told[: max(0, listed)]]
    blocks.append(table(lines, ["figures", "such as", "not computed because"], style, frozenset({0})))
    if len(told) > len(lines):
        blocks.append(f"… and {grouped(sum(len(ids) for _, ids in told[len(lines) :]))} more that could not be computed.")
    return blocks


def csv_text(found: Agreement) -> str:
    """Every figure of every fact as CSV."""
    missed = {id(each) for row in found.rows for each in row.misses}
    rows = [["facts", "group", "record", "figure", "expected", "found", "error", "held", "problem"]]
    for each in found.findings:
        known = each.problem is None
        error = f"{float(each.error):.6g}" if each.error is not None else ""
        groups = "; ".join(plain(group) for group in each.fact.groups)
        expected, state = _digits(each), digits(each.found) if known else ""
        held = "no" if id(each) in missed else "yes"
        problem = "" if each.problem is None else plain(each.problem.message, 300)
        rows.append([each.kind, groups, plain(each.fact.id, 200), each.figure, expected, state, error, held, problem])
    return csv_rows(rows)


def json_text(found: Agreement) -> str:
    """The rows and every miss as one JSON object."""
    rows = [
        {
            "facts": row.kind,
            "group": row.group,
            "figure": row.figure,
            "records": len(row.findings),
            "exact": sum(1 for error in row.errors if not error),
            "median": _float(row.median),
            "percentile_90": _float(row.ninetieth),
            "worst": _float(row.worst),
            "asked": {"median": _float(row.bar.median), "worst": _float(row.bar.worst)} if row.bar else None,
            "missed": len(row.misses),
            "held": row.held,
        }
        for row in found.rows
    ]
    misses = [
        {
            "facts": each.kind,
            "record": each.fact.id,
            "figure": each.figure,
            "expected": _digits(each),
            "found": digits(each.found) if each.problem is None else None,
            "error": _float(each.error),
            "problem": each.problem.message if each.problem else None,
        }
        for each in found.misses
    ]
    return to_json({"title": found.title, "held": found.held, "rows": rows, "misses": misses})


def _float(size: Number | None) -> float | None:
    return None if size is None else float(size)
