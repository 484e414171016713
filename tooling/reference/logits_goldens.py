"""Writes fixtures/generation/logits-processors.json: every logits processor of the library on small score vectors."""

import torchvision_shim  # noqa: F401  (before transformers)
import numpy as np
import torch
from transformers.generation import logits_process as lp

from paths import FIXTURES, versions, write_json

VOCAB = 50
EOS = 7


def build(kind: str, args: dict, prompt_length: int):
    a = dict(args)
    classes = {
        "Temperature": lp.TemperatureLogitsWarper, "TopK": lp.TopKLogitsWarper, "TopP": lp.TopPLogitsWarper, "MinP": lp.MinPLogitsWarper,
        "Typical": lp.TypicalLogitsWarper, "Epsilon": lp.EpsilonLogitsWarper, "Eta": lp.EtaLogitsWarper,
        "RepetitionPenalty": lp.RepetitionPenaltyLogitsProcessor, "NoRepeatNGram": lp.NoRepeatNGramLogitsProcessor,
        "NoBadWords": lp.NoBadWordsLogitsProcessor, "SequenceBias": lp.SequenceBiasLogitsProcessor, "MinLength": lp.MinLengthLogitsProcessor,
        "MinNewTokens": lp.MinNewTokensLengthLogitsProcessor, "ForcedBos": lp.ForcedBOSTokenLogitsProcessor,
        "ForcedEos": lp.ForcedEOSTokenLogitsProcessor, "ExponentialDecayLengthPenalty": lp.ExponentialDecayLengthPenalty,
        "SuppressTokens": lp.SuppressTokensLogitsProcessor, "SuppressTokensAtBegin": lp.SuppressTokensAtBeginLogitsProcessor,
        "InfNanRemove": lp.InfNanRemoveLogitsProcessor, "LogitNormalization": lp.LogitNormalization,
    }
    if kind in ("MinLength", "MinNewTokens", "ForcedEos", "NoBadWords", "ExponentialDecayLengthPenalty", "Eta"):
        if kind in ("MinLength", "MinNewTokens", "ForcedEos", "NoBadWords", "ExponentialDecayLengthPenalty"):
            a.setdefault("eos_token_id", EOS)
    if kind == "MinNewTokens":
        a["prompt_length_to_skip"] = prompt_length
    if kind == "ExponentialDecayLengthPenalty":
        a["exponential_decay_length_penalty"] = tuple(a["exponential_decay_length_penalty"])
        a["input_ids_seq_length"] = prompt_length
    if kind == "SuppressTokensAtBegin":
        a["begin_index"] = prompt_length
    if kind == "SequenceBias":
        a["sequence_bias"] = [[list(ids), bias] for ids, bias in a["sequence_bias"]]
    return classes[kind](**a)


