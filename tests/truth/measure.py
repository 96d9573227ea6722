"""Measures the facts of tests/truth/ again, or new ones of any model transformers knows, with torch on the CPU.

    python tests/truth/measure.py KIND config.json [NAME=VALUE ...]      one record, as it stands in tests/truth/KIND.jsonl
    python tests/truth/measure.py --again N [--facts DIR] [--kind KIND]  N records of each kind, measured and compared

Needs `pip install '.[truth]'` (torch, transformers); no test does. Models are built from their configuration, no checkpoint is
read. All figures are bytes of tensors, except `parameters`. Small models run on real tensors, others on fake ones, which
have a shape and a storage but no memory. NAME is a word of `given`: batch_size, sequence_length, precision, attention ….
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import sys
from collections.abc import Iterator
from typing import Any

try:
    import torch
    import transformers
    from torch.distributed._tools.mem_tracker import MemTracker
    from torch.distributed._tools.mod_tracker import ModTracker
    from torch.utils.weak import WeakIdKeyDictionary
except ImportError as missing:
    raise SystemExit(f"{missing}: pip install '.[truth]'") from missing

from torch_models import Record, accepted, built, dropout_as_on_cuda, edited, fakeable, inputs, loss_of, trainable, with_layers

HERE = os.path.dirname(os.path.abspath(__file__))

DEFAULTS: Record = {
    "batch_size": 1, "sequence_length": 64, "precision": "float32", "dropout": 0, "gradient_checkpointing": "none",
    "optimizer": "adamw", "optimizer_implementation": "foreach", "logits": "all",
}  # fmt: skip
OPTIMIZERS: dict[str, tuple[str, Record]] = {
    "adamw": ("AdamW", {}), "adamw_amsgrad": ("AdamW", {"amsgrad": True}), "sgd": ("SGD", {}), "sgd_momentum": ("SGD", {"momentum": 0.9}),
    "adafactor": ("Adafactor", {}), "rmsprop": ("RMSprop", {}), "adagrad": ("Adagrad", {}), "adam": ("Adam", {}),
}  # fmt: skip
OUTPUT = r"lm_head|cls|predictions|classifier|score|qa_outputs|vocab_.*|embed_out|proj_out|generator.*"  # the modules after the base model
GROUPS = {  # the first whose pattern is found in the path of the parameter
    "pooler": r"\bpooler\b",
    "norms": r"(?<![qk]_)norm\d?\b|\bln_\w+",
    "shared_experts": r"shared_experts?\.",
    "router": r"\b(router|gate|shared_expert_gate)\.",
    "experts": r"\bexperts\b",
    "embeddings": r"embed|\bwte\b|\bwpe\b|\bshared\.|project_in|project_out",
    "ssm_or_linear_attn": r"\b(mixer|mamba|ssm|linear_attn)\b",
    "attention": r"att|Attention|\bsinks\b",
    "mlp": r"mlp|ffn|feed_forward|\bfc\d|dense|\bff\b|DenseReluDense|intermediate|output",
}
FIGURES = {  # the rule that gives each group
    "pooler": "pooler_parameters", "norms": "norm_parameters", "shared_experts": "shared_expert_parameters",
    "router": "router_parameters", "experts": "expert_parameters", "embeddings": "embedding_parameters",
    "ssm_or_linear_attn": "mixer_parameters", "attention": "attention_parameters", "mlp": "mlp_parameters",
    "lm_head": "lm_head_parameters", "other": "other_parameters",
}  # fmt: skip
CARRIED = {"past_key_values", "cache_params", "state", "mems"}  # from one token to the next, by the families' names


# ---- sums of tensors ---------------------------------------------------------------------------------------------------------------


def size(tensors: Any) -> int:
    """Bytes of the elements."""
    return sum(t.numel() * t.element_size() for t in tensors)


def tensors_in(value: Any, seen: set[int]) -> Iterator[Any]:
    """Every tensor a cache holds, whatever classes it is made of, once."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from tensors_in(part, seen)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from tensors_in(part, seen)
    elif type(value).__module__.startswith("transformers.") and not isinstance(value, transformers.PreTrainedConfig):
        yield from tensors_in(vars(value), seen)


def group(name: str, module: Any) -> str:
    """The group of a parameter, by its path and the class that holds it (Cohere's norm of queries and keys is in attention)."""
    path, kind = name.split("."), type(module).__name__.lower()
    if re.fullmatch(OUTPUT, path[0]):
        return "lm_head"
    if "norm" in kind and (path[-2] not in {"q_norm", "k_norm"} or "rms" in kind):
        return "norms"
    return next((found for found, where in GROUPS.items() if re.search(where, name)), "other")


