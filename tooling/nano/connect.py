"""Trains the connector alone so that each of a frame's tokens tells what lies in *its own* area.

After `warmup.py` every token of a global frame tells about the whole frame, which a small language model reads badly: its attention
can choose between tokens, not between parts of one. The tower stays frozen, so this takes a minute or two.
"""
from __future__ import annotations

import argparse
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

from frames import IGNORE, scene_frames
from model import FRAME, GRID, SCALE, TEXT, build_model, connector, vision_tower
from scenes import BACKGROUND_NAMES, COLOR_NAMES, LETTERS, MAX_WORD, SHAPES, random_clip, random_scene, random_sign
from vocabulary import load_tokenizer

SIDE = GRID // SCALE
LETTER = 1 + len(LETTERS)
SIZES = [len(BACKGROUND_NAMES), 1 + len(SHAPES), 1 + len(COLOR_NAMES), 1 + len(SHAPES) * len(COLOR_NAMES)] + [LETTER] * MAX_WORD + [LETTER] * 2


def areas(identity, k):
    """Share of each token's area, and share of object k itself, that falls there: [frames, tokens] twice."""
    h, w = identity.shape
    cover = (identity == k).astype(np.float32)
    r, c, block = h // FRAME, w // FRAME, FRAME // SIDE
    tiles = cover.reshape(h // block, block, w // block, block).mean((1, 3)).reshape(r, SIDE, c, SIDE).swapaxes(1, 2).reshape(r * c, -1)
    whole = cover.reshape(SIDE, h // SIDE, SIDE, w // SIDE).mean((1, 3)).reshape(1, -1)
    share = np.concatenate([tiles * block * block, whole * (h // SIDE) * (w // SIDE)]) / max(1.0, cover.sum())
    return np.concatenate([tiles, whole]), share


def targets(scene, identity):
    n = (identity.shape[0] // FRAME) * (identity.shape[1] // FRAME) + 1
    out = np.zeros((n, SIDE * SIDE, len(SIZES)), np.int64)
    out[..., 0] = BACKGROUND_NAMES.index(scene.background)
    best = np.zeros((n, SIDE * SIDE), np.float32)
    for k, t in enumerate(scene.things):
        part, _ = areas(identity, k + 1)
        s, c = SHAPES.index(t.shape), COLOR_NAMES.index(t.color)
        better = part > best
        out[better, 1:4] = (1 + s, 1 + c, 1 + s * len(COLOR_NAMES) + c)
        best[better] = part[better]
    out[(best > 0) & (best < 0.05), 1:4] = IGNORE
    out[:-1, :, 4:4 + MAX_WORD] = IGNORE  # a tile cannot know a letter's index in the word,
    out[-1, :, 4 + MAX_WORD:] = IGNORE  # but which letter comes first in its area
    filled = np.zeros((n, SIDE * SIDE), np.int64)
    for i, letter in enumerate(scene.word):
        _, share = areas(identity, 10 + i)
        here = share > 0.25
        out[-1, here[-1], 4 + i] = 1 + LETTERS.index(letter)
        for f in range(n - 1):
            for j in np.flatnonzero(here[f]):
                if filled[f, j] < 2:
                    out[f, j, 4 + MAX_WORD + filled[f, j]] = 1 + LETTERS.index(letter)
                    filled[f, j] += 1
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tower", default="tower.pt")
    p.add_argument("--out", default="connected.pt")
    p.add_argument("--scenes", type=int, default=2500)
    p.add_argument("--steps", type=int, default=1500)
    args = p.parse_args()
    torch.set_num_threads(2)
    model, rng = build_model(load_tokenizer()), random.Random(42)
    model.load_state_dict(torch.load(args.tower)["model"])
    weight = model.model.connector.modality_projection.proj.weight
    with torch.no_grad():
        weight.normal_(std=weight.shape[1] ** -0.5)
    features, wanted, start = [], [], time.time()
    while len(features) < args.scenes:
        r = rng.random()
        scene = random_sign(rng) if r < 0.4 else rng.choice(random_clip(rng, 5)[1]) if r < 0.5 else random_scene(rng)
        frames, _, _, identity = scene_frames(scene)
        with torch.no_grad():
            features.append(vision_tower(model, torch.from_numpy(frames), torch.bfloat16))
        wanted.append(torch.from_numpy(targets(scene, identity)))
    features, wanted = torch.cat(features), torch.cat(wanted)
    print(len(features), "frames", round(time.time() - start), "s", flush=True)
    heads = torch.nn.Linear(TEXT["hidden_size"], sum(SIZES))
    adam = torch.optim.AdamW([{"params": [weight], "lr": 1e-3}, {"params": heads.parameters(), "lr": 4e-3}], betas=(0.9, 0.98))
    for step in range(args.steps):
        for g, lr in zip(adam.param_groups, (1e-3, 4e-3)):
            g["lr"] = lr * min(1, 2 * (1 - step / args.steps))
        pick = torch.randint(len(features), (256,))
        out = heads(F.rms_norm(connector(model, features[pick]).float(), (TEXT["hidden_size"],)))
        parts, target = out.split(SIZES, -1), wanted[pick]
        losses = [F.cross_entropy(x.flatten(0, 1), target[..., i].flatten(), ignore_index=IGNORE) for i, x in enumerate(parts)]
        loss = torch.stack(losses).nan_to_num().sum()
        adam.zero_grad(); loss.backward(); adam.step()
        if step % 150 == 149:
            right = lambda i: ((parts[i].argmax(-1) == target[..., i])[target[..., i] > 0]).float().mean().item()
            print(step + 1, round(time.time() - start), "s", f"loss {loss.item():.3f}", "shape color pair letter1 letter5 first:", *(f"{right(i):.3f}" for i in (1, 2, 3, 4, 8, 9)), flush=True)
    torch.save({"model": model.state_dict()}, args.out)


if __name__ == "__main__":
    main()
