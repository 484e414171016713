"""Writes fixtures/tokenizer/fuzz-ids.json: ids of the real tokenizer for strings that are hard to split.

    python fuzz_tokenizer.py [tokenizer.json] [count]

The tokenizer itself is not in the repository (it is the one shared by SmolVLM 256M, 500M and SmolVLM2).
"""

import json
import random
import sys
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer

from paths import FIXTURES, versions
from synthetic import sha256

DEFAULT = Path(__file__).resolve().parents[2].parent / "shared/data/tokenizer/shared/tokenizer.json"
SPACES = " \t\n\r\x0b\x0c\x1c\x1f\x85\u00a0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u061c\ufe0f\u202e\x00\x01\x04\x7f"
SPECIAL = ["<image>", "<fake_token_around_image>", "<global-img>", "<row_1_col_1>", "<row_6_col_6>", "<row_7_col_1>", "<end_of_utterance>", "<|im_start|>",
           "<|im_end|>", "<|endoftext|>", "<video>", "<|reserved_special_token_3|>", "<image", "image>", "<|im_start", "<repo_name>", "<row_1_col_10>"]
WORDS = ["User:", "Assistant:", "don't", "I'LL", "we've", "it's", "'s", "'re", "'T", "it’s", "image", "picture", "Hello", "naïve", "straße", "İstanbul", "ﬁnance", "日本語", "한국어",
         "русский", "ελληνικά", "עברית", "العربية", "हिन्दी", "ไทย", "中文字", "def f(x):", "x_1+y²=z", "http://a.b/c?d=e&f", "50%", "$3.99", "---", "...", "…", "“quote”", "e\u0301", "Å"]
EMOJI = ["🙂", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇰🇷", "❤️", "1️⃣", "🧑🏿‍🚀", "☺", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]


def by_category(*wanted: str) -> list[str]:
    return [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF and unicodedata.category(chr(c)) in wanted]


def strings(count: int) -> list[str]:
    rng = random.Random(20250)
    numbers = {c: by_category(c) for c in ("Nd", "Nl", "No")}
    marks, letters = by_category("Mn", "Mc", "Me"), by_category("Lu", "Ll", "Lt", "Lm", "Lo")
    symbols = by_category("Sm", "Sc", "Sk", "So", "Pc", "Pd", "Ps", "Pe", "Po", "Pi", "Pf")
    odd = by_category("Zs", "Zl", "Zp", "Cc", "Cf")
    ascii_ = [chr(c) for c in range(32, 127)]

    def piece() -> str:
        kind = rng.randrange(16)
        if kind < 3:
            return "".join(rng.choice(numbers[rng.choice(["Nd", "Nl", "No", "No"])]) for _ in range(rng.randint(1, 3)))
        if kind == 3:
            return str(rng.randrange(10 ** rng.randint(1, 6)))
        if kind == 4:
            return rng.choice(letters) + "".join(rng.choice(marks) for _ in range(rng.randint(1, 2)))
        if kind in (5, 6):
            return "".join(rng.choice(SPACES) for _ in range(rng.randint(1, 4)))
        if kind == 7:
            return " " * rng.randint(1, 9) + "\n" * rng.randint(0, 4)
        if kind == 8:
            return rng.choice(SPECIAL)
        if kind == 9:
            return rng.choice(EMOJI)
        if kind == 10:
            return "".join(rng.choice(symbols) for _ in range(rng.randint(1, 3)))
        if kind == 11:
            return rng.choice(INVISIBLE) if rng.random() < 0.5 else rng.choice(odd)
        if kind == 12:
            return "".join(rng.choice(ascii_) for _ in range(rng.randint(1, 6)))
        if kind == 13:
            return "".join(rng.choice(letters) for _ in range(rng.randint(1, 3)))
        return rng.choice(["", " "]) + rng.choice(WORDS)

    rest = [c for category in ("Nl", "No") for c in numbers[category]]
    out = ["", " ", "\n", "\n\n", "a\n\nb", " 42", "Ⅷ", "½", "②", "x²", "1½2", " ½", "٣٤", "五六", "〇", "Ⅷ Ⅷ", "a1b2", "0x1F", "\u0000", "\ufeffBOM", "\r\n\r\n"]
    out += [rng.choice(["", "a", " ", "7"]) + "".join(rest[i : i + 12]) + rng.choice(["", "b", " "]) for i in range(0, len(rest), 12)]  # every Nl and No
    while len(out) < count:
        out.append("".join(piece() for _ in range(rng.randint(1, 5))))
    return out


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1500
    tokenizer = Tokenizer.from_file(str(path))
    lines = []
    for text in strings(count):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        decoded = tokenizer.decode(ids, skip_special_tokens=False)
        lines.append([text, ids] if decoded == text else [text, ids, decoded])
    target = FIXTURES / "tokenizer" / "fuzz-ids.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    head = json.dumps({"tokenizer": "tokenizer/shared/tokenizer.json of SmolVLM 256M, 500M and SmolVLM2", "tokenizer_sha256": sha256(path.read_bytes()), "versions": versions()})
    body = ",\n".join(json.dumps(line, ensure_ascii=True, separators=(",", ":")) for line in lines)
    target.write_text(head[:-1] + ',\n"cases": [\n' + body + "\n]}\n", encoding="utf-8")
    print(f"{len(lines)} strings, {target.stat().st_size / 1000:.0f} kB, {sum(len(line) == 3 for line in lines)} that do not decode to themselves")


if __name__ == "__main__":
    main()
