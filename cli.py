"""The command line: parses arguments, calls the engine, prints. The only file that prints or exits."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from engine.solve.single import Solution
if TYPE_CHECKING or not __package__:
    from engine import document, errors, evaluate, plan, presets, source
    from engine.errors import CommandError, GaugeError, Place, Problem, Text
else:
    from .engine import document, errors, evaluate, plan, presets, source
    from .engine.errors import CommandError, GaugeError, Place, Problem, Text

HERE = os.path.dirname(os.path.abspath(__file__))


class Question(NamedTuple):
    """The rules of a command with the inputs given."""

    plan: plan.Plan
    given: dict[str, evaluate.Given]
    node: source.Node | None
    text: Text | None
    settings: list[tuple[str, source.Scalar | source.Sequence]]
    folder: str


class _Parser(argparse.ArgumentParser):
    """Says what is wrong the way the rest of the program does, and knows its options."""

    known: set[str]

    def add_argument(self, *names: str, **settings: Any) -> argparse.Action:
        """Add an argument and remember its name."""
        self.__dict__.setdefault("known", set()).update(names)
        return super().add_argument(*names, **settings)

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing and leaving."""
        usage = self.format_usage().strip()
        raise CommandError(Problem(message, None, f"{usage}\n        more: {self.prog} --help"))


class _Command(NamedTuple):
    """A command: what it answers, its words, how many are needed, its own options, and what runs it."""

    about: str
    words: str
    least: int
    options: Callable[[_Parser], None]
    run: Callable[[argparse.Namespace], int]
    inputs: bool = True


def _program() -> str:
    return "compute-gauge" if __package__ else "cli.py"


def _usage() -> str:
    width = max(len(word) for word in _COMMANDS)
    listed = "\n".join(f"  {word:{width}}  {command.about}" for word, command in _COMMANDS.items())
    return (
        f"usage: {_program()} COMMAND …\n\nHow much memory it takes, why, and how far one can go.\n\n{listed}\n\n"
        f"`{_program()} COMMAND --help` says more, such as `{_program()} eval --help`.\n"
    )


def _parser(word: str) -> _Parser:
    """The parser of one command."""
    command = _COMMANDS[word]
    made = _Parser(
        prog=f"{_program()} {word}",
        description=command.about,
        usage=f"{_program()} {word} {command.words} [options]",
        epilog="--KIND NAME names a preset of any kind the rules have, such as --model or --device." if command.inputs else "",
        allow_abbrev=False,
    )
    made.add_argument("words", nargs="*", metavar="ARGUMENT", help=command.words)
    made.add_argument("--quiet", action="store_true", help="only the answer, without where it comes from")
    made.add_argument("--large", action="store_true", help="read files over 1 MB and 10,000 rules, which you trust")
    if command.inputs:
        made.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings", help="wins over files; repeatable")
    command.options(made)
    return made


def _formats(made: _Parser, *names: str) -> None:
    made.add_argument("--format", choices=names, default=names[0], help="how to print (default: %(default)s)")


def _eval_options(made: _Parser) -> None:
    made.add_argument("--only", metavar="A,B", default="", help="only these rules")
    made.add_argument("--check", action="store_true", help="exit with 1 when it does not fit")
    _formats(made, "table", "json", "csv", "markdown")


def _solve_options(made: _Parser) -> None:
    made.add_argument(
        "--for", dest="unknown", required=True, metavar="NAME", help="an input, a preset kind, or two inputs joined by a comma"
    )
    made.add_argument("--target", metavar="RULE", default="", help="default: the total of the report")
    made.add_argument("--at-most", "--budget", metavar="VALUE", help="a number or a name; default: the budget of the report")
    made.add_argument("--at-least", metavar="VALUE", help="a number or a name")
    made.add_argument("--equals", metavar="VALUE", help="a number or a name")
    _formats(made, "table", "json", "csv", "markdown")


def _advise_options(made: _Parser) -> None:
    _formats(made, "table", "json", "csv", "markdown")


