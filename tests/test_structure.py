"""What the code and the rules may look like: one direction of imports, no code from text, no domain in the engine, no bare rule."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from engine import source, units
from engine.check import check
from engine.document import load
from engine.graph import build
from engine.records import Rule

ROOT = Path(__file__).resolve().parent.parent

ORDER = """
    named errors quantity lookup nodes source schema misshapen tree misread patterns formula records values arithmetic document graph units
    plan quick store packed opened evaluate presets recall facts check encode breakdown derivation report tables listing agreement solve
    making bodies settle expand lowering wanted prepare symbolic asking sweep sql advise advice emit formulas page library
""".split()
"""The modules of the engine: each imports only from those before it. A folder is one entry, and its files may import each other.
A new module gets its place here."""

ONE_IMPORTER = {"sympy": "symbolic", "numpy": "sweep", "sqlglot": "sql", "duckdb": "sql", "pyspark": "sql"}
"""Libraries that only these modules import. Such a module is imported, in turn, by the function that needs it."""

HEAVY = {"sympy", "numpy", "sqlglot", "duckdb", "pyspark", "jsonschema", "tabulate"}
"""Libraries that are imported by the function that needs them, so that an answer or an error that can do without never pays for them."""

BUILT_IN = {"eval", "exec", "compile", "__import__", "breakpoint"}
IN_SYMPY = {"sympify", "lambdify", "parse_expr", "nsimplify", "S"}
"""Functions that turn text into code: of Python, and of sympy (`S("…")` calls eval)."""

LOADS_CODE = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "runpy", "code", "subprocess"}

MARSHAL = {"store"}
"""Who may import marshal all the same: it reads back only what this user wrote, after a checksum, and only plain data."""

DOMAIN = """
    attention transformer transformers optimizer optimizers optimiser gradient gradients precision batch batches layer layers
    gpu gpus cuda nvidia hugging huggingface neural network networks tensor tensors llm llms lora bfloat16 float16 inference
    training embedding embeddings activation activations checkpointing kv pytorch torch vram
""".split()
"""Words the engine must not know. It would serve a bridge or a budget as well."""

PROGRAM = [ROOT / "cli.py", ROOT / "commands.py", ROOT / "runs.py"]
MODULES = sorted((ROOT / "engine").rglob("*.py"))


def name_of(path: Path) -> str:
    """The entry of ORDER a file belongs to."""
    return path.relative_to(ROOT / "engine").with_suffix("").parts[0]


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), shown(path))


def imports(node: ast.AST, path: Path) -> list[tuple[str, int]]:
    """The modules an import statement reads, `.` for the engine itself, with its line."""
    if isinstance(node, ast.Import):
        return [(alias.name, node.lineno) for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    if not node.level:
        return [(node.module or "", node.lineno)]
    folder = path.relative_to(ROOT / "engine").parts[:-1] if ROOT / "engine" in path.parents else ()
    inside = folder[: len(folder) - (node.level - 1)]
    modules = [node.module.split(".")[0]] if node.module else [alias.name for alias in node.names]
    return [("." + (inside[0] if inside else module), node.lineno) for module in modules]


def all_imports(path: Path) -> list[tuple[str, int]]:
    return [found for node in ast.walk(tree(path)) for found in imports(node, path)]


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_imports_go_one_way(path: Path) -> None:
    here = name_of(path)
    if here == "__init__":
        assert not all_imports(path), "engine/__init__.py imports nothing: a command loads only what it needs"
        return
    assert here in ORDER, f"{shown(path)} is new: say in ORDER where it stands"
    for module, line in all_imports(path):
        assert not module.startswith(("engine", "cli", "compute_gauge")), (
            f"{shown(path)}:{line} imports the engine by name; it must be relative"
        )
        if module.startswith(".") and module[1:] != here:
            assert module[1:] in ORDER, f"{shown(path)}:{line} imports `{module}`, which is not in ORDER"
            assert ORDER.index(module[1:]) < ORDER.index(here), f"{shown(path)}:{line} imports `{module[1:]}`, which stands after it"


@pytest.mark.parametrize("path", [*MODULES, *PROGRAM], ids=shown)
def test_libraries(path: Path) -> None:
    for module, line in all_imports(path):
        library = module.split(".")[0]
        allowed = ONE_IMPORTER.get(library)
        here = name_of(path) if path not in PROGRAM else ""
        assert allowed is None or here == allowed, f"{shown(path)}:{line} imports {library}; only {allowed} does"
        assert library not in LOADS_CODE or (library == "marshal" and here in MARSHAL), f"{shown(path)}:{line} imports {library}"


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_named_tuples_are_quick_to_declare(path: Path) -> None:
    taken = [node for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom) and node.module == "typing"]
    wrong = [node.lineno for node in taken if any(alias.name == "NamedTuple" for alias in node.names)]
    assert not wrong or name_of(path) == "named", f"{shown(path)}:{wrong} takes NamedTuple from typing; engine/named.py has it"


def at_import(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements that run when a module is imported: not those in functions, and not those for type checkers only."""
    found: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)) or (
            isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"
        ):
            continue
        found.append(statement)
        for part in ("body", "orelse", "finalbody"):
            found += at_import(getattr(statement, part, []))
        for handler in getattr(statement, "handlers", []):
            found += at_import(handler.body)
    return found