# ---- the kinds ---------------------------------------------------------------------------------------------------------------------


def parameters(raw: Record, given: Record, **_: Any) -> Record:
    """Elements of the distinct tensors on the meta device: a tied matrix counts once, in the group of the name that comes first."""
    with torch.device("meta"):
        model = built(raw, given)
    groups: dict[str, int] = {}
    modules = dict(model.named_modules())
    named = list(model.named_parameters())
    for name, parameter in named:
        found = group(name, modules[name.rpartition(".")[0]])
        groups[found] = groups.get(found, 0) + parameter.numel()
    notes = f"{len(named)} parameter tensors, largest {max(p.numel() for _, p in named)} elements"
    head = model.get_output_embeddings()
    if raw.get("tie_word_embeddings") is False and head is not None and head.weight is model.get_input_embeddings().weight:
        groups["lm_head"] = groups.get("lm_head", 0) + head.weight.numel()
        notes += "; includes the separate lm_head of the checkpoint, tied at run time"
    figures = FIGURES | ({"lm_head": "classifier_parameters"} if given.get("head", "").endswith("classification") else {})
    return {"expect": {"parameters": sum(groups.values()), **{figures[found]: count for found, count in groups.items()}}, "notes": notes}


def cache_of(outputs: Any) -> list[Any]:
    """The tensors the model carries to the next token."""
    return list(tensors_in([value for name, value in outputs.items() if name in CARRIED], set()))


def step(model: Any, given: Record, batch: Record, before: Any = None) -> Any:
    """One forward pass without gradients: over a prompt or, after `before`, over one more token (a view into the prompt)."""
    words: Record = {"use_cache": True, **({"logits_to_keep": 1} if given["logits"] == "last" else {})}
    if before is not None:
        words.update({name: value for name, value in before.items() if name in CARRIED})
        last = "decoder_input_ids" if model.config.is_encoder_decoder else "input_ids"
        batch = {last: batch[last][:, -1:]}
        if model.config.is_encoder_decoder:
            words["encoder_outputs"] = (before["encoder_last_hidden_state"],)
    return model(**batch, **accepted(model, **words))


def kv_cache(raw: Record, given: Record, *, decode: bool = False, **_: Any) -> Record:
    """Bytes of all caches and recurrent states after a prompt, or after a prompt one token shorter and a step of decoding."""
    tokens = given["sequence_length"]
    with fakeable(raw, given), torch.no_grad():
        model = built(raw, given).eval()
        batch = inputs(model, given, labels=False, length=tokens - 1 if decode else tokens)
        outputs = step(model, given, batch)
        if decode:
            outputs = step(model, given, batch, outputs)
        found = [t for t in cache_of(outputs) if t.dim()]  # sliding layers hold a scalar: their position
        notes = f"after prefill of {tokens - 1} tokens + 1 decode step" if decode else "after prefill"
        return {"expect": {"kv_cache": size(found)}, "notes": notes}


def saved(raw: Record, given: Record, *, trace: bool = False) -> tuple[int, list[Record]]:
    """Bytes of the distinct storages autograd keeps after forward and loss, without parameters, buffers and inputs."""
    kept: list[Any] = []
    tracker = Tracker(trace=trace)
    with fakeable(raw, given), dropout_as_on_cuda():
        model = trainable(raw, given)
        batch = inputs(model, given, labels=True)
        known = {t.untyped_storage()._cdata for t in [*model.parameters(), *model.buffers(), *batch.values()]}

        def pack(t: Any) -> Any:
            kept.append(t)
            return t

        with tracker if trace else contextlib.nullcontext(), torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            loss = loss_of(model, batch, given)
        found = {t.untyped_storage()._cdata: t for t in kept if t.untyped_storage()._cdata not in known}
        rows = [tracker.row(t.untyped_storage(), t) for t in found.values()] if trace else []
        del loss
        return sum(t.untyped_storage().nbytes() for t in found.values()), rows


def saved_activations(raw: Record, given: Record, *, trace: bool = False, edits: tuple[Record, Record] | None = None, **_: Any) -> Record:
    """The whole model's, and per layer: two layers minus one layer (or what `--longer` adds to `--shorter`)."""
    total, rows = saved(raw, given, trace=trace)
    one, two = (edited(raw, edit) for edit in edits) if edits else (with_layers(raw, n) for n in (1, 2))
    layer = saved(two, given)[0] - saved(one, given)[0]
    return {"expect": {"saved_activations": total, "saved_activations_per_layer": layer}, "trace": rows}


