"""Measures the facts of tests/truth/ again, or new ones of any model transformers knows, with torch on the CPU.

    python benchmarks/measure.py KIND config.json [NAME=VALUE ...]      one record, as it stands in tests/truth/KIND.jsonl
    python benchmarks/measure.py --again N [--facts DIR] [--kind KIND]  N records of each kind, measured and compared

Needs `pip install '.[truth]'` (torch, transformers); no test does. Models are built from their configuration, no checkpoint is
read. All figures are bytes of tensors, except `parameters`. Small models run on real tensors, others on fake ones, which
have a shape and a storage but no memory. NAME is a word of `given`: batch_size, sequence_length, precision, attention ….
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import os
import random
import re
import sys
from collections.abc import Iterator
from typing import Any

import torch
import transformers
from torch.distributed._tools.mem_tracker import MemTracker
from torch.utils.weak import WeakIdKeyDictionary

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
Record = dict[str, Any]

DEFAULTS: Record = {
    "batch_size": 1, "sequence_length": 64, "precision": "float32", "dropout": 0, "gradient_checkpointing": "none",
    "optimizer": "adamw", "optimizer_implementation": "foreach", "logits": "all",
}  # fmt: skip
HEADS = {
    "base": ["AutoModel"], "encoder": ["AutoModelForTextEncoding"], "causal_lm": ["AutoModelForCausalLM"],
    "masked_lm": ["AutoModelForMaskedLM"], "sequence_classification": ["AutoModelForSequenceClassification"],
    "image_classification": ["AutoModelForImageClassification"], "pretraining": ["AutoModelForPreTraining"], "ctc": ["AutoModelForCTC"],
    "conditional_generation": ["AutoModelForSeq2SeqLM", "AutoModelForSpeechSeq2Seq", "AutoModelForImageTextToText"],
}  # fmt: skip
OPTIMIZERS: dict[str, tuple[str, Record]] = {
    "adamw": ("AdamW", {}), "adamw_amsgrad": ("AdamW", {"amsgrad": True}), "sgd": ("SGD", {}), "sgd_momentum": ("SGD", {"momentum": 0.9}),
    "adafactor": ("Adafactor", {}), "rmsprop": ("RMSprop", {}), "adagrad": ("Adagrad", {}), "adam": ("Adam", {}),
}  # fmt: skip
LAYER_KEYS = ["num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_decoder_layers", "encoder_layers", "decoder_layers"]
CARRIED = {"past_key_values", "cache_params", "state", "mems"}  # from one token to the next, by the families' names
REAL = 20_000_000  # a model of fewer parameters runs on real tensors


# ---- the model -------------------------------------------------------------------------------------------------------------------


def edited(raw: Record, edits: Record) -> Record:
    """The config with `edits` put in; a dot goes into a nested part (text_config.num_hidden_layers)."""
    raw = json.loads(json.dumps(raw))
    for key, value in edits.items():
        *path, last = key.split(".")
        part = raw
        for name in path:
            part = part.setdefault(name, {})
        part[last] = value
    return raw


def with_layers(raw: Record, layers: int) -> Record:
    """The config cut (or grown) to so many layers, decoder and encoder; lists with an entry a layer are cut along."""
    part = raw["text_config"] if isinstance(raw.get("text_config"), dict) else raw
    keys = [key for key in LAYER_KEYS if key in part] or LAYER_KEYS[:1]
    before = {part.get(key) for key in keys}
    lists = {key: (value * layers)[:layers] for key, value in part.items() if isinstance(value, list) and len(value) in before}
    changes = {**dict.fromkeys(keys, layers), **lists}
    return {**raw, "text_config": {**part, **changes}} if part is not raw else {**raw, **changes}


def configured(raw: Record, given: Record) -> Any:
    """The configuration object; `dropout` is put on every rate, unless the file says itself which sites have it."""
    config = transformers.AutoConfig.for_model(**{k: v for k, v in raw.items() if k not in {"torch_dtype", "dtype"}})
    rate = float(given["dropout"])
    for part in [config, *(value for value in vars(config).values() if isinstance(value, transformers.PreTrainedConfig))]:
        rates = [key for key, value in part.to_dict().items() if "drop" in key and isinstance(value, (int, float)) and "layer" not in key]
        if not rate or not any(raw.get(key) for key in rates):
            for key in rates:
                setattr(part, key, rate)
    if config.is_encoder_decoder and getattr(config, "decoder_start_token_id", None) is None:
        config.decoder_start_token_id = config.pad_token_id or 0  # the loss shifts its labels in from here
    return config


def model_class(config: Any, head: str | None) -> Any:
    """The class of the head asked for, else the config's own architecture, else the family's causal or base model."""
    if head is None and config.architectures:
        return getattr(transformers, config.architectures[0])
    for name in HEADS[head] if head else ["AutoModelForCausalLM", "AutoModelForSeq2SeqLM", "AutoModel"]:
        mapping = getattr(transformers, name)._model_mapping  # noqa: SLF001 - the one table of them
        if type(config) in mapping:
            found = mapping[type(config)]
            return found[0] if isinstance(found, tuple) else found
    raise SystemExit(f"{config.model_type} has no head '{head}'")


def built(raw: Record, given: Record) -> Any:
    """The model in its stored precision, on the device and in the mode (fake, real) in force."""
    config = configured(raw, given)
    kind = model_class(config, given.get("head"))
    precision = getattr(torch, given["precision"])
    model = kind._from_config(config, attn_implementation=given.get("attention"), dtype=precision)  # noqa: SLF001
    for module in model.modules():  # what `model.to(precision)` does, which fake tensors refuse
        for name, buffer in module.named_buffers(recurse=False):
            if buffer.is_floating_point():
                setattr(module, name, buffer.to(precision))
    return model


def inputs(model: Any, given: Record, *, labels: bool, length: int | None = None) -> Record:
    """Random ids, pixels or features of the sizes given; `labels` as the head's loss wants them."""
    config, text = model.config, model.config.get_text_config(decoder=True)
    batch, length = given["batch_size"], length or given["sequence_length"]
    first = model.main_input_name
    ids = lambda size: torch.randint(3, getattr(text, "vocab_size", 4), (batch, size))  # noqa: E731
    found: Record = {}
    if first == "pixel_values":
        size = getattr(config, "vision_config", config).image_size
        height, width = (size, size) if isinstance(size, int) else size
        found[first] = torch.randn(batch, getattr(config, "num_channels", 3), height, width, dtype=model.dtype)
    elif first == "input_features":
        found[first] = torch.randn(batch, config.num_mel_bins, 2 * config.max_source_positions, dtype=model.dtype)
    else:
        found[first] = ids(given.get("encoder_sequence_length", length) if config.is_encoder_decoder else length)
    if config.is_encoder_decoder and not labels:
        found["decoder_input_ids"] = ids(length)
    if labels:
        classes = "Classification" in type(model).__name__
        found["labels"] = torch.randint(0, config.num_labels, (batch,)) if classes else ids(length)
    return found


