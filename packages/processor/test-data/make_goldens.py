"""Makes the golden files of this folder with the Python library `tokenizers` (0.23.3) and `num2words` (0.5.14).

    python make_goldens.py <tokenizer.json of SmolVLM-256M-Instruct>

hard-strings.json   [[text, ids], ...] and, where decode(ids) is not the text, [text, ids, decoded]
added-tokens.json   {"tokens": [...], "cases": [[text, ids], ...]}: the same tokenizer with added tokens of every option
number-words.json   {"0": "zero", ...}
"""

import json
import random
import sys
from pathlib import Path

from num2words import num2words
from tokenizers import AddedToken, Tokenizer

HERE = Path(__file__).parent
CHUNKS = [
    "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", " ", "  ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "\u0085", "\ufeff", "\u200b",
    "\u200d", "\u2028", "\u3000", "\x1c", "\x1f", "\x04", "\x06", "\x13", "\x14", "\x16", "\x1d", "\x00", "\x7f", "½", "²", "Ⅷ", "②", "१",
    "٣", "𝟘", "〇", "一", "㊀", "é", "e\u0301", "ß", "ﬁ", "İ", "한국어", "日本語", "العربية", "עברית", "ไทย", "हिन्दी", "🙂", "👩‍👩‍👧‍👦", "🏳️‍🌈",
    "🇰🇷", "👍🏽", "❤️", "\U000e0041", "\U00040000", "\U000f0000", "\U0010ffff", "\ufffd", "\ufffe", "hello", "Hello", "WORLD", "the",
    "The quick brown fox", "def f(x):", "return", "    ", "<|", "|>", "<", "<image", "image>", "<row_1_col_7>", "User:", "Assistant:", "0",
    "1", "42", "3.14", "1,000", "!", "!!", "...", "--", "==", "'", '"', "’", "“", "—", "#include <stdio.h>", "{}", "[]", "http://a.b/c?d=e",
    "\\n", "_x_", "CamelCase", "snake_case", "ﷺ", "ǅ", "ʰ", "ﾞ", "゛", "\u0300", "\u0488", "\u202e", "¼", "a" * 30, "\u0378", "\U0002b73a",
    "\U000323b0", "\U00011de0", "\U00016ff4",
]


def code_point(rng):
    while True:
        limit = rng.choice([0x80, 0x800, 0x10000, 0x10000, 0x110000])
        value = rng.randrange(limit)
        if not 0xD800 <= value < 0xE000:
            return chr(value)


def text(rng, added):
    kind = rng.random()
    length = rng.randrange(1, 9)
    if kind < 0.3:
        return "".join(rng.choice(CHUNKS) for _ in range(length))
    if kind < 0.5:
        return "".join(rng.choice(CHUNKS if rng.random() < 0.7 else added) for _ in range(length))
    if kind < 0.7:
        return "".join(code_point(rng) for _ in range(length))
    if kind < 0.85:
        return "".join(rng.choice(CHUNKS) if rng.random() < 0.5 else code_point(rng) for _ in range(length))
    return "".join(chr(rng.randrange(32, 127)) for _ in range(rng.randrange(1, 30)))


def lines(cases):
    return "[\n" + ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases) + "\n]"


def hard_strings(path):
    tokenizer = Tokenizer.from_file(path)
    rng = random.Random(20261124)
    added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    cases = []
    for _ in range(1000):
        string = text(rng, added)
        ids = tokenizer.encode(string).ids
        decoded = tokenizer.decode(ids, skip_special_tokens=False)
        cases.append([string, ids] if decoded == string else [string, ids, decoded])
    (HERE / "hard-strings.json").write_text(lines(cases) + "\n")


def added_tokens(path):
    tokenizer = Tokenizer.from_file(path)
    options = [
        ("<mask>", dict(lstrip=True, special=True)),
        ("<end>", dict(rstrip=True, special=True)),
        ("<both>", dict(lstrip=True, rstrip=True)),
        ("word", dict(single_word=True, normalized=False)),
        ("wordy", dict(normalized=False)),
        ("naïve", dict(normalized=True)),
        ("a<mask", dict(normalized=True)),
        ("[a.b]", dict(normalized=True)),
        ("two words", dict(normalized=False)),
        ("  ", dict(normalized=True, single_word=True)),
        ("<mask><end>", dict(normalized=False)),
    ]
    for content, flags in options:
        token = AddedToken(content, **flags)
        (tokenizer.add_special_tokens if flags.get("special") else tokenizer.add_tokens)([token])
    described = []
    for content, _ in options:
        identity = tokenizer.token_to_id(content)
        token = tokenizer.get_added_tokens_decoder()[identity]
        fields = ("content", "special", "lstrip", "rstrip", "single_word", "normalized")
        described.append({"id": identity, **{field: getattr(token, field) for field in fields}})
    rng = random.Random(7)
    parts = [content for content, _ in options] + [" ", "   ", "\n", "\u0085", "\ufeff", "\u200d", "x", "é", "_", "1", "!", "<image>", "a"]
    cases = []
    for _ in range(600):
        string = "".join(rng.choice(parts) for _ in range(rng.randrange(1, 9)))
        ids = tokenizer.encode(string).ids
        cases.append([string, ids, tokenizer.decode(ids, skip_special_tokens=False), tokenizer.decode(ids)])
    body = '{"tokens": ' + json.dumps(described) + ',\n"cases": ' + lines(cases) + "}\n"
    (HERE / "added-tokens.json").write_text(body)


def number_words():
    rng = random.Random(3)
    numbers = sorted({*range(0, 131), *range(990, 1035), *(rng.randrange(10**k) for k in range(2, 7) for _ in range(40)), 9999, 10000, 100000, 999999})
    (HERE / "number-words.json").write_text(json.dumps({str(n): num2words(n) for n in numbers}, indent=0) + "\n")


if __name__ == "__main__":
    hard_strings(sys.argv[1])
    added_tokens(sys.argv[1])
    number_words()
