"""Hashes of resized noise by Pillow, torchvision (uint8) and torchvision's transforms v1 (float32). Writes resize.json beside this script.

Run with the Python of tooling/reference; format the result with prettier. The source is RGB noise from a linear
congruential generator (see `noise`), half of the cases black and white only, which is the hardest for rounding and clamping. A hash is the first 16 digits of the SHA-256 of the RGB bytes.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tooling" / "reference"))
import torchvision_shim  # noqa: E402, F401

import torch  # noqa: E402
import torchvision  # noqa: E402
from PIL import Image, __version__ as pillow_version  # noqa: E402
from torchvision.transforms import InterpolationMode  # noqa: E402
from torchvision.transforms import functional as v1  # noqa: E402
from torchvision.transforms.v2 import functional as v2  # noqa: E402

MODES = {0: InterpolationMode.NEAREST_EXACT, 1: InterpolationMode.LANCZOS, 2: InterpolationMode.BILINEAR, 3: InterpolationMode.BICUBIC}


def noise(width: int, height: int, seed: int) -> np.ndarray:
    state, out = seed, np.empty(width * height * 3, np.uint8)
    for i in range(out.size):
        state = (state * 1664525 + 1013904223) % 2**32
        out[i] = state >> 24
    if seed % 2:
        out = np.where(out < 128, 0, 255).astype(np.uint8)
    return out.reshape(height, width, 3)


def sha(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def case(width: int, height: int, new_width: int, new_height: int, seed: int) -> dict:
    source = noise(width, height, seed)
    tensor = torch.from_numpy(source).permute(2, 0, 1)
    size = [new_height, new_width]
    hwc = lambda t: t.permute(1, 2, 0).numpy()  # noqa: E731
    # To a width of 1, torch 2.13 gives every row the value of one of them; that is a bug, and not ours to reproduce.
    float_modes = (0,) if new_width == 1 else (0, 2, 3)
    return {
        "from": [width, height], "to": [new_width, new_height], "seed": seed,
        "pillow": {r: sha(np.asarray(Image.fromarray(source).resize((new_width, new_height), r))) for r in range(6)},
        "torchvision": {r: sha(hwc(v2.resize(tensor, size, interpolation=m, antialias=True))) for r, m in MODES.items()},
        "torchvision-float32": {r: sha(hwc(v1.resize(tensor, size, interpolation=MODES[r], antialias=True))) for r in float_modes},
    }


rng = np.random.default_rng(11)
sizes = [(1, 1, 5, 7), (5, 7, 1, 1), (64, 48, 64, 96), (64, 48, 31, 48), (3, 90, 40, 2), (90, 3, 2, 40), (256, 10, 8, 8), (7, 7, 120, 120)]
sizes += [tuple(int(v) for v in rng.integers(1, 90, 4)) for _ in range(28)]
sizes += [(int(s), int(s), int(s * k), int(s * k) + 1) for s, k in zip(rng.integers(20, 60, 6), (0.25, 0.5, 0.8, 1.25, 2, 3.3))]
# More than 100 times as high as wide: Pillow 12.3 does the columns first where the height shrinks (not in the last of these).
sizes += [(3, 310, 2, 40), (2, 230, 5, 21), (3, 301, 1, 299), (2, 201, 3, 260)]
cases = [case(*size, seed) for seed, size in enumerate(sizes)]
# A row whose pixels show that Pillow's constants of HAMMING are float32.
cases.append(case(48, 1, 16, 1, 210))
about = f"Made by make_resize_goldens.py with Pillow {pillow_version}, torch {torch.__version__}, torchvision {torchvision.__version__}"
rows = ",\n".join(json.dumps(c) for c in cases)
Path(__file__).with_name("resize.json").write_text(f'{{"about": {json.dumps(about)}, "cases": [\n{rows}\n]}}\n')
print(len(cases))
