"""Warms the vision tower up alone, on single frames, with 64 labels a frame (see README: joint training from scratch fails)."""
from __future__ import annotations

import argparse
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

from frames import COLOR_CLASSES, CONTENT, IGNORE, POOLED, labels, scene_frames, video_frame
from model import VISION, TEXT, build_model, connector, vision_tower
from muon import Muon, split_parameters
from scenes import BACKGROUND_NAMES, COLOR_NAMES, LETTERS, MAX_WORD, PLACE_NAMES, SHAPES, draw, random_clip, random_scene, random_sign
from vocabulary import load_tokenizer

SIZES = [len(BACKGROUND_NAMES)] + [1 + len(SHAPES), 1 + len(COLOR_NAMES)] * len(PLACE_NAMES) + [1 + len(LETTERS)] * MAX_WORD


class Heads(torch.nn.Module):
    """Linear read-outs thrown away after the warm-up. The pooled one reads the mean of a frame's four tokens,
    so that everything the language model will need lies open in what the connector hands over."""

    def __init__(self):
        super().__init__()
        self.dense = torch.nn.Linear(VISION["hidden_size"], CONTENT + COLOR_CLASSES + 1 + MAX_WORD)
        self.pooled = torch.nn.Linear(TEXT["hidden_size"], sum(SIZES))


def dense_losses(out, content, color, index):
    a, b, c = out.float().split([CONTENT, COLOR_CLASSES, 1 + MAX_WORD], -1)
    ce = lambda x, y: F.cross_entropy(x.flatten(0, 1), y.flatten(), ignore_index=IGNORE)
    return ce(a, content), ce(b, color), ce(c, index)


def pooled_loss(out, target):
    parts = out.float().split(SIZES, -1)
    losses = [F.cross_entropy(p, target[:, i], ignore_index=IGNORE) for i, p in enumerate(parts)]
    losses = [l for l in losses if torch.isfinite(l)]
    return torch.stack(losses).mean()


@torch.no_grad()
def accuracies(dense, content, pooled, target):
    """Share of right patches (shapes, letters) and of right pooled answers (things, words) on global frames."""
    guess = dense[..., :CONTENT].argmax(-1)
    shape, letter = (content > 0) & (content <= len(SHAPES)), content > len(SHAPES)
    right = lambda m: (guess == content)[m].float().mean().item() if m.any() else float("nan")
    picks = torch.stack([p.argmax(-1) for p in pooled.split(SIZES, -1)], 1)
    n = 1 + 2 * len(PLACE_NAMES)
    known = (target[:, 1:n] != IGNORE).all(1)
    things = (picks == target)[known][:, 1:n].all(1).float().mean().item()
    signs = (target[:, n:] > 0).any(1)
    words = (picks == target)[signs][:, n:].all(1).float().mean().item() if signs.any() else float("nan")
    return dict(shape=right(shape), letter=right(letter), things=things, words=words,
                background=(picks == target)[:, 0].float().mean().item())


def sample(rng, sign_share):
    """One global (or video) frame and one tile, with their labels."""
    kind = rng.random()
    if kind < sign_share:
        scene = random_sign(rng)
    elif kind < sign_share + 0.12:
        _, clip = random_clip(rng, 5)
        scene = rng.choice(clip)
    else:
        scene = random_scene(rng)
    frames, _, _, identity = scene_frames(scene)
    content, color, index, pooled = labels(scene, identity)
    tile = rng.randrange(len(frames) - 1)
    pick = [len(frames) - 1, tile]
    return frames[pick], content[pick], color[pick], index[pick], pooled


