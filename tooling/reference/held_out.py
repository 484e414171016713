"""Compares `smolvlm run` with transformers on cases that nobody has seen: random pictures, sizes, file formats and texts.

    python held_out.py --seed 7 --rounds 2                      # every fixture checkpoint
    python held_out.py --seed 7 ../../packages/nano/model       # or folders of one's own

Ids, masks and pixels must be equal, the first step's logits within 1e-4, 24 greedy tokens equal. Exits with 1 where anything differs.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

import torchvision_shim  # noqa: F401  (before transformers)
import numpy as np
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file

from case_specs import Case
from paths import CHECKPOINTS, ROOT
from run_case import MAX_NEW_TOKENS, Reference, generate, process

PROGRAM = ["node", str(ROOT / "apps/cli/dist/main.js"), "run"]
TOLERANCE = 1e-4
#: Two scores closer than this may change places between two correct fp32 programs.
TIE = 2e-4
SAYINGS = [
    "What is in this image?", "Zähle: 1, 22, 333 … ½ ② Ⅷ", "  leading and trailing  ", "{{ user }} {% if %} <b>&amp;</b>", "多少个？ 🙂👩‍👩‍👧 é", "a\n\n\nb\tc",
    "<|im_start|>User: no<end_of_utterance>", "<row_1_col_1> is text here", "def f(x):\n    return x ** 2  # 10_000", "Привет! Ça va? नमस्ते", "x" * 70, "?!.,;:",
]
FORMATS = {"png": {}, "jpg": {"quality": 83}, "bmp": {}, "tiff": {}, "gif": {}, "webp": {"lossless": True}}


def picture(rng: random.Random, folder: Path) -> str:
    """A drawing with noise, of any aspect ratio from 1:12 to 12:1, grey, RGB, with alpha or a palette; returns its path."""
    w = rng.choice([rng.randint(8, 60), rng.randint(60, 500)])
    h = max(4, min(500, round(w * 2 ** rng.uniform(-3.5, 3.5)))) if rng.random() < 0.5 else rng.randint(8, 300)
    noise = np.random.default_rng(rng.randrange(2**32))
    pixels = np.linspace(0, 200, w)[None, :, None] + noise.normal(30, rng.choice([0, 8, 60]), (h, w, 3)) + np.array([0, 40, 20]) * rng.random()
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(rng.randint(0, 4)):
        x, y = rng.randrange(w), rng.randrange(h)
        pen.ellipse([x, y, x + rng.randint(1, w), y + rng.randint(1, h)], fill=tuple(rng.randrange(256) for _ in range(3)))
    ending = rng.choice(list(FORMATS))
    mode = rng.choice(["RGB", "RGB", "L", "P", "RGBA"] if ending == "png" else ["RGB", "L"] if ending in ("jpg", "tiff", "bmp") else ["RGB"])
    image = image.convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.fromarray(noise.integers(0, 256, (h, w), np.uint8)))
    path = folder / f"picture-{rng.randrange(10**9)}.{ending}"
    image.save(path, **FORMATS[ending])
    return str(path)


def text(rng: random.Random, bare: bool) -> dict:
    value = rng.choice(SAYINGS) if rng.random() < 0.6 else "".join(rng.choice("abc XYZ 0123456789 .,!?\n'éß中🙂½") for _ in range(rng.randint(1, 40)))
    return {"type": "text", "text": value if bare or value.strip() else "?"}


def user(rng: random.Random, *images: str) -> dict:
    parts = [{"type": "image", "path": path} for path in images]
    parts.insert(rng.randint(0, len(parts)), text(rng, False))
    return {"role": "user", "content": parts}


def conversations(rng: random.Random, folder: Path) -> dict[str, list]:
    """One batch of each kind that the command line must agree on."""
    shot = lambda: picture(rng, folder)
    said = lambda role: {"role": role, "content": [text(rng, False)]}
    turns = [said("system"), user(rng, shot()), said("assistant"), user(rng), said("assistant"), user(rng, shot())]
    return {
        "one image": [[user(rng, shot())]],
        "two images": [[user(rng, shot(), shot())]],
        "system and turns": [turns],
        "text only": [[user(rng)]],
        "mixed batch": rng.sample([[user(rng)], [user(rng, shot())], [user(rng, shot(), shot())], turns], 4),
    }


def run_program(model: Path, batch: list, folder: Path) -> tuple[dict, dict]:
    """What the command line prints and saves."""
    file, inputs, logits = folder / "conversation.json", folder / "inputs.safetensors", folder / "logits.safetensors"
    file.write_text(json.dumps(batch))
    call = [*PROGRAM, file, "--model", model, "--json", "--max-new-tokens", str(MAX_NEW_TOKENS), "--save-inputs", inputs, "--save-logits", logits]
    done = subprocess.run(list(map(str, call)), capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout), {**load_file(inputs), **load_file(logits)}


def differences(reference: Reference, batch: list, folder: Path, model: Path) -> tuple[list[str], float, bool]:
    """(what differs, largest difference of the logits, whether the reference itself was near a tie)"""
    out = process(reference, Case("held-out", "", batch), batch)
    answer = generate(reference, out["inputs"])
    printed, saved = run_program(model, batch, folder)
    wrong = []
    for name in ("input_ids", "attention_mask", "pixel_values", "pixel_attention_mask"):
        ours, theirs = saved.get(name), out["inputs"].get(name)
        if (ours is None) != (theirs is None) or ours is not None and not (ours.shape == theirs.shape and torch.equal(ours.float(), theirs.float())):
            wrong.append(name)
    gap = (saved["last_logits"] - answer["last_logits"]).abs().max().item()
    if not gap < TOLERANCE:
        wrong.append(f"last_logits by {gap:.1e}")
    tokens = [result["tokenIds"] for result in printed["results"]]
    if tokens != answer["rows"]:
        wrong.append(f"tokens {tokens} instead of {answer['rows']}")
    return wrong, gap, answer["min_margin"] < TIE


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("models", nargs="*", type=Path, default=sorted(CHECKPOINTS.iterdir()))
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--keep", type=Path, help="leave the pictures in folders here")
    args = p.parse_args()
    torch.set_num_threads(2)
    failed = compared = 0
    for model in args.models:
        reference, worst = Reference(str(model.resolve())), 0.0
        for number in range(args.rounds):
            with tempfile.TemporaryDirectory() if args.keep is None else nullcontext(tempfile.mkdtemp(dir=args.keep)) as name:
                rng = random.Random(f"{args.seed}-{model.name}-{number}")
                for kind, batch in conversations(rng, Path(name)).items():
                    try:
                        wrong, gap, tie = differences(reference, batch, Path(name), model.resolve())
                    except RuntimeError as error:
                        wrong, gap, tie = [str(error)], 0.0, False
                    compared, worst = compared + 1, max(worst, gap)
                    if wrong:
                        failed += 1
                        print(f"{model.name}, {kind}, round {number}{' (near a tie)' if tie else ''}: {'; '.join(wrong)}\n  {json.dumps(batch, ensure_ascii=False)}", flush=True)
        print(f"{model.name}: logits within {worst:.1e}", flush=True)
    print(f"{compared - failed} of {compared} cases agree")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
