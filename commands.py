"""The commands: their words and options, and what is printed when something is wrong. Nothing of the engine is loaded for `--help`."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING or not __package__:
    from engine import errors
    from engine.errors import CommandError, GaugeError, Problem
    from engine.named import NamedTuple
else:
    from .engine import errors
    from .engine.errors import CommandError, GaugeError, Problem
    from .engine.named import NamedTuple


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
    """A command: what it answers, its words, how many are needed, its own options, and whether it takes inputs.

    `runs.py` has what runs it.
    """

    about: str
    words: str
    least: int
    options: Callable[[_Parser], None]
    inputs: bool = True


def _program() -> str:
    return "compute-gauge" if __package__ else "cli.py"


def _usage() -> str:
    width = max(len(word) for word in COMMANDS)
    listed = "\n".join(f"  {word:{width}}  {command.about}" for word, command in COMMANDS.items())
    return (
        f"usage: {_program()} COMMAND …\n\nHow much memory it takes, why, and how far one can go.\n\n{listed}\n\n"
        f"`{_program()} COMMAND --help` says more, such as `{_program()} eval --help`.\n"
    )


def _parser(word: str) -> _Parser:
    """The parser of one command."""
    command = COMMANDS[word]
    made = _Parser(
        formatter_class=_early_formatter,
        prog=f"{_program()} {word}",
        description=command.about,
        usage=f"{_program()} {word} {command.words} [options]",
        epilog="--KIND NAME names a preset of any kind the rules have, such as --model or --device." if command.inputs else "",
        allow_abbrev=False,
    )
    made.add_argument("words", nargs="*", metavar="ARGUMENT", help=command.words)
    made.add_argument("--quiet", action="store_true", help="only the answer, without where it comes from")
    made.add_argument("--large", action="store_true", help="read files over 1 MB and 10,000 rules, which you trust")
    made.add_argument("--no-cache", action="store_true", help="make everything anew, and keep nothing for the next time")
    if command.inputs:
        made.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings", help="wins over files; repeatable")
    command.options(made)
    made.formatter_class = argparse.HelpFormatter
    return made


def _early_formatter(prog: str) -> argparse.HelpFormatter:
    """What checks an option when it is added: its width is never used, and asking for that of the terminal loads much."""
    return argparse.HelpFormatter(prog, width=100)


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
    _table_options(made, "an answer for each: 1..512, 1..512+8, 1Ki..1Mi*2 or a,b,c; repeatable, the last fastest")
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
        help=f"compare with the facts of a folder instead (default: {FACTS} beside the rules)",
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


def _table_options(made: _Parser, vary: str) -> None:
    made.add_argument("--vary", action="append", default=[], metavar="NAME=VALUES", help=vary)
    made.add_argument("--where", metavar="CONDITION", default="", help="only rows for which it holds, such as 'fits'")
    made.add_argument("--shard", metavar="I/N", default="", help="one of N parts of the rows, such as 3/64")
    made.add_argument(
        "-o", dest="output", metavar="FILE", help="where to write: .csv, .jsonl or .parquet (default: CSV on standard output)"
    )
    made.add_argument(
        "--engine", choices=("numpy", "duckdb", "spark"), default="numpy", help="what computes (default: %(default)s; duckdb for a --table)"
    )
    made.add_argument("--table", metavar="FILE", default="", help="instead of --vary: the rows of a .csv, .jsonl or .parquet file")
    _columns_option(made)


def _columns_option(made: _Parser) -> None:
    made.add_argument(
        "--columns",
        action="append",
        default=[],
        metavar="A,B=1..9",
        help="the columns of the table that stand for inputs or kinds of presets: NAME, NAME=1..4096, NAME=0..1+1/8, NAME=a|b, NAME:COLUMN",
    )


def _emit_options(made: _Parser) -> None:
    _formats(made, "sql")
    made.add_argument("--dialect", metavar="NAME", default="duckdb", help="of which database: any sqlglot knows (default: %(default)s)")
    made.add_argument("--table", metavar="NAME", default="inputs", help="the table of the rows (default: %(default)s)")
    _columns_option(made)
    made.add_argument("--only", metavar="A,B", default="", help="only these rules")
    made.add_argument("-o", dest="output", metavar="FILE", help="where to write it (default: standard output)")


def _sweep_options(made: _Parser) -> None:
    _table_options(made, "1..512, 1..512+8, 1Ki..1Mi*2 or a,b,c; repeatable, the last fastest")
    made.add_argument(
        "--only", metavar="A,B", default="", help="these columns (default: total, parts and headroom of the report, and fits)"
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
        if words[0] not in COMMANDS:
            hint = errors.suggest(words[0], COMMANDS) or "the commands are " + ", ".join(COMMANDS)
            raise CommandError(Problem(f"there is no command `{errors.plain(words[0])}`", None, hint))
        parser = _parser(words[0])
        options, rest = parser.parse_known_args(words[1:])
        options.command = words[0]
        _sort_rest(options, words[1:], rest, parser.known)
        code = _run(options)
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


def _run(options: argparse.Namespace) -> int:
    if TYPE_CHECKING or not __package__:
        from runs import RUNS
    else:
        from .runs import RUNS
    return RUNS[options.command](options)


def _discard_output() -> None:
    """What is still to be written goes nowhere, so that leaving the program does not try again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _sort_rest(options: argparse.Namespace, words: list[str], rest: list[str], known: set[str]) -> None:
    """What argparse did not know: words after options, and `--kind name` for the preset kinds of the rules.

    argparse takes the name of a kind for a word of the command, and gives no order: the command line is gone through again.
    """
    command = COMMANDS[options.command]
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
        options.words = [ENTRY]
    if len(options.words) < command.least:
        hint = f"such as `{options.command} {ENTRY}{' inputs.yaml' if command.inputs else ''}`"
        raise CommandError(Problem(f"`{options.command}` needs {command.words}", None, hint))
    if options.kinds and not command.inputs:
        raise CommandError(Problem(f"unknown option `--{errors.plain(options.kinds[0][0])}`", None, f"see `{options.command} --help`"))