@pytest.mark.parametrize("path", [*MODULES, *PROGRAM], ids=shown)
def test_heavy_imports_wait(path: Path) -> None:
    for statement in at_import(tree(path).body):
        for module, line in imports(statement, path):
            library = module.split(".")[0]
            here = name_of(path) if path not in PROGRAM else ""
            rooms = {f".{name}" for name in ONE_IMPORTER.values() if name != here}
            heavy = (library in HEAVY and ONE_IMPORTER.get(library) != here) or module in rooms
            assert not heavy, f"{shown(path)}:{line} imports {module} when it is loaded; do it in the function that needs it"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["eval", "rules/transformer.yaml", "inputs.yaml", "--format", "json"], 0),
        (["eval", "rules/transformer.yaml", "nowhere.yaml"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_quick_command_loads_nothing_heavy(arguments: list[str], code: int) -> None:
    program = (
        "import sys, commands as cli\n"
        "try: code = cli.main(sys.argv[1:])\n"
        "except SystemExit as end: code = end.code or 0\n"
        f"print(code, sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=60, check=True
    )
    assert done.stderr.splitlines()[-1] == f"{code} []", done.stderr


@pytest.mark.parametrize("path", [*MODULES, *PROGRAM], ids=shown)
def test_no_text_becomes_code(path: Path) -> None:
    for node in ast.walk(tree(path)):
        where = f"{shown(path)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call):
            assert not isinstance(node.func, ast.Name) or node.func.id not in BUILT_IN | IN_SYMPY, f"{where} calls {node.func.id}"
            assert not isinstance(node.func, ast.Attribute) or node.func.attr not in IN_SYMPY, f"{where} calls {node.func.attr}"
            if isinstance(node.func, ast.Attribute) and node.func.attr in {"subs", "xreplace"}:
                assert not any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in ast.walk(node)), (
                    f"{where} hands text to sympy"
                )
        if isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names} & IN_SYMPY
            assert not names, f"{where} imports {', '.join(sorted(names))}"


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_only_the_command_line_prints_or_exits(path: Path) -> None:
    for node in ast.walk(tree(path)):
        text = ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""
        assert text not in {
            "print",
            "input",
            "exit",
            "quit",
            "SystemExit",
            "sys.exit",
            "os._exit",
            "sys.stdout",
            "sys.stderr",
            "breakpoint",
        }, f"{shown(path)}:{getattr(node, 'lineno', 0)} uses {text}"


def texts_of_the_engine() -> list[Path]:
    return sorted(path for path in (ROOT / "engine").rglob("*") if path.is_file() and "__pycache__" not in path.parts)


FOREIGN = {
    "engine/sql/duck.py": ("disabled_optimizers",),
    "engine/sql/spark.py": ("spark.sql.optimizer.excludedRules", "catalyst.optimizer.CollapseProject"),
}
"""Settings of libraries that have such a word in their name, by the one file that names each. All else in the file is looked at."""


def own_text(path: Path, line: str) -> str:
    for setting in FOREIGN.get(shown(path), ()):
        line = line.replace(setting, "")
    return line


def domain_words(text: str) -> set[str]:
    """The words of DOMAIN in a text; `batchSize`, `batch_size` and `BATCH` all hold one."""
    words = re.findall(r"[A-Z]?[a-z]+(?:[0-9]+)?|[A-Z]+(?![a-z])", text) + re.findall(r"[A-Za-z]+[0-9]*", text)
    return {word.lower() for word in words} & set(DOMAIN)


@pytest.mark.parametrize("path", texts_of_the_engine(), ids=shown)
def test_the_engine_knows_no_domain(path: Path) -> None:
    found = {
        f"{shown(path)}:{number}: {word}"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for word in domain_words(own_text(path, line))
    }
    assert not found | domain_words(path.stem), f"{len(found)} domain words: {sorted(found)[:10]}"


def test_domain_words_are_found() -> None:
    assert domain_words("the batch_size") == {"batch"}
    assert domain_words("BatchSize, gpuCount") == {"batch", "gpu"}
    assert domain_words("NUM_LAYERS") == {"layers"}
    assert domain_words("to bfloat16") == {"bfloat16"}
    assert not domain_words("flayers, debatch, kvx")


# The rules


def mapping_of(path: Path) -> source.Mapping:
    node = source.parse(source.read_text(str(path)))
    assert isinstance(node, source.Mapping), shown(path)
    return node