class Unfollowed(ModTracker):  # type: ignore[misc]
    """No module is followed, and no hook set."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Tracker(MemTracker):  # type: ignore[misc]
    """PyTorch's own tracker of live storages, which also knows the peak of a phase and, if asked, what was alive there."""

    def __init__(self, *, trace: bool = False) -> None:
        super().__init__()
        self.trace, self.operation, self.alive = trace, "", list[Record]()
        self.made = WeakIdKeyDictionary()

    def __enter__(self) -> Any:
        """Modules are followed only for a trace: their hooks hold the gradient of an output until all outputs of a module have theirs."""
        if not self.trace:
            self._mod_tracker = Unfollowed()
        return super().__enter__()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.operation = str(func)
        return super().__torch_dispatch__(func, types, args, kwargs)

    def _track(self, reftype: Any, t: Any) -> None:
        storage = t.untyped_storage()
        if self.trace and storage not in self._WINFO:
            module = max(self._mod_tracker.parents, key=len)
            self.made[storage] = {"shape": list(t.shape), "dtype": str(t.dtype)[6:], "operation": self.operation, "module": module}
        super()._track(reftype, t)

    def _update_peak_stats(self, peak_state: Any) -> None:
        before = self.peak
        super()._update_peak_stats(peak_state)
        if self.trace and self.peak > before:
            self.alive = [self.row(storage) for storage in list(self._WINFO.keys())]

    def row(self, storage: Any, tensor: Any = None) -> Record:
        """What is known of a storage: its size, and the tensor, operation and module it was made by."""
        about = {"shape": list(tensor.shape), "dtype": str(tensor.dtype)[6:]} if tensor is not None else {}
        return {"bytes": storage.nbytes(), **about, **self.made.get(storage, {"operation": "given", "module": ""})}

    @property
    def peak(self) -> int:
        """Most bytes alive since the phase began."""
        return sum(self._peak_mem.values())

    def phase(self) -> int:
        """End a phase: its peak; the next one starts at what is alive now."""
        peak = self.peak
        self._peak_mem = {device: snapshot["Total"] for device, snapshot in self._curr_mem_snap.items()}
        return peak


def optimizer_of(model: Any, given: Record) -> Any:
    """The optimizer, with PyTorch's defaults but for what is given."""
    name, words = OPTIMIZERS[given["optimizer"]]
    how = {"foreach": {"foreach": True}, "fused": {"fused": True}, "forloop": {"foreach": False}}[given["optimizer_implementation"]]
    decay = {"weight_decay": given["weight_decay"]} if "weight_decay" in given else {}
    return getattr(torch.optim, name)(model.parameters(), **words, **how, **decay)


def training_peak(raw: Record, given: Record, *, trace: bool = False, **_: Any) -> Record:
    """The most bytes alive in the second step of training, inputs included, and the states that stay."""
    peaks, rows = {"forward": 0, "backward": 0, "step": 0}, dict[str, list[Record]]()
    with fakeable(raw, given), dropout_as_on_cuda():
        model = trainable(raw, given)
        optimizer = optimizer_of(model, given)
        batch = inputs(model, given, labels=True)
        tracker = Tracker(trace=trace)
        tracker.track_external(model, optimizer, *batch.values())
        with tracker:
            for number in (1, 2):
                tracker.trace = trace and number == 2
                tracker.reset_mod_stats()
                optimizer.zero_grad(set_to_none=True)
                tracker.phase()
                loss = loss_of(model, batch, given)
                peaks["forward"], rows["forward"] = tracker.phase(), tracker.alive
                loss.backward()
                del loss
                peaks["backward"], rows["backward"] = tracker.phase(), tracker.alive
                optimizer.step()
                peaks["step"], rows["step"] = tracker.phase(), tracker.alive
        weights = list(model.parameters())
        kept = [t for state in optimizer.state.values() for t in state.values() if isinstance(t, torch.Tensor)]
        where = max(peaks, key=lambda name: peaks[name])
        return {
            "expect": {
                "peak_memory": peaks[where], "parameters": sum(p.numel() for p in weights),
                "gradients": size(p.grad for p in weights if p.grad is not None), "optimizer_states": size(kept),
            },
            "notes": f"peak in {where}; " + ", ".join(f"{name} {peak}" for name, peak in peaks.items())
            + f"; {len(weights)} parameter tensors, largest {max(size([p]) for p in weights)} B",
            "trace": rows[where],
        }  # fmt: skip


