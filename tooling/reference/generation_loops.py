"""Writes fixtures/generation/loops.json: whole greedy generations, the order of the processors, and stop strings.

The model is a formula over the last two tokens, so that a test can compute the same logits without any weights; what is pinned is the loop
around it: lengths, EOS sets, processors working together, and where a stop string ends a row.
"""

import torchvision_shim  # noqa: F401  (before transformers)
import numpy as np
import torch
from transformers import AutoTokenizer, GenerationConfig, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.convert_slow_tokenizer import bytes_to_unicode
from transformers.generation.stopping_criteria import StopStringCriteria
from transformers.modeling_outputs import CausalLMOutput

from paths import CHECKPOINTS, FIXTURES, versions, write_json

VOCAB = 60
# What a test evaluates: a is the last token, b the one before it (0 when there is none), i the token scored.
FORMULA = "((a*131 + b*71 + i*i*7 + i*a*13 + i*b*29 + a*b*3) mod 997) / 80 - 4, as float32"


def logits(a: int, b: int) -> np.ndarray:
    i = np.arange(VOCAB)
    return (((a * 131 + b * 71 + i * i * 7 + i * a * 13 + i * b * 29 + a * b * 3) % 997) / 80 - 4).astype(np.float32)


class FormulaConfig(PretrainedConfig):
    model_type = "formula"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.vocab_size, self.num_hidden_layers, self.hidden_size, self.num_attention_heads = VOCAB, 1, 4, 1


class FormulaModel(PreTrainedModel, GenerationMixin):
    config_class = FormulaConfig
    main_input_name = "input_ids"

    def __init__(self, config):
        super().__init__(config)
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, input_ids=None, **kwargs):
        rows = [logits(row[-1], row[-2] if len(row) > 1 else 0) for row in input_ids.tolist()]
        return CausalLMOutput(logits=torch.tensor(np.stack(rows))[:, None])

    def prepare_inputs_for_generation(self, input_ids, attention_mask=None, **kwargs):
        return {"input_ids": input_ids}


OPTIONS = [
    {}, {"max_new_tokens": 12}, {"max_length": 15},
    {"max_new_tokens": 30, "no_repeat_ngram_size": 2},
    {"max_new_tokens": 30, "repetition_penalty": 1.7},
    {"max_new_tokens": 25, "min_new_tokens": 20},
    {"max_new_tokens": 25, "min_length": 18},
    {"max_new_tokens": 10, "forced_eos_token_id": 7},
    {"max_new_tokens": 10, "forced_bos_token_id": 9, "begin_suppress_tokens": list(range(0, 60, 2))},
    {"max_new_tokens": 20, "suppress_tokens": list(range(30))},
    {"max_new_tokens": 30, "exponential_decay_length_penalty": [3, 1.3]},
    {"max_new_tokens": 30, "bad_words_ids": [[i, j] for i in range(0, 60, 3) for j in range(0, 60, 20)] + [[3]]},
    {"max_new_tokens": 30, "sequence_bias": [[[i], 2.5] for i in range(1, 20)] + [[[i, j], -2.0] for i in range(1, 60, 3) for j in (1, 21)]},
    {"max_new_tokens": 30, "repetition_penalty": 1.3, "no_repeat_ngram_size": 3, "min_new_tokens": 8, "renormalize_logits": True},
]


def greedy_cases(model, rng) -> list[dict]:
    cases = []
    for options in OPTIONS:
        for repeat in range(4):
            length = 1 if repeat == 0 else int(rng.integers(1, 10))
            prompt = rng.integers(0, VOCAB, length).tolist()
            eos = [[2], [], [2, 5, 11, 17], [2]][repeat]
            if "exponential_decay_length_penalty" in options:
                eos = eos or [2]
            given = {key: tuple(value) if key == "exponential_decay_length_penalty" else value for key, value in options.items()}
            ids = model.generate(torch.tensor([prompt]), use_cache=False, eos_token_id=eos or None, pad_token_id=0, **given)[0].tolist()
            cases.append({"options": options, "eos_token_id": eos, "prompt": prompt, "new_tokens": ids[length:]})
    return cases


