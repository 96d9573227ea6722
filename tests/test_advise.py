"""What levers save, and the smallest set of them: by hand, by brute force, and with the shipped rules."""

# ruff: noqa: S311 - random files are the same for the same seed

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from conftest import Run
from engine import advice, document, presets, source
from engine.advise import LARGEST_SET, Advice, advise
from engine.errors import InputError, Text
from engine.evaluate import Given, evaluate
from engine.plan import Plan
from engine.records import Value
from engine.solve import answers
from engine.solve.single import Solution

ROOT = Path(__file__).parent.parent

SHOP = """
    report: {total: total, budget: room, parts: [goods, till]}
    inputs:
      width: {type: integer, min: 1, max: 100, default: 40}
      mode: {type: choice, choices: [low, mid, high], default: high}
      deep: {type: boolean, default: true}
      room: {type: number, min: 0}
      unasked: {type: integer}
    rules:
      goods: {formula: "width * (10 if mode == high else 5 if mode == mid else 2)"}
      till: {formula: "100 if deep else 20"}
      total: goods + till
    levers:
      flat: {set: {deep: false}, cost: Depth.}
      modest: {set: {mode: [mid, low]}, cost: Quality.}
      half: {set: {width: width // 2}, cost: Half as wide.}
      narrow: {set: {width: largest}, cost: Narrower.}
"""


def asked(plan: Plan, **given: Value) -> Advice:
    return advise(plan, {name: Given(value, "given") for name, value in given.items()})


def offered(found: Advice) -> dict[str, tuple[dict[str, Value], Any, bool | None]]:
    return {offer.lever.name: (offer.shown.settings, offer.shown.total, offer.shown.fits) for offer in found.offers}


def chosen(found: Advice) -> dict[str, dict[str, Value]] | None:
    return {lever.name: settings for lever, settings in found.remedy.levers} if found.remedy else None


@pytest.mark.parametrize(
    ("room", "remedy", "total"),
    [
        (450, {"flat": {"deep": False}}, 420),  # the first in the file of those that do alone
        (419, {"modest": {"mode": "mid"}}, 300),  # its milder step is enough
        (299, {"modest": {"mode": "low"}}, 180),
        (179, {"narrow": {"width": 7}}, 170),
        (109, {"flat": {"deep": False}, "modest": {"mode": "low"}}, 100),
        (99, {"flat": {"deep": False}, "narrow": {"width": 7}}, 90),
        (29, {"flat": {"deep": False}, "modest": {"mode": "low"}, "narrow": {"width": 4}}, 28),
        (22, {"flat": {"deep": False}, "modest": {"mode": "low"}, "narrow": {"width": 1}}, 22),
        (21, None, 22),
    ],
)
def test_the_smallest_set(build: Callable[[str], Plan], room: int, remedy: dict[str, dict[str, Value]] | None, total: int) -> None:
    found = asked(build(SHOP), room=room)
    assert found.before.total == 500
    assert chosen(found) == remedy
    best = found.remedy or found.lowest
    assert best is not None
    assert best.tried.total == total
    assert best.tried.headroom == room - total
    assert found.answered == (remedy is not None)
    assert found.remedy is None or found.remedy.smallest


def test_each_lever(build: Callable[[str], Plan]) -> None:
    assert offered(asked(build(SHOP), room=300)) == {
        "modest": ({"mode": "mid"}, 300, True),
        "half": ({"width": 20}, 300, True),
        "narrow": ({"width": 20}, 300, True),
        "flat": ({"deep": False}, 420, False),
    }


def test_what_fits_keeps_its_levers(build: Callable[[str], Plan]) -> None:
    found = asked(build(SHOP), room=500)
    assert list(offered(found)) == ["modest", "half", "flat"]
    assert (found.remedy, found.lowest, found.answered) == (None, None, True)


def test_without_a_budget_only_savings(build: Callable[[str], Plan]) -> None:
    found = asked(build(SHOP))
    assert offered(found) == {
        "modest": ({"mode": "low"}, 180, None),
        "half": ({"width": 20}, 300, None),
        "flat": ({"deep": False}, 420, None),
    }
    assert (found.remedy, found.lowest, found.answered) == (None, None, True)