SINGLE = [
    *[("Temperature", {"temperature": t}) for t in (0.1, 0.7, 1.5, 3.0)],
    *[("TopK", {"top_k": k}) for k in (1, 5, 20, 50, 80)], ("TopK", {"top_k": 1, "min_tokens_to_keep": 3}),
    *[("TopP", {"top_p": p}) for p in (0.01, 0.3, 0.9, 0.999)], ("TopP", {"top_p": 0.01, "min_tokens_to_keep": 4}),
    *[("MinP", {"min_p": p}) for p in (0.01, 0.1, 0.9)], ("MinP", {"min_p": 0.9, "min_tokens_to_keep": 3}),
    *[("Typical", {"mass": m}) for m in (0.05, 0.5, 0.95)], ("Typical", {"mass": 0.05, "min_tokens_to_keep": 3}),
    *[("Epsilon", {"epsilon": e}) for e in (0.0005, 0.02, 0.5)], *[("Eta", {"epsilon": e}) for e in (0.0005, 0.05, 0.5)],
    *[("RepetitionPenalty", {"penalty": p}) for p in (0.8, 1.1, 2.0)],
    *[("NoRepeatNGram", {"ngram_size": n}) for n in (1, 2, 3, 4)],
    ("NoBadWords", {"bad_words_ids": [[3]]}), ("NoBadWords", {"bad_words_ids": [[3], [11, 12], [4, 5, 6], [9, 2]]}), ("NoBadWords", {"bad_words_ids": [[EOS], [20]]}),
    ("SequenceBias", {"sequence_bias": [[[3], -2.5], [[4, 5], 3.0], [[11, 12, 13], -10.0]]}),
    *[("MinLength", {"min_length": n}) for n in (5, 12, 13)], *[("MinNewTokens", {"min_new_tokens": n}) for n in (2, 7, 8)],
    ("MinLength", {"min_length": 40, "eos_token_id": [7, 9]}), ("MinNewTokens", {"min_new_tokens": 30, "eos_token_id": [7, 9]}),
    ("ForcedBos", {"bos_token_id": 4}), ("ForcedEos", {"max_length": 13}), ("ForcedEos", {"max_length": 14}),
    *[("ExponentialDecayLengthPenalty", {"exponential_decay_length_penalty": v}) for v in ([3, 1.05], [1, 1.5], [20, 2.0])],
    ("SuppressTokens", {"suppress_tokens": [0, 5, 49]}), ("SuppressTokensAtBegin", {"begin_suppress_tokens": [1, 7]}),
    ("InfNanRemove", {}), ("LogitNormalization", {}),
]
COMBINED = [
    [("RepetitionPenalty", {"penalty": 1.2}), ("NoRepeatNGram", {"ngram_size": 2}), ("Temperature", {"temperature": 0.8}), ("TopK", {"top_k": 20}), ("TopP", {"top_p": 0.9})],
    [("RepetitionPenalty", {"penalty": 1.3}), ("MinNewTokens", {"min_new_tokens": 20}), ("Temperature", {"temperature": 0.6}), ("MinP", {"min_p": 0.05})],
    [("NoBadWords", {"bad_words_ids": [[3], [11, 12]]}), ("SuppressTokens", {"suppress_tokens": [1, 2]}), ("Temperature", {"temperature": 1.4}), ("TopK", {"top_k": 12}), ("Typical", {"mass": 0.6})],
    [("Temperature", {"temperature": 2.0}), ("TopK", {"top_k": 30}), ("TopP", {"top_p": 0.8}), ("MinP", {"min_p": 0.02}), ("Typical", {"mass": 0.9}), ("Epsilon", {"epsilon": 0.01}), ("Eta", {"epsilon": 0.01})],
    [("RepetitionPenalty", {"penalty": 1.1}), ("NoRepeatNGram", {"ngram_size": 3}), ("NoBadWords", {"bad_words_ids": [[4]]}), ("MinLength", {"min_length": 30}),
     ("ExponentialDecayLengthPenalty", {"exponential_decay_length_penalty": [2, 1.2]}), ("Temperature", {"temperature": 0.9}), ("TopP", {"top_p": 0.5}), ("LogitNormalization", {})],
]


def number(value: float):
    return "-inf" if value == float("-inf") else "inf" if value == float("inf") else "nan" if value != value else float(str(np.float32(value)))


def inputs(seed: int, kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, 14, (2, 12), generator=generator)  # few distinct ids, so that n-grams come back
    ids[1, -2:] = torch.tensor([4, 5]) if seed % 2 else torch.tensor([9, 11])
    scores = torch.randn((2, VOCAB), generator=generator) * 3
    scores[0, 10] = scores[0, 20]  # a tie
    if kind == "InfNanRemove":
        scores[0, 3], scores[0, 4], scores[1, 5] = float("inf"), float("-inf"), float("nan")
    return ids, scores


def case(name: str, chain: list, seed: int, prompt_length: int) -> dict:
    ids, scores = inputs(seed, chain[0][0])
    if chain[0][0] == "ForcedBos" and seed % 2:
        ids = ids[:, :1]
    output = scores.clone()
    for kind, args in chain:
        output = build(kind, args, prompt_length)(ids, output)
    return {
        "name": name, "eos_token_id": EOS, "prompt_length": prompt_length,
        "processors": [{"type": kind, "args": args} for kind, args in chain], "input_ids": ids.tolist(),
        "scores": [[number(v) for v in row] for row in scores.tolist()], "output": [[number(v) for v in row] for row in output.tolist()],
    }


def main() -> None:
    done = []
    for i, (kind, args) in enumerate(SINGLE):
        prompts = (12, 5) if kind in ("SuppressTokensAtBegin", "ExponentialDecayLengthPenalty", "MinNewTokens") else (5,)
        seeds = (1000 + 2 * i, 1001 + 2 * i) if kind == "ForcedBos" or len(prompts) == 1 and kind in ("TopP", "NoRepeatNGram", "NoBadWords") else (1000 + i,)
        done += [case(f"{kind}-{i}-{s}-{p}", [(kind, args)], s, p) for s in seeds for p in prompts]
    for i, chain in enumerate(COMBINED):
        done += [case(f"combined-{i}-{s}", chain, s, 5) for s in (2000 + 2 * i, 2001 + 2 * i)]
    path = FIXTURES / "generation" / "logits-processors.json"
    write_json(path, {"versions": versions(), "vocabulary": VOCAB, "cases": done}, indent=None)
    path.write_text(path.read_text().replace('{"name"', '\n{"name"'))
    print(f"{len(done)} logits processor cases, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
