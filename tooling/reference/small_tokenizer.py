"""A byte-level BPE of a few hundred entries with SmolVLM's pre-tokenizer and special tokens, in the files of transformers 4."""

import json
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from paths import write_json

# Byte symbols that the real vocabulary lacks (0x04 06 13 14 16 1D C0 C1 F1 F2 F5-FF); BPE without unk drops them silently.
MISSING_BYTES = [0x04, 0x06, 0x13, 0x14, 0x16, 0x1D, 0xC0, 0xC1, 0xF1, 0xF2, *range(0xF5, 0x100)]
FIRST = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
ROWS = [f"<row_{r}_col_{c}>" for r in range(1, 7) for c in range(1, 7)]
FULL = ["<global-img>", *ROWS, "<fake_token_around_image>", "<image>", "<|reserved_special_token_0|>", "<end_of_utterance>"]
SMALL = ["<fake_token_around_image>", "<image>", "<end_of_utterance>"]  # SmolVLM-Instruct 2.2B: rows and global are plain text
TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}{% if message['content'][0]['type'] == 'image' %}"
    "{{':'}}{% else %}{{': '}}{% endif %}{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
CORPUS = [
    "User: What is in this image?\nAssistant: The image shows a red circle and a blue square.\n\n",
    "System: You are a helpful assistant.\nUser: Describe the picture. How many shapes are there?\n\n",
    "You are provided the following series of three frames from a 0:00:03 [H:MM:SS] video.\n\nFrame from 00:00:\nFrame from 00:01:\n\n",
    "User: Which of these images is brighter, and where is the yellow one?\nAssistant: The second one, on the left.\n\n",
    "User: Describe this video in detail.\nAssistant: The disc moves from left to right over the background.\n\n",
    "The colours are red, green, blue, yellow, white, black, purple and orange.\n\n\n",
]


def alphabet() -> list[str]:
    """The printable symbols of the byte-level alphabet, in order of bytes, without those that the real vocabulary lacks."""
    direct = [*range(33, 127), *range(161, 173), *range(174, 256)]
    symbol = {b: chr(b) for b in direct}
    for i, b in enumerate(b for b in range(256) if b not in symbol):
        symbol[b] = chr(256 + i)
    return [symbol[b] for b in sorted(symbol) if b not in MISSING_BYTES]


def build(merges: int, with_rows: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=len(FIRST) + len(alphabet()) + merges, special_tokens=FIRST, initial_alphabet=alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    special = [AddedToken(t, normalized=False, special=True) for t in FIRST + (FULL if with_rows else SMALL)]
    tokenizer.add_special_tokens(special)
    return tokenizer


def write_transformers4_files(folder: Path, tokenizer: Tokenizer, processor_class: str, model_max_length: int, v2: bool) -> None:
    """tokenizer.json, tokenizer_config.json and special_tokens_map.json as the Hub repositories have them."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = json.loads(tokenizer.to_str())
    (folder / "tokenizer.json").write_text(json.dumps(saved, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    extra = {
        "end_of_utterance_token": "<end_of_utterance>", "fake_image_token": "<fake_token_around_image>",
        "global_image_token": "<global-img>", "image_token": "<image>",
    }
    write_json(folder / "tokenizer_config.json", {
        "add_prefix_space": False,
        "added_tokens_decoder": {str(t["id"]): {"content": t["content"], **flags, "special": True} for t in saved["added_tokens"]},
        "additional_special_tokens": SMALL, "bos_token": "<|im_start|>", "chat_template": TEMPLATE,
        "clean_up_tokenization_spaces": False, **({**extra, "extra_special_tokens": extra} if v2 else {}),
        "eos_token": "<end_of_utterance>", "legacy": False, "model_max_length": model_max_length, "pad_token": "<|im_end|>",
        "processor_class": processor_class, "tokenizer_class": "GPT2Tokenizer", "truncation_side": "left",
        "unk_token": "<|endoftext|>", "vocab_size": tokenizer.get_vocab_size(with_added_tokens=False),
    }, indent=1)
    named = {"bos_token": "<|im_start|>", "eos_token": "<end_of_utterance>", "pad_token": "<|im_end|>", "unk_token": "<|endoftext|>"}
    write_json(folder / "special_tokens_map.json", {
        "additional_special_tokens": SMALL if v2 else [{"content": t, **flags} for t in SMALL],
        **{name: {"content": content, **flags} for name, content in named.items()},
        **(extra if v2 else {}),
    }, indent=1)