def _formula_options(made: _Parser) -> None:
    made.add_argument("--expand", action="store_true", help="a closed form in the inputs")
    made.add_argument("--with", dest="inputs", metavar="INPUTS", help="put in these inputs")
    made.add_argument("--keep", metavar="A,B", default="", help="the inputs that stay as names")
    made.add_argument("--for", dest="unknown", metavar="NAME", default="", help="solve for this input")
    _formats(made, "text", "latex", "mathml", "python")


def _explain_options(made: _Parser) -> None:
    made.add_argument("--depth", type=int, default=50, metavar="N", help="levels to show (default: all)")
    _formats(made, "table", "json", "csv", "markdown")


def _check_options(made: _Parser) -> None:
    made.add_argument(
        "--truth",
        nargs="?",
        const="",
        metavar="DIR",
        help=f"compare with the facts of a folder instead (default: {_FACTS} beside the rules)",
    )
    made.add_argument("--misses", type=int, metavar="N", help="how many misses of each file to name (default: 5)")
    _formats(made, "table", "json", "csv", "markdown")


def _list_options(made: _Parser) -> None:
    _formats(made, "table", "json", "csv", "markdown", "schema")


def _page_options(made: _Parser) -> None:
    made.add_argument("-o", dest="output", metavar="FILE", help="where to write it (default: standard output)")
    made.add_argument(
        "--all-presets", action="store_true", help="put in every preset, not only the featured ones, and the note of every rule"
    )


def _sweep_options(made: _Parser) -> None:
    made.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="NAME=VALUES",
        help="1..512, 1..512+8, 1Ki..1Mi*2 or a,b,c; repeatable, the last fastest",
    )
    made.add_argument("--where", metavar="CONDITION", default="", help="only rows for which it holds, such as 'fits'")
    made.add_argument(
        "--only", metavar="A,B", default="", help="these columns (default: total, parts and headroom of the report, and fits)"
    )
    made.add_argument("--shard", metavar="I/N", default="", help="one of N parts of the rows, such as 3/64")
    made.add_argument(
        "-o", dest="output", metavar="FILE", help="where to write: .csv, .jsonl or .parquet (default: CSV on standard output)"
    )