LEVER = """
    report: {{total: total, budget: room}}
    inputs:
      width: {{type: integer, min: 2, max: 100, default: 8}}
      mode: {{type: choice, choices: [low, mid, high], default: high}}
      room: {{default: 50}}
      unasked: {{type: integer}}
      idle: {{type: integer, default: 3}}
    rules: {{total: "width * (10 if mode == high else 5 if mode == mid else 2)"}}
    checks: {{narrow: {{when: width < 4, say: Too narrow., level: error}}}}
    levers: {{it: {{cost: Something., {lever}}}}}
"""


@pytest.mark.parametrize(
    ("lever", "steps"),
    [
        ("set: {mode: low}", [{"mode": "low"}]),
        ("set: {mode: [high, mid, low]}", [{"mode": "mid"}, {"mode": "low"}]),  # after the step that is already taken
        ("set: {mode: [mid, high]}", []),
        ("when: width > 7, set: {mode: low}", [{"mode": "low"}]),
        ("when: width > 8, set: {mode: low}", []),
        ("when: unasked > 8, set: {mode: low}", []),  # cannot be decided
        ("set: {unasked: 1}", []),  # influences nothing
        ("set: {idle: 1}", []),
        ("set: {width: 9}", []),  # saves nothing
        ("set: {width: 3}", []),  # a check refuses it
        ("set: {width: [width - 2, width / 3, width - 7, 4]}", [{"width": 6}, {"width": 4}]),  # no whole number; less than the least
        ("set: {width: unasked}", []),
        ('set: {width: [6, 4], mode: "low if width > 7 else mid"}', [{"width": 6, "mode": "low"}, {"width": 4, "mode": "low"}]),
        ("set: {width: largest}", []),  # the least value is refused
        ("set: {width: largest}, least: 4", [{"width": 5}]),
        ("set: {width: largest}, least: width / 3 + 2", [{"width": 5}]),  # 4 2/3, rounded up
        ("set: {width: largest}, least: 6", []),
        ("set: {width: largest}, least: unasked", []),
    ],
)
def test_when_a_lever_applies(build: Callable[[str], Plan], lever: str, steps: list[dict[str, Value]]) -> None:
    found = asked(build(LEVER.format(lever=lever)))
    assert [step.settings for offer in found.offers for step in offer.steps] == steps
    assert (found.remedy is not None) == any(step.fits for offer in found.offers for step in offer.steps)


def test_what_a_preset_or_a_person_gave_can_be_changed(build: Callable[[str], Plan]) -> None:
    plan = build(LEVER.format(lever="set: {mode: low}"))
    found = advise(plan, {"mode": Given("mid", "preset"), "width": Given(30, "given")})
    assert offered(found) == {"it": ({"mode": "low"}, 60, False)}


def test_what_is_given_instead_of_a_rule_cannot(build: Callable[[str], Plan]) -> None:
    assert asked(build(LEVER.format(lever="set: {mode: low}")), total=70).offers == ()


def test_many_levers_take_no_time(build: Callable[[str], Plan]) -> None:
    """All of them set the same input, so that no set has two; nothing fits."""
    listed = ", ".join(f"lever_{at}: {{set: {{width: {200 + at}}}, cost: Less.}}" for at in range(200))
    found = asked(
        build(f"""
            report: {{total: total, budget: room}}
            inputs: {{width: {{default: 1000}}, room: {{default: 1}}}}
            rules: {{total: 2 * width}}
            levers: {{{listed}}}
        """)
    )
    assert found.lowest
    assert found.lowest.tried.settings == {"width": 200}


def test_a_refused_configuration_has_no_advice(build: Callable[[str], Plan]) -> None:
    with pytest.raises(InputError, match=r"Too narrow\."):
        asked(build(LEVER.format(lever="set: {mode: low}")), width=2)


def test_what_stands_beside_the_total_counts(build: Callable[[str], Plan]) -> None:
    plan = build("""
        report: {total: total, budget: room, beside: [{title: Air, low: low, high: high}]}
        inputs: {width: {type: integer, min: 1, default: 9}, room: {default: 20}}
        rules: {total: 10 * width, low: width, high: 2 * width}
        levers: {narrow: {set: {width: largest}, cost: Less.}, one: {set: {width: 1}, cost: Less.}}
    """)
    assert chosen(asked(plan, room=35)) == {"narrow": {"width": 3}}
    assert chosen(asked(plan, room=30)) == {"narrow": {"width": 2}}  # 30 and the air do not fit
    found = asked(plan, room=11)
    assert found.remedy
    assert (found.remedy.tried.fits, found.remedy.tried.certain) == (True, False)
    assert asked(plan, room=10).remedy is None


