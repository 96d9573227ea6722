"""Models built from a config.json with random weights, their inputs and their loss, for `measure.py`."""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Iterator
from typing import Any

import torch
import transformers
from torch._subclasses import FakeTensor, FakeTensorMode
from transformers import masking_utils

Record = dict[str, Any]

HEADS = {
    "base": ["AutoModel"], "encoder": ["AutoModelForTextEncoding"], "causal_lm": ["AutoModelForCausalLM"],
    "masked_lm": ["AutoModelForMaskedLM"], "sequence_classification": ["AutoModelForSequenceClassification"],
    "image_classification": ["AutoModelForImageClassification"], "pretraining": ["AutoModelForPreTraining"], "ctc": ["AutoModelForCTC"],
    "conditional_generation": ["AutoModelForSeq2SeqLM", "AutoModelForSpeechSeq2Seq", "AutoModelForImageTextToText"],
}  # fmt: skip
LAYER_KEYS = ["num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_decoder_layers", "encoder_layers", "decoder_layers"]
REAL = 20_000_000  # a model of fewer parameters runs on real tensors


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
    apart = [key for key, value in part.items() if isinstance(value, list) and len(value) in before and key != "architectures"]
    lists = {key: (part[key] * layers)[:layers] for key in apart}
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
        mapping = getattr(transformers, name)._model_mapping
        if type(config) in mapping:
            found = mapping[type(config)]
            return found[0] if isinstance(found, tuple) else found
    raise SystemExit(f"{config.model_type} has no head '{head}'")


def built(raw: Record, given: Record) -> Any:
    """The model in its stored precision, on the device and in the mode (fake, real) in force."""
    config = configured(raw, given)
    kind = model_class(config, given.get("head"))
    precision = getattr(torch, given["precision"])
    model = kind._from_config(config, attn_implementation=given.get("attention"), dtype=precision)
    for module in model.modules():  # the facts: `model.to(precision)` for real tensors; fake ones refuse it and stay as they were built
        for name, buffer in module.named_buffers(recurse=False):
            if buffer.is_floating_point() and not isinstance(buffer, FakeTensor):
                setattr(module, name, buffer.to(precision))
    return model


def inputs(model: Any, given: Record, *, labels: bool, length: int | None = None) -> Record:
    """Random ids, pixels or features of the sizes given; `labels` as the head's loss wants them."""
    config, text = model.config, model.config.get_text_config(decoder=True)
    batch, length = given["batch_size"], length or given["sequence_length"]
    first = model.main_input_name

    def ids(size: Any) -> Any:
        return torch.randint(3, getattr(text, "vocab_size", 4), (batch, size))

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
    if not given.get("fake", size > REAL):
        yield
        return
    packed, initialize = masking_utils.find_packed_sequence_indices, transformers.PreTrainedModel.initialize_weights
    masking_utils.find_packed_sequence_indices = lambda position_ids: None  # on real tensors it looks, and finds none in our inputs
    transformers.PreTrainedModel.initialize_weights = lambda model: None  # looks at values, which fake tensors have none of
    try:
        with FakeTensorMode():
            yield
    finally:
        masking_utils.find_packed_sequence_indices = packed
        transformers.PreTrainedModel.initialize_weights = initialize


@contextlib.contextmanager
def dropout_as_on_cuda() -> Iterator[None]:
    """Dropout with a mask of a byte an element (the CPU keeps one of the input's format); none inside sdpa (flash keeps a seed)."""
    plain, attend = torch.nn.functional.dropout, torch.nn.functional.scaled_dot_product_attention

    def dropout(x: Any, p: float = 0.5, *rest: Any, training: Any = True, **_: Any) -> Any:
        return torch.native_dropout(x, p, True)[0] if p and (rest[0] if rest else training) else x

    def attention(*args: Any, **words: Any) -> Any:
        return attend(*args, **{**words, "dropout_p": 0.0})

    torch.nn.functional.dropout, torch.nn.functional.scaled_dot_product_attention = dropout, attention
    try:
        yield
    finally:
        torch.nn.functional.dropout, torch.nn.functional.scaled_dot_product_attention = plain, attend


def loss_of(model: Any, batch: Record, given: Record) -> Any:
    """The loss of a forward pass, under autocast where compute_precision differs; the other outputs are dropped."""
    compute = str(given.get("compute_precision", given["precision"]))
    with torch.autocast("cpu", getattr(torch, compute), enabled=compute != given["precision"]):
        return model(**batch, **accepted(model, use_cache=False)).loss


def trainable(raw: Record, given: Record) -> Any:
    """The model ready to train, with checkpointing of every layer if asked for."""
    model = built(raw, given).train()
    if given["gradient_checkpointing"] == "full":
        model.activation_checkpointing_enable()
    return model