def prefill(raw: Record, given: Record, *, trace: bool = False, **_: Any) -> Record:
    """Peak minus weights, buffers and cache: of a prompt (its own cache), and of one more token (the cache of the prompt)."""
    with fakeable(raw, given), torch.no_grad():
        model = built(raw, given).eval().requires_grad_()  # the tracker puts a hook on every parameter, frozen tables too
        fixed = size([*model.parameters(), *model.buffers()])
        batch = inputs(model, given, labels=False)
        tracker = Tracker(trace=trace)
        tracker.track_external(model, *batch.values())
        with tracker:
            tracker.phase()
            outputs = step(model, given, batch)
            prompt, rows = tracker.phase(), tracker.alive
            cache = size(cache_of(outputs))
            outputs = {name: value for name, value in outputs.items() if name in {*CARRIED, "encoder_last_hidden_state"}}
            tracker.reset_mod_stats()
            tracker.phase()
            step(model, given, batch, outputs)
            more = tracker.phase()
        expect = {"prefill_workspace": prompt - fixed - cache, "decode_workspace": more - fixed - cache}
        return {"expect": expect, "notes": f"cache counted {cache} B", "trace": rows}


KINDS = {function.__name__: function for function in (parameters, kv_cache, saved_activations, training_peak, prefill)}


# ---- the command -------------------------------------------------------------------------------------------------------------------


def again(directory: str, number: int, only: str | None) -> int:
    """Measure a sample of the records of each kind; how many differ by more than their tolerance."""
    wrong = 0
    for kind, function in KINDS.items():
        if only not in {None, kind}:
            continue
        with open(os.path.join(directory, f"{kind}.jsonl"), encoding="utf-8") as lines:
            records = [json.loads(line) for line in lines]
        equal = within = 0
        sample = random.Random(0).sample(records, min(number, len(records)))  # noqa: S311 - the same sample each time
        for record in sample:
            with open(os.path.join(directory, "configs", record["config"]), encoding="utf-8") as file:
                raw = json.load(file)
            found = function(raw, {**DEFAULTS, **record["given"]}, decode=record["id"].endswith("-decode"))["expect"]
            differ = {name: (found.get(name, 0), value) for name, value in record["expect"].items() if found.get(name, 0) != value}
            close = all(
                isinstance(value, int) and abs(value - measured) <= record["tolerance"] * value for measured, value in differ.values()
            )
            equal, within, wrong = equal + (not differ), within + (bool(differ) and close), wrong + (not close)
            for name, (measured, value) in differ.items():
                print(f"  {record['id']}: {name} measured {measured}, recorded {value}", flush=True)
        print(f"{kind}: {len(sample)} measured again, {equal} equal, {within} within tolerance, {len(sample) - equal - within} differ")
    return wrong


def words(pairs: list[str]) -> Record:
    """`name=value` pairs; a value is JSON where it can be read as such, else a word."""
    found: Record = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def main() -> int:
    """Measure one record or many."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("kind_of", nargs="?", choices=[*KINDS], metavar="KIND", help=", ".join(KINDS))
    reader.add_argument("config", nargs="?", help="a config.json")
    reader.add_argument("given", nargs="*", metavar="NAME=VALUE")
    reader.add_argument("--edit", action="append", default=[], metavar="KEY=JSON", help="change the config (nested: a.b=1)")
    reader.add_argument("--shorter", action="append", default=[], metavar="KEY=JSON", help="per layer: edits of the smaller model")
    reader.add_argument("--longer", action="append", default=[], metavar="KEY=JSON", help="per layer: edits of the larger model")
    reader.add_argument("--decode", action="store_true", help="kv_cache after a prompt of one token less and a step")
    reader.add_argument("--trace", action="store_true", help="also the tensors saved, or alive at the peak, largest first")
    reader.add_argument("--again", type=int, metavar="N", help="measure N records of each kind again")
    reader.add_argument("--facts", default=HERE, metavar="DIR")
    reader.add_argument("--kind", choices=[*KINDS])
    asked = reader.parse_intermixed_args()
    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    if asked.again is not None:
        return 1 if again(asked.facts, asked.again, asked.kind) else 0
    if not asked.config:
        reader.error("a kind and a config.json, or --again N")
    with open(asked.config, encoding="utf-8") as file:
        raw = edited(json.load(file), words(asked.edit))
    given = words(asked.given)
    edits = (words(asked.shorter), words(asked.longer)) if asked.longer else None
    found = KINDS[asked.kind_of](raw, {**DEFAULTS, **given}, decode=asked.decode, trace=asked.trace, edits=edits)
    rows = sorted(found.pop("trace", []), key=lambda row: -row["bytes"])
    print(json.dumps({"config": os.path.basename(asked.config), "given": given, **found}))
    for row in rows if asked.trace else []:
        print(f"{row['bytes']:>15,}  {row.get('dtype', ''):9} {row.get('shape', '')!s:24} {row['operation']:48} {row['module']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