def test_a_saving_that_shows_only_beside_another(build: Callable[[str], Plan]) -> None:
    """The total is the larger of two parts: neither lever alone is enough, and the first saves nothing alone."""
    found = asked(
        build("""
            report: {total: total, budget: room, parts: [left, right]}
            inputs: {left_size: {default: 8}, right_size: {default: 10}, room: {default: 5}}
            rules: {left: 1 * left_size, right: 1 * right_size, total: "max(left, right)"}
            levers: {a: {set: {left_size: 4}, cost: Less.}, b: {set: {right_size: 4}, cost: Less.}}
        """)
    )
    assert list(offered(found)) == ["b"]
    assert chosen(found) == {"a": {"left_size": 4}, "b": {"right_size": 4}}


@pytest.mark.parametrize(("needed", "smallest"), [(4, True), (5, True), (6, False)])
def test_beyond_the_sets_that_are_all_tried(build: Callable[[str], Plan], needed: int, smallest: bool) -> None:
    names = [f"part_{letter}" for letter in "abcdefg"]
    plan = build(f"""
        report: {{total: total, budget: room}}
        inputs: {{room: {{default: 0}}, {", ".join(f"{name}: {{default: {10 + at}}}" for at, name in enumerate(names))}}}
        rules: {{total: {" + ".join(names)}}}
        levers: {{{", ".join(f"no_{name}: {{set: {{{name}: 0}}, cost: Less.}}" for name in names)}}}
    """)
    room = sum(sorted(10 + at for at in range(7))[: 7 - needed])
    found = asked(plan, room=room)
    assert found.remedy
    assert (len(found.remedy.levers), found.remedy.smallest) == (needed, smallest)
    assert found.remedy.tried.total == room


def of_chance(seed: int) -> tuple[str, list[list[tuple[str, Value]]]]:
    """A document with levers of one to three steps, and what its levers set: a sum of products and largest parts."""
    dice = random.Random(seed)
    names = "abcdef"[: dice.randint(3, 6)]
    starts = {name: dice.randint(20, 60) for name in names}
    levers: list[list[tuple[str, Value]]] = []
    for name in names:
        values = sorted(dice.sample(range(1, starts[name] + 8), dice.randint(1, 3)), reverse=True)
        levers.append([(f"size_{name}", value) for value in values])
    if dice.random() < 0.5:  # two levers of one input
        levers.append([(levers[0][0][0], dice.randint(1, starts["a"] - 1))])
    parts = [f"part_{name}" for name in names]
    cut = dice.randint(1, len(parts) - 1)
    left, right = " + ".join(parts[:cut]), " + ".join(parts[cut:])
    inputs = ", ".join(f"size_{name}: {{type: integer, min: 0, default: {starts[name]}}}" for name in names)
    rules = ", ".join(f"part_{name}: {dice.randint(1, 3)} * size_{name}" for name in names)
    listed = [
        f"    lever_{at}: {{set: {{{steps[0][0]}: [{', '.join(str(value) for _, value in steps)}]}}, cost: Less.}}"
        for at, steps in enumerate(levers)
    ]
    total = dice.choice([f'"max({left}, {right})"', f"{left} + {right}"])
    text = f"report: {{total: total, budget: room, parts: [{', '.join(parts)}]}}\ninputs: {{{inputs}, room: {{default: 0}}}}\n"
    return text + f"rules: {{{rules}, total: {total}}}\nlevers:\n" + "\n".join(listed), levers