def processor_order(model) -> dict[str, list[str]]:
    every = dict(
        sequence_bias=[[[1], 1.0]], repetition_penalty=1.2, no_repeat_ngram_size=2, bad_words_ids=[[4, 5]], min_length=3, min_new_tokens=2,
        forced_bos_token_id=3, forced_eos_token_id=2, remove_invalid_values=True, exponential_decay_length_penalty=(2, 1.2),
        suppress_tokens=[9], begin_suppress_tokens=[8], temperature=0.7, top_h=0.9, top_k=40, top_p=0.95, min_p=0.01, typical_p=0.95,
        epsilon_cutoff=1e-3, eta_cutoff=1e-3, renormalize_logits=True, eos_token_id=2, max_length=30,
    )
    orders = {}
    for name, do_sample in (("greedy", False), ("sampling", True)):
        config = GenerationConfig(do_sample=do_sample, **every)
        config._eos_token_tensor = torch.tensor([2])
        allowed = lambda batch, ids: list(range(VOCAB))  # noqa: E731
        processors = model._get_logits_processor(config, input_ids_seq_length=5, prefix_allowed_tokens_fn=allowed, logits_processor=[], device="cpu")
        orders[name] = [type(processor).__name__ for processor in processors]
    return orders


STOPS = [["ab"], ["é"], ["\n\n"], ["aba", "bb"], ["🙂x", "éa"], ["<end_of_utterance>"], ["a b"], [". "]]
PIECES = ["a", "b", "ab", "ba", " ", "é", "🙂", "x", "\n", ".", "<end_of_utterance>"]


def stop_string_cases(rng) -> dict:
    tokenizer = AutoTokenizer.from_pretrained(CHECKPOINTS / "v2-base-fp32")
    vocab = tokenizer.get_vocab()
    to_char = bytes_to_unicode()
    to_byte = {char: byte for byte, char in to_char.items()}
    spelled = {index: bytes(to_byte[c] for c in token) if all(c in to_byte for c in token) else token.encode() for token, index in vocab.items()}
    cases, used = [], set()
    for stops in STOPS:
        criteria = StopStringCriteria(tokenizer, stops)
        for repeat in range(60):
            text = "".join(PIECES[i] for i in rng.integers(0, len(PIECES), rng.integers(1, 9)))
            if repeat % 3:
                stop = stops[repeat % len(stops)]
                text += stop[: int(rng.integers(1, len(stop) + 1))] + ("" if repeat % 5 else "c")
            ids = tokenizer(text, add_special_tokens=False).input_ids
            if repeat % 2:  # spell most tokens byte by byte, so that characters are split over tokens
                split = lambda index: len(spelled[index]) > 1 and not spelled[index].startswith(b"<") and rng.random() < 0.7  # noqa: E731
                ids = [part for index in ids for part in ([vocab[to_char[byte]] for byte in spelled[index]] if split(index) else [index])]
            cases.append({"stop_strings": stops, "ids": ids, "stops": bool(criteria(torch.tensor([ids]), None)[0])})
            used.update(ids)
    return {"token_bytes": {index: list(spelled[index]) for index in sorted(used)}, "cases": cases}


def main():
    torch.set_num_threads(1)
    rng = np.random.default_rng(5)
    model = FormulaModel(FormulaConfig())
    value = {
        "versions": versions(), "vocab_size": VOCAB, "formula": FORMULA, "greedy": greedy_cases(model, rng),
        "processor_order": processor_order(model), "stop_strings": stop_string_cases(rng),
    }
    write_json(FIXTURES / "generation" / "loops.json", value, indent=None)


if __name__ == "__main__":
    main()
