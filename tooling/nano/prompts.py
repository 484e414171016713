"""Prompts exactly as the reference processor and chat template write them, and rows in which many questions share one picture."""
from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np
import torch

from model import TOKENS_PER_FRAME
from vocabulary import load_tokenizer

FAKE, GLOBAL, IMAGE, END = "<fake_token_around_image>", "<global-img>", "<image>", "<end_of_utterance>"
COUNT_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def image_text(rows, cols):
    """The expansion of one `<image>` split into rows × cols tiles."""
    block = IMAGE * TOKENS_PER_FRAME
    text = "".join("".join(f"{FAKE}<row_{r}_col_{c}>{block}" for c in range(1, cols + 1)) + "\n" for r in range(1, rows + 1))
    return text + f"\n{FAKE}{GLOBAL}{block}{FAKE}"


def video_text(timestamps, duration):
    """The expansion of one `<video>` without its last two newlines; `timestamps` are seconds, `duration` the clip's whole seconds."""
    text = f"You are provided the following series of {COUNT_WORDS[len(timestamps)]} frames from a 0:{int(duration) // 60:02d}:{int(duration) % 60:02d} [H:MM:SS] video.\n"
    for t in timestamps:
        text += f"\nFrame from {int(t // 60):02d}:{int(t % 60):02d}:{FAKE}{GLOBAL}{IMAGE * TOKENS_PER_FRAME}{FAKE}"
    return text


#: After a video. It goes with the question, because the tokenizer merges the newlines differently before a letter.
VIDEO_OUTRO = "\n\n"

#: Parts of a picture that an image token can show: the tiles of a 2×2 split in reading order. Pictures of one row or column have fewer.
PLACES = 4


def sample_indices(total, fps, wanted_fps=1, most=8):
    """The frames the video processor keeps (no clip here is long enough for its skipping rule)."""
    desired = max(1, min(round(wanted_fps * total / fps), most))
    return sorted(set(np.linspace(0, total - 1, desired).astype(int).tolist()))


@functools.lru_cache(maxsize=1)
def _tokenizer():
    return load_tokenizer()


@functools.lru_cache(maxsize=200_000)
def encode(text):
    return tuple(_tokenizer().encode(text, add_special_tokens=False).ids)


def special(name):
    return _tokenizer().token_to_id(name)


class Frame:
    """One 64×64 frame, and what the tower makes of it while the tower is frozen."""
    __slots__ = ("pixels", "feature")

    def __init__(self, pixels):
        self.pixels, self.feature = pixels, None


@dataclass
class Row:
    """A shared prefix and, behind it, alternative continuations that do not see one another."""
    frames: list  # Frames in order
    train_frame: list  # False: features are computed without gradient (tiles)
    prefix: str
    branches: list = field(default_factory=list)  # each a list of (prompt text, answer text)


@functools.lru_cache(maxsize=100_000)
def branch_ids(turns):
    """((prompt, answer), …) → ids and a weight per id: 0 in prompts; in answers (their `<end_of_utterance>` included)
    less the longer they are, or the one token that matters in "Yes." would drown in the commas of descriptions."""
    ids, learn = [], []
    for i, (prompt, answer) in enumerate(turns):
        p = encode(("\nUser: " if i else "") + prompt + END + "\nAssistant:")
        a = encode(" " + answer + END)
        ids += p + a
        learn += [0.0] * len(p) + [(4 / len(a)) ** 0.5] * len(a)
    return ids, learn


def _places(ids):
    """For each token the part of the picture it shows, from the tags around it; -100 where it shows none or the whole."""
    names = _place_names()
    out, tile, last, seen = [], None, None, 0
    for i in ids:
        if i in names:
            tile, last, seen = names[i], names[i], 0
        elif i == special(GLOBAL):
            tile, seen = GLOBAL, 0
        if i != special(IMAGE):
            out.append(-100)
        elif tile == GLOBAL:  # its four tokens show the four tiles of a 2×2 split or the quarters of a clip's frame
            out.append(seen if last in (None, 3) else -100)
            seen += 1
        else:
            out.append(tile)
    return out


@functools.lru_cache(maxsize=1)
def _place_names():
    return {special(f"<row_{r}_col_{c}>"): 2 * (r - 1) + c - 1 for r in (1, 2) for c in (1, 2)}


def collate(rows, budget=176):
    """Rows → tensors. Branches beyond `budget` tokens are left out. Targets hold the next token at answer positions, else -100."""
    image, packed = special(IMAGE), []
    for row in rows:
        ids = list(encode(row.prefix))
        n = len(ids)
        branch, position, target, weight = [0] * n, list(range(n)), [-100] * n, [0.0] * n
        for k, turns in enumerate(row.branches, 1):
            b, learn = branch_ids(tuple(turns))
            if len(ids) + len(b) > budget and k > 1:
                continue
            ids += b
            branch += [k] * len(b)
            position += range(n, n + len(b))
            weight += learn[1:] + [0.0]
            target += [b[i + 1] if i + 1 < len(b) and learn[i + 1] else -100 for i in range(len(b))]
        packed.append((ids, branch, position, target, weight))
    length = max(len(p[0]) for p in packed)
    fill = lambda i, value: torch.tensor([p[i] + [value] * (length - len(p[i])) for p in packed])
    ids, branch, position, target = fill(0, special("<|im_end|>")), fill(1, -1), fill(2, 0), fill(3, -100)
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    mask = ((branch[:, None, :] == 0) | (branch[:, None, :] == branch[:, :, None])) & causal
    frames = [f for r in rows for f in r.frames]
    train = torch.tensor([t for r in rows for t in r.train_frame], dtype=torch.bool)
    cached = bool(frames) and all(f.feature is not None for f in frames)
    features = torch.stack([f.feature for f in frames]) if cached else None
    pixels = torch.from_numpy(np.stack([f.pixels for f in frames])) if frames and not cached else torch.empty(0, 64, 64, 3, dtype=torch.uint8)
    place = torch.tensor([_places(p[0]) + [-100] * (length - len(p[0])) for p in packed])
    return dict(place=place, features=features, ids=ids, position=position, mask=mask[:, None], target=target, weight=fill(4, 0.0), pixels=pixels, train=train, image=ids == image)