def included_by(path: Path) -> set[Path]:
    listed = mapping_of(path).get("include")
    items = listed.items if isinstance(listed, source.Sequence) else (listed,)
    return {(path.parent / item.text).resolve() for item in items if isinstance(item, source.Scalar)}


def rules_files() -> list[Path]:
    """The files in the rules language: those that are not presets."""
    return [path for path in sorted((ROOT / "rules").rglob("*.yaml")) if not mapping_of(path).entries.keys() & {"config", "values"}]


@cache
def entry_files() -> list[Path]:
    """The files people name: at the top of rules/, with rules, and not a part of another."""
    included = {part for path in rules_files() for part in included_by(path)}
    tops = [path for path in rules_files() if path.parent == ROOT / "rules" and path.resolve() not in included]
    return [path for path in tops if mapping_of(path).entries.keys() & {"rules", "include"}]


def test_no_part_is_forgotten() -> None:
    """Every rules file is named by people, included, a translation (`reads`, or what is read `otherwise`), or a file of presets."""
    used = {path.resolve() for path in entry_files()} | {part for path in rules_files() for part in included_by(path)}
    kinds = [kind for path in entry_files() for kind in load(str(path)).presets.values() if kind.otherwise]
    used |= {Path(kind.otherwise).resolve() for kind in kinds}
    lost = [path for path in rules_files() if path.resolve() not in used and not mapping_of(path).entries.keys() & {"reads", "presets"}]
    assert not lost, "no rules file includes " + ", ".join(map(shown, lost))


@cache
def loaded() -> list[tuple[Rule, str]]:
    """Every rule of the entry files, with the kind of value it has."""
    found: dict[str, tuple[Rule, str]] = {}
    for path in entry_files():
        document = load(str(path), examples=True)
        shapes = units.infer(build(document)).of
        found |= {f"{rule.place}": (rule, shapes[rule.name].kind) for rule in document.rules.values()}
    return list(found.values())


def truths() -> str:
    """What the tests say about rules by name: a rule may be witnessed by a measured or published figure instead of an example."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "truth").glob("*.jsonl")))


def test_every_rule_is_explained() -> None:
    bare = []
    for rule, kind in loaded():
        lacking = [field for field in ("title", "doc", "source") if not getattr(rule, field)]
        if kind == "number" and not rule.unit:
            lacking.append("unit")
        if lacking:
            bare.append(f"{rule.place}: `{rule.name}` has no {', '.join(lacking)}")
    assert not bare, "\n".join(bare)


def test_every_rule_has_a_witness() -> None:
    known = truths()
    bare = [f"{rule.place}: `{rule.name}`" for rule, _ in loaded() if not rule.examples and not re.search(rf'"{rule.name}"', known)]
    assert not bare, "no example, and no measured or published figure in tests/:\n" + "\n".join(bare)


def test_every_input_is_explained() -> None:
    bare = []
    for path in entry_files():
        for given in load(str(path)).inputs.values():
            lacking = [field for field in ("title", "doc") if not getattr(given, field)]
            if lacking:
                bare.append(f"{given.place}: `{given.name}` has no {', '.join(lacking)}")
    assert not bare, "\n".join(sorted(set(bare)))


def test_every_lever_is_explained() -> None:
    bare = []
    for path in entry_files():
        for lever in load(str(path)).levers:
            lacking = [field for field in ("title", "cost", "doc", "source") if not getattr(lever, field)]
            if lacking:
                bare.append(f"{lever.place}: `{lever.name}` has no {', '.join(lacking)}")
    assert not bare, "\n".join(bare)


def test_every_schema_line_is_right() -> None:
    """The line by which an editor finds the schema leads there."""
    wrong = []
    for path in [ROOT / "inputs.yaml", *sorted((ROOT / "rules").rglob("*.yaml"))]:
        found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text(encoding="utf-8"))
        if not found or not (path.parent / found[1]).resolve().is_file():
            wrong.append(shown(path))
    assert not wrong, "the first line must be `# yaml-language-server: $schema=…/schemas/….schema.json`: " + ", ".join(wrong)


def test_the_rule_in_contributing_is_one(tmp_path: Path) -> None:
    """What CONTRIBUTING.md says to write passes `check` as it stands, with its example."""
    block = re.search(r"```yaml\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    part = tmp_path / "rules" / "transformer" / "parameters.yaml"
    before = sum(len(rule.examples) for rule in load(str(tmp_path / "rules" / "transformer.yaml"), examples=True).rules.values())
    part.write_text(part.read_text(encoding="utf-8").replace("\nrules:\n", "\nrules:\n" + block[1], 1), encoding="utf-8")
    after = check(str(tmp_path / "rules" / "transformer.yaml"))
    assert not after.problems
    assert after.examples == before + 1