def _serve_options(made: _Parser) -> None:
    made.add_argument("--port", type=int, default=8000, metavar="N", help="0 for any (default: %(default)s, or the next that is free)")
    made.add_argument("--no-browser", action="store_true", help="do not open a browser")
    made.add_argument(
        "--all-presets", action="store_true", help="put in every preset, not only the featured ones, and the note of every rule"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 answered, 1 the answer is no, 2 something is wrong."""
    gc.set_threshold(200_000)  # a short run makes many small objects and few cycles: looking for those costs more than it frees
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        words = sys.argv[1:] if arguments is None else list(arguments)
        if not words or words[0] in {"-h", "--help"}:
            print(_usage(), end="", file=sys.stdout if words else sys.stderr)
            return 0 if words else 2
        if words[0] not in _COMMANDS:
            hint = errors.suggest(words[0], _COMMANDS) or "the commands are " + ", ".join(_COMMANDS)
            raise CommandError(Problem(f"there is no command `{errors.plain(words[0])}`", None, hint))
        parser = _parser(words[0])
        options, rest = parser.parse_known_args(words[1:])
        options.command = words[0]
        _sort_rest(options, words[1:], rest, parser.known)
        code = _COMMANDS[words[0]].run(options)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except GaugeError as error:
        print(errors.render_all(error.problems), file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        _discard_output()
        return 0
    except OSError as error:
        _discard_output()
        print(f"the answer cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    except RecursionError:
        print("the files are nested too deeply", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _discard_output() -> None:
    """What is still to be written goes nowhere, so that leaving the program does not try again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _sort_rest(options: argparse.Namespace, words: list[str], rest: list[str], known: set[str]) -> None:
    """What argparse did not know: words after options, and `--kind name` for the preset kinds of the rules.

    argparse takes the name of a kind for a word of the command, and gives no order: the command line is gone through again.
    """
    command = _COMMANDS[options.command]
    valued = known - _SWITCHES - {"words"}
    options.kinds, options.words = [], []
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            options.words += left
            break
        if word == "--truth":  # takes a value only where one follows that can be it
            options.truth = left.pop(0) if left and os.path.isdir(left[0]) else ""
        elif word in valued:
            del left[:1]
        elif not word.startswith("-") or word == "-":
            options.words.append(word)
        elif word in rest and word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            options.kinds.append((name.replace("-", "_"), value if equals else left.pop(0) if left else ""))
        elif word in rest:
            raise CommandError(Problem(f"unknown option `{errors.plain(word)}`", None, f"see `{options.command} --help`"))
    if not options.words and getattr(options, "truth", None) is not None:
        options.words = [_ENTRY]
    if len(options.words) < command.least:
        hint = f"such as `{options.command} {_ENTRY}{' inputs.yaml' if command.inputs else ''}`"
        raise CommandError(Problem(f"`{options.command}` needs {command.words}", None, hint))
    if options.kinds and not command.inputs:
        raise CommandError(Problem(f"unknown option `--{errors.plain(options.kinds[0][0])}`", None, f"see `{options.command} --help`"))


_SWITCHES = frozenset({"--check", "--quiet", "--large", "--expand", "--all-presets", "--no-browser", "-h", "--help"})
"""Options without a value."""
_ENTRY = "rules/transformer.yaml"
"""The rules file that hints name, and whose facts are meant where none is named."""
_FACTS = "tests/truth"
"""Where facts are, beside a rules file or the folder it is in."""


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


def _load(word: str, options: argparse.Namespace) -> plan.Plan:
    return plan.Plan(document.load(_rules_path(word), large=options.large))


def _scalar(text: str, name: str) -> source.Scalar:
    return source.Scalar(text, True, Place(Text(name, text), 1, 1, max(1, len(text))))


def _settings(made: plan.Plan, options: argparse.Namespace) -> list[tuple[str, source.Scalar | source.Sequence]]:
    found: list[tuple[str, source.Scalar | source.Sequence]] = []
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
        node: source.Scalar | source.Sequence = _scalar(value.strip(), f"--set {errors.plain(name, 40)}")
        if value.strip().startswith("["):
            parsed = source.parse(Text(f"--set {errors.plain(name, 40)}", value.strip()))
            node = parsed if isinstance(parsed, source.Sequence) else node
        found.append((name.strip(), node))
    return found


def _question(made: plan.Plan, inputs: str | None, options: argparse.Namespace) -> Question:
    text = node = None
    folder = ""
    if inputs == "-":
        if sys.stdin is None:
            raise CommandError(Problem("there is no standard input to read the inputs from", None, "give the path of a file"))
        text = source.decode(
            sys.stdin.buffer.read() if options.large else sys.stdin.buffer.read(source.LARGEST + 1), "standard input", large=options.large
        )
    elif inputs:
        text = source.read_text(inputs, large=options.large)
        folder = os.path.dirname(inputs)
    if text is not None:
        node = source.parse(text)
    settings = _settings(made, options)
    given = presets.read_inputs(made, node, text, settings, folder)
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
                f"`{errors.plain(extra)}` is one argument too many", None, f"`{options.command}` takes {_COMMANDS[options.command].words}"
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
    made = plan.Plan(document.load(path, large=options.large))
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
        found = os.path.join(folder, _FACTS)
        if os.path.isdir(found):
            return found
    raise CommandError(Problem(f"there is no {_FACTS} beside {errors.plain(path, 300)}", None, "name a folder of facts: --truth DIR"))


def _solve(options: argparse.Namespace) -> int:
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
    asked = [(sense, text) for sense in ("at_most", "at_least", "equals") if (text := getattr(options, sense)) is not None]
    if len(asked) > 1:
        raise CommandError(Problem("only one of --at-most, --at-least and --equals can be met"))
    sense, wanted = asked[0] if asked else ("at_most", None)
    try:
        found = answers.answer(made, question.given, options.unknown, options.target, sense, wanted)
    except errors.NoAnswer as error:
        if options.format == "json":
            print(encode.to_json(answers.refused(made, question.given, options.unknown, options.target, sense, wanted, error)), end="")
        raise
    if isinstance(found, Solution):
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
    if options.output is None:
        print(text, end="")
        return 0
    try:
        with open(options.output, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise CommandError(Problem(f"`{errors.plain(options.output, 200)}` cannot be written: {error.strerror}")) from None
    if not options.quiet:
        print(f"{errors.plain(options.output, 200)}: {len(text):,} bytes; open it in any browser", file=sys.stderr)
    return 0


def _sweep(options: argparse.Namespace) -> int:
    try:
        if TYPE_CHECKING or not __package__:
            from engine.sweep import grid, run, table
        else:
            from .engine.sweep import grid, run, table
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        raise CommandError(Problem("`sweep` needs numpy", None, "pip install 'compute-gauge[sweep]'")) from None
    kind = os.path.splitext(options.output)[1][1:].lower() if options.output else "csv"
    if kind not in table.FORMATS:
        message = f"`{errors.plain(options.output, 200)}` does not end in .csv, .jsonl or .parquet"
        raise CommandError(Problem(message, None, "the ending says what is written"))
    made, own = grid.extended(document.load(_rules_path(options.words[0]), large=options.large), options.where)
    asked = _question(made, _optional(options, 1), options)

    def read(rules: plan.Plan, more: Sequence[tuple[str, source.Scalar]]) -> dict[str, evaluate.Given]:
        return presets.read_inputs(rules, asked.node, asked.text, [*asked.settings, *more], asked.folder)

    only = _names(made, options.only)
    found = grid.Grid(made, read, options.vary, only, own_fits=own, shard=options.shard)
    if options.output is None:
        done = _swept(run, table, found, kind, sys.stdout, options)
    else:
        try:
            with open(options.output, "wb") if kind == "parquet" else open(options.output, "w", encoding="utf-8", newline="\n") as file:
                done = _swept(run, table, found, kind, file, options)
        except OSError as error:
            raise CommandError(Problem(f"`{errors.plain(options.output, 200)}` cannot be written: {error.strerror}")) from None
    total = found.span[1] - found.span[0]
    if not options.quiet:
        for line in run.notes(found, done):
            print(f"warning: {line}", file=sys.stderr)
        if options.output and done.whole:
            print(f"{errors.plain(options.output, 200)}: {done.written:,} of {total:,} rows", file=sys.stderr)
    if not done.whole:
        where = f" in {errors.plain(options.output, 200)}" if options.output else ""
        print(f"stopped after {done.seen:,} of {total:,} rows; the {done.written:,} written{where} are whole", file=sys.stderr)
        return 130
    return 0


def _swept(run: ModuleType, table: ModuleType, found: Any, kind: str, file: Any, options: argparse.Namespace) -> Any:
    """Run a sweep with a bar on a terminal. Ctrl-C ends it after the block it is at; a second one at once."""
    import contextlib
    import signal

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


_COMMANDS = {
    "eval": _Command("every part, the total, what is left of the budget", "RULES [INPUTS]", 1, _eval_options, _eval),
    "solve": _Command("the best value of an unknown: how far one can go", "RULES [INPUTS]", 1, _solve_options, _solve),
    "advise": _Command("what would make it fit: each lever, and the smallest set of them", "RULES [INPUTS]", 1, _advise_options, _advise),
    "formula": _Command("rules as formulas", "RULES [NAME ...]", 1, _formula_options, _formula),
    "explain": _Command("how a value comes about, down to the inputs", "RULES [INPUTS] NAME", 2, _explain_options, _explain),
    "check": _Command(
        "all that can be checked without inputs, or with --truth how near facts are met",
        "RULES ...",
        1,
        _check_options,
        _check,
        inputs=False,
    ),
    "sweep": _Command("many configurations at once, as a table", "RULES [INPUTS]", 1, _sweep_options, _sweep),
    "page": _Command("one HTML file that answers in any browser", "RULES", 1, _page_options, _page, inputs=False),
    "serve": _Command("the same page on this machine, in the browser", "RULES", 1, _serve_options, _serve, inputs=False),
    "list": _Command("inputs with bounds and defaults; presets of a kind", "RULES [KIND]", 1, _list_options, _list, inputs=False),
}

if __name__ == "__main__":
    sys.exit(main())