_SWITCHES = frozenset({"--check", "--quiet", "--large", "--no-cache", "--expand", "--all-presets", "--no-browser", "-h", "--help"})
"""Options without a value."""
ENTRY = "rules/transformer.yaml"
"""The rules file that hints name, and whose facts are meant where none is named."""
FACTS = "tests/truth"
"""Where facts are, beside a rules file or the folder it is in."""


COMMANDS = {
    "eval": _Command("every part, the total, what is left of the budget", "RULES [INPUTS]", 1, _eval_options),
    "solve": _Command("the best value of an unknown: how far one can go", "RULES [INPUTS]", 1, _solve_options),
    "advise": _Command("what would make it fit: each lever, and the smallest set of them", "RULES [INPUTS]", 1, _advise_options),
    "formula": _Command("rules as formulas", "RULES [NAME ...]", 1, _formula_options),
    "explain": _Command("how a value comes about, down to the inputs", "RULES [INPUTS] NAME", 2, _explain_options),
    "check": _Command(
        "all that can be checked without inputs, or with --truth how near facts are met",
        "RULES ...",
        1,
        _check_options,
        inputs=False,
    ),
    "sweep": _Command("many configurations at once, as a table", "RULES [INPUTS]", 1, _sweep_options),
    "emit": _Command("the rules as one SQL query over a table, with a column a rule", "RULES [INPUTS]", 1, _emit_options),
    "page": _Command("one HTML file that answers in any browser", "RULES", 1, _page_options, inputs=False),
    "serve": _Command("the same page on this machine, in the browser", "RULES", 1, _serve_options, inputs=False),
    "list": _Command("inputs with bounds and defaults; presets of a kind", "RULES [KIND]", 1, _list_options, inputs=False),
}