@pytest.mark.parametrize("seed", range(60))
def test_against_brute_force(write: Callable[..., str], seed: int) -> None:
    """No set of fewer levers fits, whatever their steps; where none fits, none of up to four is lower than the lowest reached."""
    text, levers = of_chance(seed)
    plan = Plan(document.load(write(text)))

    def total(settings: Mapping[str, Value]) -> int:
        found = evaluate(plan, {name: Given(value, "given") for name, value in settings.items()})["total"]
        assert isinstance(found, int)
        return found

    reached: dict[int, int] = {}  # the lowest total for each number of levers
    for size in range(LARGEST_SET + 1):
        for taken in combinations(levers, size):
            if len({steps[0][0] for steps in taken}) == size:
                best = min(total(dict(steps)) for steps in product(*taken))
                reached[size] = min(best, reached.get(size, best))
    dice = random.Random(seed)
    for room in [dice.randint(0, reached[0]) for _ in range(4)]:
        found = asked(plan, room=room)
        fitting = [size for size, best in reached.items() if best <= room]
        if found.before.fits:
            assert fitting[0] == 0
        elif fitting:
            assert found.remedy
            assert len(found.remedy.levers) == fitting[0]
            assert found.remedy.smallest
        if found.remedy:
            assert total(found.remedy.tried.settings) == found.remedy.tried.total <= room
        elif not found.before.fits and found.lowest:
            assert total(found.lowest.tried.settings) == found.lowest.tried.total <= min(reached.values())
        for offer in found.offers:
            assert [total(step.settings) for step in offer.steps] == [step.total for step in offer.steps]
            assert all(step.saved == found.before.total - step.total > 0 for step in offer.steps)


# The shipped rules


@pytest.fixture(scope="module")
def transformer() -> Plan:
    return Plan(document.load(str(ROOT / "rules" / "transformer.yaml")))


def read(plan: Plan, inputs: str) -> dict[str, Given]:
    text = Text("inputs.yaml", "{" + inputs + "}")
    return presets.read_inputs(plan, source.parse(text), text, [])


CARD = "model: llama-3-8b, device: rtx-4090, sequence_length: 2048"


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        (f"{CARD}, mode: training", {"quantized_adapters"}),
        (f"{CARD}, mode: training, batch_size: 8", {"accumulation", "quantized_adapters"}),
        (f"{CARD}, mode: training, lora_rank: 16", {"checkpointing"}),
        (f"{CARD}, precision: float32", {"half_weights"}),
        (f"{CARD}, batch_size: 64", {"smaller_batch"}),
        ("model: llama-3-70b, device: h100-sxm, sequence_length: 2048", {"eight_bit_weights"}),
        ("model: llama-3-70b, device: rtx-4090, sequence_length: 2048", {"tensor_devices"}),
    ],
)
def test_llama_on_a_card(transformer: Plan, inputs: str, names: set[str]) -> None:
    found = advise(transformer, read(transformer, inputs))
    assert found.before.fits is False
    assert set(chosen(found) or ()) == names


TRAINING = f"{CARD}, mode: training"
OFFERS = [
    (f"{CARD}, attention: eager, batch_size: 8, precision: float32", "fused_attention half_weights"),
    (f"{CARD}, batch_size: 64", "smaller_batch shorter_sequences eight_bit_cache eight_bit_weights"),
    (f"{CARD}, batch_size: 64, logits: all", "last_logits four_bit_weights four_bit_cache tensor_devices"),
    ("model: deepseek-v3, device: h100-sxm, sequence_length: 2048, latent_cache: expanded", "compressed_cache"),
    (f"{CARD}, cache_allocation: static, max_model_length: 64Ki", "growing_cache"),
    ("model: gemma-2-9b, device: rtx-4090, sequence_length: 32Ki, serving: vllm, hybrid_cache_manager: false", "windowed_cache"),
    (f"{TRAINING}, gradients_cleared: before_backward, batch_size: 8", "gradients_freed fused_loss accumulation checkpointing"),
    (f"{TRAINING}, data_parallel: 2", "no_copies_in_buckets fused_optimizer zero eight_bit_optimizer paged_optimizer optimizer_on_cpu"),
    (f"{TRAINING}", "parameters_on_cpu fewer_states adapters quantized_adapters"),
    (f"{TRAINING}, tensor_parallel: 2, batch_size: 32", "sequence_parallelism"),
    ("model: bert-base, device_memory: 4GiB, sequence_length: 512, mode: training, batch_size: 64, precision: float32", "autocast"),
    ("model: bert-large, device_memory: 4GiB, sequence_length: 512, mode: training, precision: float32", "half_training"),
    (f"{TRAINING}, main_weights: true", "no_main_weights more_devices"),
    (f"{TRAINING}, lora_rank: 8", "quantized_base"),
]
"""Inputs, and levers that must be offered for them."""