def accepted(model: Any, **words: Any) -> Record:
    """Those of the arguments that the model's forward takes."""
    names = inspect.signature(model.forward).parameters
    return {name: value for name, value in words.items() if name in names}


@contextlib.contextmanager
def fakeable(raw: Record, given: Record) -> Iterator[None]:
    """Fake tensors for a model too large to be run here, real ones for others."""
    with torch.device("meta"):
        size = sum(p.numel() for p in built(raw, given).parameters())
    with torch._subclasses.FakeTensorMode() if given.get("fake", size > REAL) else contextlib.nullcontext():  # noqa: SLF001
        yield


@contextlib.contextmanager
def dropout_as_on_cuda() -> Iterator[None]:
    """Dropout with a mask of a byte an element (the CPU keeps one of the input's format); none inside sdpa (flash keeps a seed)."""
    plain, attend = torch.nn.functional.dropout, torch.nn.functional.scaled_dot_product_attention

    def dropout(x: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
        return torch.native_dropout(x, p, training)[0] if training and p else x

    def attention(*args: Any, **words: Any) -> Any:
        return attend(*args, **{**words, "dropout_p": 0.0})

    torch.nn.functional.dropout, torch.nn.functional.scaled_dot_product_attention = dropout, attention
    try:
        yield
    finally:
        torch.nn.functional.dropout, torch.nn.functional.scaled_dot_product_attention = plain, attend


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


def group(model: Any, name: str, module: Any) -> str:
    """The group of a parameter, by its path and the class that holds it."""
    path, kind = name.split("."), type(module).__name__.lower()
    if re.fullmatch(r"lm_head|cls|predictions|classifier|score|qa_outputs|vocab_.*|embed_out|proj_out|generator.*", path[0]):
        return "lm_head"
    for found, where in [
        ("pooler", r"\bpooler\b"),
        ("norms", r"norm\b|norm\d?\b|\bln_\w+|layrnorm"),
        ("shared_experts", r"shared_experts?\."),
        ("router", r"\b(router|gate|shared_expert_gate)\.|\bgate\b\.weight"),
        ("experts", r"\bexperts\b"),
        ("embeddings", r"embed|\bwte\b|\bwpe\b|\bshared\.|project_in|project_out"),
        ("ssm_or_linear_attn", r"\b(mixer|mamba|ssm|linear_attn)\b"),
        ("attention", r"att|Attention|\bsinks\b"),
        ("mlp", r"mlp|ffn|feed_forward|\bfc\d|dense|\bff\b|DenseReluDense|intermediate|output"),
    ]:
        if found == "norms" and "norm" in kind:
            return found
        if re.search(where, name):
            return found
    return "other"


# ---- the kinds ---------------------------------------------------------------------------------------------------------------------


def parameters(raw: Record, given: Record, **_: Any) -> Record:
    """Elements of the distinct tensors on the meta device: a tied matrix counts once, in the group of the name that comes first."""
    with torch.device("meta"):
        model = built(raw, given)
    groups: dict[str, int] = {}
    modules = dict(model.named_modules())
    named = list(model.named_parameters())
    for name, parameter in named:
        found = group(model, name, modules[name.rpartition(".")[0]])
        groups[found] = groups.get(found, 0) + parameter.numel()
    notes = f"{len(named)} parameter tensors, largest {max(p.numel() for _, p in named)} elements"
    head = model.get_output_embeddings()
    if raw.get("tie_word_embeddings") is False and head is not None and head.weight is model.get_input_embeddings().weight:
        groups["lm_head"] = groups.get("lm_head", 0) + head.weight.numel()
        notes += "; includes the separate lm_head of the checkpoint, tied at run time"
    return {"expect": {"parameters": sum(groups.values()), "parameter_groups": groups}, "notes": notes}


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


def loss_of(model: Any, batch: Record, given: Record) -> Any:
    """The loss of a forward pass, under autocast where compute_precision differs; the other outputs are dropped."""
    compute = given.get("compute_precision", given["precision"])
    with torch.autocast("cpu", getattr(torch, compute), enabled=compute != given["precision"]):
        return model(**batch, **accepted(model, use_cache=False)).loss


def trainable(raw: Record, given: Record) -> Any:
    """The model ready to train, with checkpointing of every layer if asked for."""
    model = built(raw, given).train()
    if given["gradient_checkpointing"] == "full":
        model.activation_checkpointing_enable()
    return model


def saved(raw: Record, given: Record, *, trace: bool = False) -> tuple[int, list[Record]]:
    """Bytes of the distinct storages autograd keeps after forward and loss, without parameters, buffers and inputs."""
    kept: list[Any] = []
    tracker = Tracker(trace=trace)
    with fakeable(raw, given), dropout_as_on_cuda():
        model = trainable(raw, given)
        batch = inputs(model, given, labels=True)
        known = {t.untyped_storage()._cdata for t in [*model.parameters(), *model.buffers(), *batch.values()]}  # noqa: SLF001
        pack = lambda t: (kept.append(t), t)[1]  # noqa: E731
        with tracker if trace else contextlib.nullcontext(), torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            loss = loss_of(model, batch, given)
        found = {t.untyped_storage()._cdata: t for t in kept if t.untyped_storage()._cdata not in known}  # noqa: SLF001
        rows = [tracker.row(t.untyped_storage(), t) for t in found.values()] if trace else []
        del loss
        return sum(t.untyped_storage().nbytes() for t in found.values()), rows


def saved_activations(raw: Record, given: Record, *, trace: bool = False, edits: tuple[Record, Record] | None = None, **_: Any) -> Record:
    """The whole model's, and per layer: two layers minus one layer (or what `--longer` adds to `--shorter`)."""
    total, rows = saved(raw, given, trace=trace)
    one, two = (edited(raw, edit) for edit in edits) if edits else (with_layers(raw, n) for n in (1, 2))
    layer = saved(two, given)[0] - saved(one, given)[0]
    return {"expect": {"saved_activations": total, "saved_activations_per_layer": layer}, "trace": rows}


class Tracker(MemTracker):  # type: ignore[misc]
    """PyTorch's own tracker of live storages, which also knows the peak of a phase and, if asked, what was alive there."""

    def __init__(self, *, trace: bool = False) -> None:
        super().__init__()
        self.trace, self.operation, self.alive = trace, "", list[Record]()
        self.made = WeakIdKeyDictionary()

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
        tracker = Tracker()
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
        model = built(raw, given).eval()
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
            differ = {name: (found[name], value) for name, value in record["expect"].items() if found[name] != value}
            close = all(
                isinstance(value, int) and abs(value - measured) <= record["tolerance"] * value for measured, value in differ.values()
            )
            equal, within, wrong = equal + (not differ), within + (bool(differ) and close), wrong + (not close)
            for name, (measured, value) in differ.items():
                print(f"  {record['id']}: {name} measured {measured}, recorded {value}")
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
    reader.add_argument("--facts", default=os.path.join(ROOT, "tests", "truth"), metavar="DIR")
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
