"""The tokenizer: SmolVLM2's, in small. Same pre-tokenizer, same special tokens by name, a byte-level BPE of 640 entries.

Layout as in the real vocabulary: the SmolLM specials first, the byte alphabet, the merges, then the vision specials, with
`<end_of_utterance>` last. Printed words never occur in the corpus of merges, so a sign is always spelt letter by letter.
"""
from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared/data/tokenizer/SmolVLM2-256M-500M-Video-Instruct"
HERE = Path(__file__).parent
FILE = HERE.parent.parent / "packages/nano/model/tokenizer.json"
SIZE = 640
FIRST = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<reponame>", "<file_sep>", "<filename>", "<gh_stars>", "<issue_start>", "<issue_comment>",
         "<issue_closed>", "<jupyter_start>", "<jupyter_text>", "<jupyter_code>", "<jupyter_output>", "<jupyter_script>", "<empty_output>"]
VISION = ["<global-img>"] + [f"<row_{r}_col_{c}>" for r in range(1, 7) for c in range(1, 7)] + ["<fake_token_around_image>", "<image>"]
LAST = ["<end_of_utterance>"]


def corpus(n=6000, seed=5):
    """Questions, answers and the fixed sentences of the chat template and the video prompt; no printed words."""
    from questions import ABOUT, SYSTEMS, about_question, clip_questions, image_questions, pair_questions
    from scenes import random_clip, random_scene
    rng = random.Random(seed)
    for _ in range(n):
        rows = image_questions(rng, random_scene(rng), 3)
        motion, clip = random_clip(rng, 2)
        rows += clip_questions(rng, motion, clip[0], 1)
        rows += pair_questions(rng, random_scene(rng, 1), random_scene(rng, 2), 1)
        rows.append(about_question(rng))
        for _, question, answer in rows:
            yield f"User: {question}"
            yield f"\nAssistant: {answer}"
            yield question
        count = rng.choice(["two", "three", "four", "five", "six", "seven", "eight"])
        yield f"You are provided the following series of {count} frames from a 0:00:0{rng.randint(1, 9)} [H:MM:SS] video.\n\nFrame from 00:0{rng.randint(0, 9)}:"
        yield "\n\n"
        if rng.random() < 0.3:
            yield "System: " + rng.choice(SYSTEMS)
    for _ in range(300):
        for questions, answer in ABOUT:
            yield from questions
            yield " " + answer
    yield from ['The sign says "'] * 2000 + ['".'] * 1000 + ["There is no text."] * 500


def train():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    trainer = trainers.BpeTrainer(vocab_size=SIZE - len(VISION) - len(LAST) - 3, special_tokens=FIRST, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    state = json.loads(tokenizer.to_str())
    vocab = state["model"]["vocab"]
    reserved = [f"<|reserved_special_token_{i}|>" for i in range(SIZE - len(vocab) - len(VISION) - len(LAST))]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[tuple(m) for m in state["model"]["merges"]]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in FIRST + VISION + reserved + LAST])
    assert tokenizer.get_vocab_size() == SIZE, tokenizer.get_vocab_size()
    return tokenizer


def save(folder=FILE.parent):
    """Writes the tokenizer's and the processor's files exactly as a SmolVLM2 repository has them."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = train()
    tokenizer.save(str(folder / "tokenizer.json"))
    state = json.loads(tokenizer.to_str())
    added = {t["content"]: t["id"] for t in state["added_tokens"]}
    dump = lambda name, value: (folder / name).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    dump("vocab.json", state["model"]["vocab"])
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(" ".join(m) for m in state["model"]["merges"]) + "\n")
    dump("added_tokens.json", {k: v for k, v in sorted(added.items()) if k not in state["model"]["vocab"]})
    for name in ("special_tokens_map.json", "chat_template.json"):
        shutil.copyfile(REFERENCE / name, folder / name)
        (folder / name).chmod(0o644)
    config = json.loads((REFERENCE / "tokenizer_config.json").read_text())
    config["added_tokens_decoder"] = {str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in sorted(state["added_tokens"], key=lambda t: t["id"])}
    config["model_max_length"] = 2048
    config["vocab_size"] = len(state["model"]["vocab"])
    dump("tokenizer_config.json", config)
    from model import FRAME, LONGEST, TOKENS_PER_FRAME
    processor = json.loads((REFERENCE / "preprocessor_config.json").read_text())
    processor["max_image_size"] = {"longest_edge": FRAME}
    processor["size"] = {"longest_edge": LONGEST}
    processor["video_sampling"] = {"fps": 1, "max_frames": 8, "video_size": {"longest_edge": FRAME}}
    dump("preprocessor_config.json", processor)
    dump("processor_config.json", {"image_seq_len": TOKENS_PER_FRAME, "processor_class": "SmolVLMProcessor"})
    dump("generation_config.json", {"_from_model_config": True, "bos_token_id": added["<|im_start|>"], "eos_token_id": added["<end_of_utterance>"],
                                    "pad_token_id": added["<|im_end|>"], "transformers_version": "5.17.0"})


def load_tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(FILE))


if __name__ == "__main__":
    save()
    t = load_tokenizer()
    for s in ['<|im_start|>User:<image>What color is the circle?<end_of_utterance>\nAssistant: The circle is red.<end_of_utterance>', ' The sign says "CAT".',
              " A red circle, a blue square and a green star in the bottom right, on a white background.", "You are provided the following series of four frames from a 0:00:03 [H:MM:SS] video.\n\nFrame from 00:00:"]:
        e = t.encode(s)
        print(len(e.ids), e.tokens)