class Pool:
    """Most of a batch is drawn again from earlier samples: drawing costs as much as learning from it would."""

    def __init__(self, rng, size, sign_share):
        self.rng, self.size, self.sign_share, self.items, self.at = rng, size, sign_share, [], 0

    def fresh(self, n):
        out = [sample(self.rng, self.sign_share) for _ in range(n)]
        for item in out:
            if len(self.items) < self.size:
                self.items.append(item)
            else:
                self.items[self.at % self.size] = item
                self.at += 1
        return out

    def batch(self, n, new):
        items = self.fresh(new)
        items += [self.items[self.rng.randrange(len(self.items))] for _ in range(n - len(items))]
        return collate(items)


def collate(items):
    """Global frames first, then tiles."""
    stack = lambda i: torch.from_numpy(np.concatenate([np.stack([x[i][0] for x in items]), np.stack([x[i][1] for x in items])]))
    return stack(0), stack(1), stack(2), stack(3), torch.from_numpy(np.stack([x[4] for x in items]))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--out", default="tower.pt")
    p.add_argument("--resume")
    p.add_argument("--minutes", type=float, default=15)
    p.add_argument("--batch", type=int, default=96)
    p.add_argument("--new", type=int, default=40)
    p.add_argument("--signs", type=float, default=0.4)
    p.add_argument("--lr", type=float, default=0.02)
    p.add_argument("--bf16", action="store_true")
    p.add_argument("--seed", type=int, default=0)
    args = p.parse_args()
    torch.set_num_threads(2)
    dtype = torch.bfloat16 if args.bf16 else torch.float32
    model, heads = build_model(load_tokenizer()), Heads()
    if args.resume:
        state = torch.load(args.resume)
        model.load_state_dict(state["model"]); heads.load_state_dict(state["heads"])
    named = [(n, q) for n, q in model.named_parameters() if "vision_model" in n or "connector" in n]
    matrices, rest = split_parameters(named)
    for q in model.parameters():
        q.requires_grad_(False)
    for _, q in named:
        q.requires_grad_(True)
    muon = Muon(matrices, lr=args.lr)
    adam = torch.optim.AdamW(rest + list(heads.parameters()), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.0)
    base = [(g, g["lr"]) for o in (muon, adam) for g in o.param_groups]
    pool = Pool(random.Random(args.seed), 16000, args.signs)
    pool.fresh(1000)
    test = collate([sample(random.Random(10_000 + i), 0.4) for i in range(400)])
    start, step = time.time(), 0
    while (spent := (time.time() - start) / 60 / args.minutes) < 1:
        for g, lr in base:
            g["lr"] = lr * min(1, (step + 1) / 60) * min(1, max(0.02, (1 - spent) / 0.5))
        frames, content, color, index, pooled = pool.batch(args.batch, args.new)
        patches = vision_tower(model, frames, dtype)
        dense = F.linear(patches, heads.dense.weight.to(dtype), heads.dense.bias.to(dtype))
        tokens = connector(model, patches[: args.batch])
        out = heads.pooled(tokens.float().mean(1))
        la, lb, lc = dense_losses(dense, content, color, index)
        lp = pooled_loss(out, pooled)
        loss = la + 0.5 * lb + 0.5 * lc + 1.5 * lp
        muon.zero_grad(); adam.zero_grad()
        loss.backward()
        muon.step(); adam.step()
        step += 1
        if step % 50 == 0:
            print(f"{step} {time.time()-start:.0f}s {2*args.batch*step/(time.time()-start):.0f} frames/s content {la:.3f} color {lb:.3f} index {lc:.3f} pooled {lp:.4f}", flush=True)
        if step % 400 == 0:
            with torch.no_grad():
                patches = vision_tower(model, test[0], dtype)
                dense = heads.dense(patches.float()); out = heads.pooled(connector(model, patches[:400]).float().mean(1))
            print("  test", {k: round(v, 3) for k, v in accuracies(dense[:400], test[1][:400], out, test[4]).items()}, flush=True)
            torch.save({"model": model.state_dict(), "heads": heads.state_dict(), "step": step}, args.out)
    torch.save({"model": model.state_dict(), "heads": heads.state_dict(), "step": step}, args.out)


if __name__ == "__main__":
    main()
