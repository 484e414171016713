"""Regenerates everything under fixtures/ (about four minutes on two cores). Stops if the libraries are not the oracle we know."""

import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import cases
import chat_goldens
import check_oracle
import checkpoints
import fuzz_tokenizer
import generation_loops
import generation_loops
import image_goldens
import logits_goldens
import media
import video_goldens
from paths import FIXTURES

LIMIT = 8_000_000


def main() -> int:
    if check_oracle.main() != 0:
        return 1
    for module in (media, checkpoints, cases, image_goldens, video_goldens, logits_goldens, generation_loops, chat_goldens):
        print(f"== {module.__name__}", flush=True)
        module.main()
    if fuzz_tokenizer.DEFAULT.exists():  # the real tokenizer is not in the repository
        fuzz_tokenizer.main()
    total = sum(p.stat().st_size for p in FIXTURES.rglob("*") if p.is_file())
    print(f"fixtures/ holds {total / 1e6:.2f} MB")
    return 0 if total < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
