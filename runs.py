"""What each command does: loads, asks the engine, prints the answer. Data goes to standard output, all else to standard error."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.solve.single import Solution
if TYPE_CHECKING or not __package__:
    from commands import COMMANDS, FACTS
    from engine import errors, evaluate, nodes, plan, presets, recall
    from engine.errors import CommandError, Place, Problem, Text
    from engine.named import NamedTuple
else:
    from .commands import COMMANDS, FACTS
    from .engine import errors, evaluate, nodes, plan, presets, recall
    from .engine.errors import CommandError, Place, Problem, Text
    from .engine.named import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))


class Question(NamedTuple):
    """The rules of a command with the inputs given."""

    plan: plan.Plan
    given: dict[str, evaluate.Given]
    node: nodes.Node | None
    text: Text | None
    settings: list[tuple[str, nodes.Scalar | nodes.Sequence]]
    folder: str


def _rules_path(word: str) -> str:
    """A rules file: from the working folder first, else one that is shipped."""
    if not word:
        raise CommandError(Problem("the path of the rules file is empty", None, "such as rules/transformer.yaml"))
    if os.path.exists(word):
        return word
    for folder in (HERE, os.path.join(HERE, "rules")):
        for ending in ("", ".yaml"):
            path = os.path.join(folder, word + ending)
            if not os.path.isabs(word) and os.path.isfile(path):
                return path
    return word


def _recall(options: argparse.Namespace) -> recall.Recall:
    """What was kept of earlier runs, opened once."""
    if not hasattr(options, "recall"):
        options.recall = recall.Recall(kept=not options.no_cache)
    found: recall.Recall = options.recall
    return found


def _load(word: str, options: argparse.Namespace) -> plan.Plan:
    return _recall(options).plan(_rules_path(word), large=options.large)


def _scalar(text: str, name: str) -> nodes.Scalar:
    return nodes.Scalar(text, True, Place(Text(name, text), 1, 1, max(1, len(text))))


def _settings(made: plan.Plan, options: argparse.Namespace) -> list[tuple[str, nodes.Scalar | nodes.Sequence]]:
    found: list[tuple[str, nodes.Scalar | nodes.Sequence]] = []
    for name, value in options.kinds:
        if name not in made.document.presets:
            known = [f"--{kind}" for kind in made.document.presets] + ["--set", "--format"]
            raise CommandError(
                Problem(f"unknown option `--{errors.plain(name)}`", None, errors.suggest(f"--{name}", known) or "see --help")
            )
        if not value:
            raise CommandError(Problem(f"`--{name}` needs a value", None, f"such as --{name} NAME; `list` shows them"))
        found.append((name, _scalar(value, f"--{name}")))
    for setting in options.settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            what = "no value" if name else "no name"
            raise CommandError(Problem(f"`--set {errors.plain(setting)}` has {what}", None, "write --set name=value"))
        node: nodes.Scalar | nodes.Sequence = _scalar(value.strip(), f"--set {errors.plain(name, 40)}")
        if value.strip().startswith("["):
            parsed = presets.parse(Text(f"--set {errors.plain(name, 40)}", value.strip()))
            node = parsed if isinstance(parsed, nodes.Sequence) else node
        found.append((name.strip(), node))
    return found


def _question(made: plan.Plan, inputs: str | None, options: argparse.Namespace) -> Question:
    text = node = None
    sound = False
    folder = ""
    if inputs == "-":
        if sys.stdin is None:
            raise CommandError(Problem("there is no standard input to read the inputs from", None, "give the path of a file"))
        text = nodes.decode(
            sys.stdin.buffer.read() if options.large else sys.stdin.buffer.read(nodes.LARGEST + 1), "standard input", large=options.large
        )
        node = presets.parse(text)
    elif inputs:
        text, node, sound = _recall(options).inputs(inputs, large=options.large)
        folder = os.path.dirname(inputs)
    settings = _settings(made, options)
    given = presets.read_inputs(made, node, text, settings, folder, _recall(options).values, sound=sound)
    return Question(made, given, node, text, settings, folder)


def _names(made: plan.Plan, listed: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in listed.split(",") if name.strip())
    for name in names:
        if name not in made.slots:
            hint = errors.suggest(name, made.slots) or "`list RULES --format json` shows the names"
            raise CommandError(Problem(f"there is no rule or input `{errors.plain(name)}`", None, hint))
    return names


def _checked(values: evaluate.Values) -> None:
    _, wrong = evaluate.checked(values)
    if wrong:
        raise errors.InputError(*wrong)


def _eval(options: argparse.Namespace) -> int:
    if TYPE_CHECKING or not __package__:
        from engine import encode, report
    else:
        from .engine import encode, report
    made = _load(options.words[0], options)
    question = _question(made, _optional(options, 1), options)
    only = _names(made, options.only)
    shown = made.document.report
    values = evaluate.evaluate(made, question.given)
    _checked(values)
    if only or not shown.total:
        evaluate.require(values, only or made.document.rules)
    else:
        evaluate.require(values, [shown.total])
    found = report.answer(values, only, made.warnings + _problems(values))
    if options.format == "json":
        text = encode.to_json(report.as_object(found))
    elif options.format == "csv":
        text = report.csv_text(found)
    else:
        text = _tables().text(found, "github" if options.format == "markdown" else "plain", quiet=options.quiet)
    print(text, end="")
    return 1 if options.check and found.fits is False else 0


def _tables() -> ModuleType:
    """What makes tables, which only people read: a program that asks for JSON does not wait for it."""
    if TYPE_CHECKING or not __package__:
        from engine import tables
    else:
        from .engine import tables
    return tables


def _problems(values: evaluate.Values) -> tuple[Problem, ...]:
    """What went wrong in rules the answer does not need."""
    found: dict[Problem, None] = {}
    for name in values.names:
        for problem in getattr(values.state(name), "problems", ()):
            found[problem] = None
    return tuple(found)


def _optional(options: argparse.Namespace, position: int) -> str | None:
    if len(options.words) > position + 1:
        extra = options.words[position + 1]
        raise CommandError(
            Problem(
                f"`{errors.plain(extra)}` is one argument too many", None, f"`{options.command}` takes {COMMANDS[options.command].words}"
            )
        )
    return options.words[position] if len(options.words) > position else None


def _explain(options: argparse.Namespace) -> int:
    if TYPE_CHECKING or not __package__:
        from engine import derivation
    else:
        from .engine import derivation
    *files, name = options.words
    made = _load(files[0], options)
    (name,) = _names(made, name)
    question = _question(made, files[1] if len(files) > 1 else None, options)
    values = evaluate.evaluate(made, question.given)
    evaluate.require(values, [name])
    lines = derivation.derive(values, name, options.depth)
    if options.format == "json":
        print(derivation.json_text(lines))
    elif options.format == "table":
        print(derivation.draw(lines))
    else:
        print(_tables().grid(derivation.rows(lines), derivation.HEADERS, options.format), end="")
    return 0


def _check(options: argparse.Namespace) -> int:
    if TYPE_CHECKING or not __package__:
        from engine import check
    else:
        from .engine import check
    if options.truth is not None:
        return _truth(options)
    if options.format != "table":
        raise CommandError(Problem(f"`check` prints {options.format} only with --truth"))
    code = 0
    for word in options.words:
        path = _rules_path(word)
        found = check.check(path, large=options.large)
        if found.problems:
            print(errors.render_all(found.problems), file=sys.stderr)
            code = 2
        if not options.quiet:
            wrong = f"{len(found.problems)} problem{'s' if len(found.problems) != 1 else ''}" if found.problems else "all good"
            print(f"{errors.plain(word, 300)}: {found.summary()}: {wrong}")
    return code


def _truth(options: argparse.Namespace) -> int:
    if TYPE_CHECKING or not __package__:
        from engine import agreement, facts
    else:
        from .engine import agreement, facts
    _optional(options, 0)
    path = _rules_path(options.words[0])
    made = presets.plan_of(path, large=options.large)
    found = facts.compare(made, options.truth or _facts_of(path))
    if options.format == "json":
        text = agreement.json_text(found)
    elif options.format == "csv":
        text = agreement.csv_text(found)
    else:
        listed = agreement.LISTED if options.misses is None else options.misses
        text = agreement.text(found, "github" if options.format == "markdown" else "plain", listed, quiet=options.quiet)
    print(text, end="")
    return 0 if found.held else 1


def _facts_of(path: str) -> str:
    """The folder of facts beside a rules file, or beside the folder it is in."""
    inside = os.path.dirname(os.path.abspath(path))
    for folder in (inside, os.path.dirname(inside)):
        found = os.path.join(folder, FACTS)
        if os.path.isdir(found):
            return found
    raise CommandError(Problem(f"there is no {FACTS} beside {errors.plain(path, 300)}", None, "name a folder of facts: --truth DIR"))


def _bound(options: argparse.Namespace) -> tuple[str, str | None]:
    """What a target is held to: the sense, and the bound as it is written."""
    asked = [(sense, text) for sense in ("at_most", "at_least", "equals") if (text := getattr(options, sense)) is not None]
    if len(asked) > 1:
        raise CommandError(Problem("only one of --at-most, --at-least and --equals can be met"))
    return asked[0] if asked else ("at_most", None)


def _solve(options: argparse.Namespace) -> int:
    if options.vary:
        return _solve_table(options)
    if options.where or options.shard or options.output:
        raise CommandError(Problem("--where, --shard and -o are for a table of answers", None, "add --vary NAME=VALUES"))
    if TYPE_CHECKING or not __package__:
        from engine import encode
        from engine.solve import answers
        from engine.solve.single import Solution
    else:
        from .engine import encode
        from .engine.solve import answers
        from .engine.solve.single import Solution
    made = _load(options.words[0], options)
    question = _question(made, _optional(options, 1), options)
    sense, wanted = _bound(options)
    try:
        found = answers.answer(made, question.given, options.unknown, options.target, sense, wanted)
    except errors.NoAnswer as error:
        if options.format == "json":
            print(encode.to_json(answers.refused(made, question.given, options.unknown, options.target, sense, wanted, error)), end="")
        raise
    if isinstance(found, Solution) and (options.format == "json" or (options.format == "table" and not options.quiet)):
        found = _with_closed_form(made, question.given, found)
    if options.format == "json":
        text = encode.to_json(answers.as_object(found))
    elif options.format == "table":
        text = answers.describe(found)
        text = text.partition("\n")[0] + "\n" if options.quiet else text
    else:
        headers, rows = answers.rows(found)
        text = _tables().grid(rows, headers, options.format)
    print(text, end="")
    return 0


def _advise(options: argparse.Namespace) -> int:
    if TYPE_CHECKING or not __package__:
        from engine import advice, advise
    else:
        from .engine import advice, advise
    made = _load(options.words[0], options)
    found = advise.advise(made, _question(made, _optional(options, 1), options).given)
    print(advice.written(found, options.format, quiet=options.quiet), end="")
    return 0 if found.answered else 1


def _with_closed_form(made: plan.Plan, given: dict[str, evaluate.Given], found: Solution) -> Solution:
    """The solution with a formula for it, where there is one that gives the same value."""
    if TYPE_CHECKING or not __package__:
        from engine import formulas
    else:
        from .engine import formulas
    if found.side not in {"largest", "smallest"} or found.limit is None or found.goal.sense == "equals" or len(found.ranges) > 1:
        return found
    values = evaluate.evaluate(made, {name: value for name, value in given.items() if name != found.unknown})
    operator = "<=" if found.goal.sense == "at_most" else ">="
    closed = formulas.closed_form(values, found.unknown, found.goal.target, operator, found.limit)
    if closed is None or closed.value != found.value:
        return found
    import dataclasses

    return dataclasses.replace(found, closed_form=closed.text)


def _formula(options: argparse.Namespace) -> int:
    if TYPE_CHECKING or not __package__:
        from engine import formulas
    else:
        from .engine import formulas
    made = _load(options.words[0], options)
    names = _names(made, ",".join(options.words[1:]))
    given = _question(made, options.inputs, options).given
    keep = _names(made, options.keep)
    values = None
    if given or keep:
        free = {options.unknown, *keep}
        values = evaluate.evaluate(made, {name: value for name, value in given.items() if name not in free})
    if options.unknown:
        targets = names or (made.document.report.total,)
        _names(made, options.unknown)
        if len(targets) != 1 or not targets[0]:
            raise CommandError(Problem("`--for` solves one rule", None, "name it after the rules file"))
        print(formulas.solved(made, targets[0], options.unknown, options.format, values), end="")
    elif options.expand or values is not None:
        if not names:
            names = (made.document.report.total,) if made.document.report.total else tuple(made.document.rules)
        if values is not None and not keep:  # what has no value stays a name
            keep = tuple(name for name in made.document.inputs if not values.has(name) and made.shapes[name].kind == "number")
        print(formulas.expanded(made, names, options.format, values, None if values is None else keep), end="")
    else:
        print(formulas.as_written(made, names, options.format), end="")
    return 0


def _list(options: argparse.Namespace) -> int:
    if TYPE_CHECKING or not __package__:
        from engine import listing
    else:
        from .engine import listing
    made = _load(options.words[0], options)
    kind = _optional(options, 1)
    if options.format in {"json", "schema"}:
        print(listing.json_text(made, kind) if options.format == "json" else listing.schema_text(made), end="")
        return 0
    style = {"markdown": "github", "csv": "csv"}.get(options.format, "plain")
    print(listing.entries(listing.kind_of(made, kind), style) if kind else listing.inputs(made, style), end="")
    return 0


def _page_of(options: argparse.Namespace) -> str:
    if TYPE_CHECKING or not __package__:
        from engine.page import build
    else:
        from .engine.page import build
    _optional(options, 0)
    return build.page(_load(options.words[0], options), every_preset=options.all_presets, path=options.words[0])


def _page(options: argparse.Namespace) -> int:
    text = _page_of(options)
    _to_file(options.output, text)
    if options.output is not None and not options.quiet:
        print(f"{errors.plain(options.output, 200)}: {len(text):,} bytes; open it in any browser", file=sys.stderr)
    return 0


def _sweep(options: argparse.Namespace) -> int:
    if options.table and options.vary:
        raise CommandError(Problem("--vary makes rows of its own, and --table has its rows", None, "leave one of them out"))
    if options.columns and not options.table:
        raise CommandError(Problem("--columns says what the columns of a table are", None, "name the table with --table"))
    if options.engine == "numpy" and not options.table:
        return _sweep_here(options)
    return _sweep_there(options, "duckdb" if options.engine == "numpy" else options.engine)


def _sweep_there(options: argparse.Namespace, name: str) -> int:
    """A sweep by a database."""
    kind = _table_kind(options)
    try:
        if TYPE_CHECKING or not __package__:
            from engine.sql import engine as engines
            from engine.sql import sweep
        else:
            from .engine.sql import engine as engines
            from .engine.sql import sweep
    except ModuleNotFoundError as error:
        raise _lacking(error, f"`--engine {name}`") from None
    made, own, given = _extended(options)
    only = _names(made, options.only)
    engine = engines.engine(name)
    try:
        columns = tuple(part for text in options.columns for part in text.split(","))
        asked = sweep.Asked(made, given, own, only, kind, tuple(options.vary), options.shard, options.table, columns)
        found = sweep.Sweep(asked, engine)
        if options.output is None:
            for line in found.texts():
                print(line, end="")
            counts = found.counts()
        else:
            counts = found.write(options.output)
        if not options.quiet:
            for line in found.notes(counts):
                print(f"warning: {line}", file=sys.stderr)
            if options.output:
                print(f"{errors.plain(options.output, 200)}: {counts.wanted:,} of {counts.seen:,} rows", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped" + (f"; {errors.plain(options.output, 200)} was not written" if options.output else ""), file=sys.stderr)
        return 130
    finally:
        engine.close()
    return 0


def _lacking(error: ModuleNotFoundError, what: str) -> CommandError:
    """What to install for SQL."""
    if error.name != "sqlglot":
        raise error
    return CommandError(Problem(f"{what} needs sqlglot", None, "pip install sqlglot duckdb, or 'compute-gauge[sql]'"))


def _extended(options: argparse.Namespace, where: str | None = None) -> tuple[plan.Plan, bool, dict[str, evaluate.Given]]:
    """The rules of a command with `headroom`, `fits` and the condition on rows, and what is given."""
    if TYPE_CHECKING or not __package__:
        from engine import document, wanted
    else:
        from .engine import document, wanted
    made, own = wanted.extended(
        document.load(_rules_path(options.words[0]), large=options.large), options.where if where is None else where
    )
    return made, own, _question(made, _optional(options, 1), options).given


def _emit(options: argparse.Namespace) -> int:
    try:
        if TYPE_CHECKING or not __package__:
            from engine.sql import emit
        else:
            from .engine.sql import emit
    except ModuleNotFoundError as error:
        raise _lacking(error, "`emit --format sql`") from None
    made, own, given = _extended(options, where="")
    columns = [part for text in options.columns for part in text.split(",")]
    found = emit.emit(made, given, _names(made, options.only), options.table, columns, options.dialect, own_fits=own)
    _to_file(options.output, found.text)
    if not options.quiet:
        for line in found.said:
            print(f"warning: {line}", file=sys.stderr)
    return 0


def _to_file(path: str | None, text: str) -> None:
    """Write a text to a file, or to standard output where none is named."""
    if path is None:
        print(text, end="")
        return
    try:
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise CommandError(Problem(f"`{errors.plain(path, 200)}` cannot be written: {error.strerror}")) from None


def _sweep_here(options: argparse.Namespace) -> int:
    """A sweep by numpy, in this process."""
    _need_numpy("`sweep`")
    if TYPE_CHECKING or not __package__:
        from engine import document, wanted
        from engine.sweep import grid, run
    else:
        from .engine import document, wanted
        from .engine.sweep import grid, run
    kind = _table_kind(options)
    made, own = wanted.extended(document.load(_rules_path(options.words[0]), large=options.large), options.where)
    read = _reader(_question(made, _optional(options, 1), options))
    only = _names(made, options.only)
    found = grid.Grid(made, read, options.vary, only, own_fits=own, shard=options.shard)
    return _written(found, kind, lambda done: run.notes(found, done), options)


def _solve_table(options: argparse.Namespace) -> int:
    _need_numpy("`solve --vary`")
    if TYPE_CHECKING or not __package__:
        from engine import document, wanted
        from engine.solve.goal import goal
        from engine.sweep import answers
    else:
        from .engine import document, wanted
        from .engine.solve.goal import goal
        from .engine.sweep import answers
    if options.format != "table":
        raise CommandError(Problem("a table of answers has the format of its file", None, "such as -o answers.jsonl"))
    kind, own = _table_kind(options), False
    if options.where:
        made, own = wanted.extended(document.load(_rules_path(options.words[0]), large=options.large), options.where)
    else:
        made = _load(options.words[0], options)
    read = _reader(_question(made, _optional(options, 1), options))
    asked = goal(made, options.target, *_bound(options))
    found = answers.Answers(made, read, options.vary, options.unknown, asked, options.shard, own_fits=own)
    return _written(found, kind, lambda _: found.notes(), options)


def _need_numpy(what: str) -> None:
    try:
        if TYPE_CHECKING or not __package__:
            import engine.sweep.kernel  # noqa: F401 - whether it can be
        else:
            from .engine.sweep import kernel  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        raise CommandError(Problem(f"{what} needs numpy", None, "pip install numpy (tqdm for a bar, pyarrow for Parquet)")) from None


def _table_kind(options: argparse.Namespace) -> str:
    """How the rows are written."""
    kind = os.path.splitext(options.output)[1][1:].lower() if options.output else "csv"
    if kind not in {"csv", "jsonl", "parquet"}:
        message = f"`{errors.plain(options.output, 200)}` does not end in .csv, .jsonl or .parquet"
        raise CommandError(Problem(message, None, "the ending says what is written"))
    return kind


def _reader(asked: Question) -> Callable[[plan.Plan, Sequence[tuple[str, nodes.Scalar]]], dict[str, evaluate.Given]]:
    """What reads the inputs of a command with more settings."""
    return lambda rules, more: presets.read_inputs(rules, asked.node, asked.text, [*asked.settings, *more], asked.folder)


def _written(found: Any, kind: str, notes: Callable[[Any], list[str]], options: argparse.Namespace) -> int:
    """Compute rows and write them, and say what is to be known about them."""
    if options.output is None:
        done = _swept(found, kind, sys.stdout, options)
    else:
        try:
            with open(options.output, "wb") if kind == "parquet" else open(options.output, "w", encoding="utf-8", newline="\n") as file:
                done = _swept(found, kind, file, options)
        except OSError as error:
            raise CommandError(Problem(f"`{errors.plain(options.output, 200)}` cannot be written: {error.strerror}")) from None
    total = found.span[1] - found.span[0]
    if not options.quiet:
        for line in notes(done):
            print(f"warning: {line}", file=sys.stderr)
        if options.output and done.whole:
            print(f"{errors.plain(options.output, 200)}: {done.written:,} of {total:,} rows", file=sys.stderr)
    if not done.whole:
        where = f" in {errors.plain(options.output, 200)}" if options.output else ""
        print(f"stopped after {done.seen:,} of {total:,} rows; the {done.written:,} written{where} are whole", file=sys.stderr)
        return 130
    return 0


def _swept(found: Any, kind: str, file: Any, options: argparse.Namespace) -> Any:
    """Compute rows with a bar on a terminal. Ctrl-C ends it after the block it is at; a second one at once."""
    import contextlib
    import signal

    if TYPE_CHECKING or not __package__:
        from engine.sweep import run, table
    else:
        from .engine.sweep import run, table
    stopped: list[int] = []

    def stop(number: int, _: Any) -> None:
        stopped.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    bar = None
    if not options.quiet and sys.stderr.isatty():
        with contextlib.suppress(ModuleNotFoundError):
            from tqdm import tqdm

            bar = tqdm(total=found.span[1] - found.span[0], unit=" rows", unit_scale=True)

    def go_on(rows: int) -> bool:
        if bar is not None:
            bar.update(rows)
        return not stopped

    before = None
    with contextlib.suppress(ValueError):  # not in the main thread
        before = signal.signal(signal.SIGINT, stop)
    try:
        return run.run(found, table.table(found, kind, file), go_on)
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
        if bar is not None:
            bar.close()


def _serve(options: argparse.Namespace) -> int:
    if TYPE_CHECKING or not __package__:
        from engine.page import serve
    else:
        from .engine.page import serve
    if not 0 <= options.port < 65536:
        raise CommandError(Problem(f"a port is 0 to 65,535, not {options.port}"))
    with serve.listen(_page_of(options), options.port) as server:
        print(server.address, flush=True)
        if not options.quiet:
            print("Ctrl-C ends it", file=sys.stderr)
        if not options.no_browser:
            server.open_browser()
        server.serve_forever()
    return 0


RUNS = {
    "eval": _eval,
    "solve": _solve,
    "advise": _advise,
    "formula": _formula,
    "explain": _explain,
    "check": _check,
    "sweep": _sweep,
    "emit": _emit,
    "page": _page,
    "serve": _serve,
    "list": _list,
}