@pytest.mark.parametrize(("inputs", "names"), OFFERS)
def test_levers_are_offered(transformer: Plan, inputs: str, names: str) -> None:
    found = advise(transformer, read(transformer, inputs))
    assert not set(names.split()) - offered(found).keys()


def test_every_lever_is_offered_somewhere(transformer: Plan) -> None:
    told = {name for _, names in OFFERS for name in names.split()}
    assert told == {lever.name for lever in transformer.document.levers}


@pytest.mark.parametrize("inputs", [inputs for inputs, _ in OFFERS])
def test_the_same_as_eval(transformer: Plan, inputs: str) -> None:
    """Every step, and the set, gives what `eval` gives with those settings."""
    given = read(transformer, inputs)
    found = advise(transformer, given)
    tried = [step for offer in found.offers for step in offer.steps]
    tried += [each.tried for each in (found.remedy, found.lowest) if each]
    assert tried
    for each in tried:
        values = evaluate(transformer, {**given, **{name: Given(value, "given") for name, value in each.settings.items()}}, ["peak_memory"])
        assert values["peak_memory"] == each.total


@pytest.mark.parametrize("unknown", ["batch_size", "sequence_length"])
def test_the_largest_is_that_of_solve(transformer: Plan, unknown: str) -> None:
    given = read(transformer, f"{CARD}, batch_size: 64, overhead: 1GiB")  # nothing stands beside the total
    found = next(offer.shown for offer in advise(transformer, given).offers if unknown in offer.shown.settings)
    answer = answers.answer(transformer, given, unknown)
    assert isinstance(answer, Solution)
    assert (found.settings, found.total) == ({unknown: answer.value}, answer.at)


def test_the_options_can_be_copied(run: Run) -> None:
    rules, words = str(ROOT / "rules" / "transformer.yaml"), ["--model", "llama-3-8b", "--device", "rtx-4090", "--set", "mode=training"]
    words += ["--set", "sequence_length=8Ki", "--set", "batch_size=4"]
    done = run("advise", rules, *words)
    line = re.search(r"^The smallest set that makes it fit: (.*)$", done.out, re.MULTILINE)
    assert line, done
    assert run("eval", rules, *words, "--check").code == 1
    assert run("eval", rules, *words, *line[1].split(), "--check").code == 0


def test_the_article(run: Run) -> None:
    done = run(
        "advise",
        str(ROOT / "rules" / "compute_gauge.yaml"),
        "--model",
        "gpt3-175b",
        "--device",
        "h100-sxm",
        "--set",
        "sequence_length=2048",
    )
    assert done.code == 1, done
    assert re.search(r"^Nothing makes it fit\. The lowest that was reached: --set precision=int8", done.out, re.MULTILINE), done.out


@pytest.mark.parametrize("name", ["advise_json", "advise_fits", "advise_nothing_fits", "advise_no_budget"])
def test_the_json_answer_has_its_shape(run: Run, name: str) -> None:
    folder = ROOT / "tests" / "good"
    shape = json.loads((ROOT / "schemas" / "advise.answer.schema.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(shape)
    done = run("advise", str(folder / f"{name}.yaml"), str(folder / f"{name}.inputs.yaml"), "--format", "json")
    answer = json.loads(done.out)
    assert not [error.message for error in Draft7Validator(shape).iter_errors(answer)]
    assert not Draft7Validator(shape).is_valid({**answer, "levers": None})


def test_nothing_of_a_file_reaches_the_terminal(build: Callable[[str], Plan]) -> None:
    found = asked(
        build("""
            title: "a\\x1b[31mb"
            report: {total: total, budget: room}
            inputs: {word: {type: choice, choices: ["b;c $x\\x1b[0m", full], default: full}, room: {default: 1}}
            rules: {total: "2 if word == full else 1"}
            levers: {it: {title: "c\\x1b]0;d\\x07", set: {word: "b;c $x\\x1b[0m"}, cost: "e\\x9bf\\u202e"}}
        """)
    )
    for form in ("table", "markdown", "csv", "json"):
        text = advice.written(found, form)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text), form
        assert found.remedy, form
    assert "--set 'word=b;c $x" in advice.written(found, "table")
