"""Joint training: the warmed-up tower, the connector and the language model, on rows of many questions a picture."""
from __future__ import annotations

import argparse
import copy
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

from rows import RowPool
from model import TEXT, build_model, connector, language_model, vision_tower
from muon import Muon, split_parameters
from prompts import PLACES, collate
from vocabulary import load_tokenizer


def forward(model, batch, dtype, residuals=None):
    """Hidden states of a collated batch; tiles go through the tower without gradient, global and video frames with it."""
    x = model.model.text_model.embed_tokens(batch["ids"]).to(dtype)
    if batch["features"] is not None:
        x = x.masked_scatter(batch["image"][..., None], connector(model, batch["features"].to(dtype)))
    elif len(batch["pixels"]):
        train = batch["train"]
        features = torch.empty(len(train), 4, x.shape[-1], dtype=dtype)
        with torch.no_grad():
            if (~train).any():
                features[~train] = connector(model, vision_tower(model, batch["pixels"][~train], dtype))
        if train.any():
            features = features.index_put((train.nonzero()[:, 0],), connector(model, vision_tower(model, batch["pixels"][train], dtype)))
        x = x.masked_scatter(batch["image"][..., None], features)
    return language_model(model, x, batch["position"], batch["mask"], dtype, residuals)


def answer_loss(model, hidden, target, weight):
    """Weighted cross entropy on answer tokens only, and the share of them that would be chosen."""
    keep = target >= 0
    logits = F.linear(hidden[keep].float(), model.lm_head.weight)
    wanted, weight = target[keep], weight[keep]
    loss = (F.cross_entropy(logits, wanted, reduction="none") * weight).sum() / weight.sum()
    return loss, (logits.argmax(-1) == wanted).float().mean()


class Place(torch.nn.Module):
    """A linear read-out, thrown away after training: behind the first layer each image token must tell which part of the picture it
    shows. Its own tower features cannot know; the tag in front of its tile does."""

    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(TEXT["hidden_size"], PLACES)
        torch.nn.init.zeros_(self.head.weight)

    def forward(self, residual, place):
        """(loss, share of image tokens placed rightly)"""
        known = place >= 0
        scores = self.head(F.rms_norm(residual[known].float(), residual.shape[-1:]))
        return F.cross_entropy(scores, place[known]), (scores.argmax(-1) == place[known]).float().mean()


class Average:
    """Exponential moving average of the weights: what is exported."""

    def __init__(self, model, decay):
        self.decay, self.model, self.steps = decay, copy.deepcopy(model), 0

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        d = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(list(self.model.parameters()), list(model.parameters()), 1 - d)


def schedule(progress, step, warm=40, flat=0.35):
    """Short warm-up, a plateau, then cosine down to 2 %."""
    ramp = min(1.0, (step + 1) / warm)
    if progress < flat:
        return ramp
    t = (progress - flat) / (1 - flat)
    return ramp * (0.02 + 0.98 * 0.5 * (1 + torch.cos(torch.tensor(t * 3.14159265)).item()))


def load_weights(path):
    """The averaged weights of a checkpoint of this script, or those of an exported folder."""
    if os.path.isdir(path):
        from transformers import SmolVLMForConditionalGeneration
        return SmolVLMForConditionalGeneration.from_pretrained(path, dtype=torch.float32).state_dict()
    return torch.load(path)["ema"]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tower", help="checkpoint of warmup.py")
    p.add_argument("--connector", help="checkpoint of connect.py: take its connector")
    p.add_argument("--resume", help="checkpoint of this script, or a folder as export.py writes it (weights only)")
    p.add_argument("--out", default="joint.pt")
    p.add_argument("--minutes", type=float, default=50)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--fresh", type=int, default=8)
    p.add_argument("--lr", type=float, default=0.015)
    p.add_argument("--adam-lr", type=float, default=2e-3)
    p.add_argument("--tower-lr", type=float, default=0.3, help="factor on the tower's learning rates")
    p.add_argument("--freeze", action="store_true", help="leave the tower as it is, and run it once per frame")
    p.add_argument("--place", type=float, default=0.3, help="weight of the loss on where image tokens are")
    p.add_argument("--flat", type=float, default=0.35)
    p.add_argument("--ema", type=float, default=0.998)
    p.add_argument("--fp32", action="store_true")
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args()
    torch.set_num_threads(2)
    dtype = torch.float32 if args.fp32 else torch.bfloat16
    model = build_model(load_tokenizer(), args.seed)
    if args.tower:
        state = torch.load(args.tower)["model"]
        model.load_state_dict({k: v for k, v in state.items() if "vision_model" in k or "connector" in k}, strict=False)
    if args.resume:
        model.load_state_dict(load_weights(args.resume))
    if args.connector:
        state = torch.load(args.connector)["model"]
        model.load_state_dict({k: v for k, v in state.items() if "connector" in k}, strict=False)
    average = Average(model, args.ema)
    groups, adam_groups = [], []
    for is_tower in (True, False):
        matrices, rest = split_parameters([(n, q) for n, q in model.named_parameters() if ("vision_model" in n) == is_tower])
        factor = args.tower_lr if is_tower else 1.0
        groups.append(dict(params=matrices, lr=args.lr * factor))
        adam_groups.append(dict(params=rest, lr=args.adam_lr * factor))
    place = Place()
    adam_groups.append(dict(params=list(place.parameters()), lr=args.adam_lr))
    muon = Muon(groups, weight_decay=0.01)
    adam = torch.optim.AdamW(adam_groups, betas=(0.9, 0.98), weight_decay=0.0)
    trained = [q for g in adam_groups for q in g["params"]]
    base = [(g, g["lr"]) for o in (muon, adam) for g in o.param_groups]
    if args.freeze:
        for name, q in model.named_parameters():
            q.requires_grad_("vision_model" not in name)

    @torch.no_grad()
    def encode(frames):
        return vision_tower(model, torch.from_numpy(np.stack(frames)), dtype) if frames else []

    pool = RowPool(args.seed, encode=encode if args.freeze else None)
    for _ in range(20):
        pool.draw(40)
    start, step, saved = time.time(), 0, time.time()
    sums = torch.zeros(4)
    while (progress := (time.time() - start) / 60 / args.minutes) < 1:
        factor = schedule(progress, step, flat=args.flat)
        for g, lr in base:
            g["lr"] = lr * factor
        batch = collate(pool.rows(args.batch, args.fresh))
        residuals = []
        hidden = forward(model, batch, dtype, residuals)
        loss, right = answer_loss(model, hidden, batch["target"], batch["weight"])
        muon.zero_grad(); adam.zero_grad()
        where, placed = place(residuals[0], batch["place"])
        (loss + args.place * where).backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        muon.step(); adam.step()
        average.update(model)
        step += 1
        sums += torch.tensor([loss.item(), right.item(), placed.item(), 1.0])
        if step % 100 == 0:
            spent = time.time() - start
            print(f"{step} {spent:.0f}s {spent/step:.3f}s/step loss {sums[0]/sums[3]:.4f} tokens right {sums[1]/sums[3]:.4f} placed {sums[2]/sums[3]:.3f} lr x{factor:.3f}", flush=True)
            sums.zero_()
        if time.time() - saved > 60:
            saved = time.time()
            torch.save({"model": model.state_dict(), "ema": average.model.state_dict(), "step": step}, args.out + ".tmp")
            os.replace(args.out + ".tmp", args.out)
    torch.save({"model": model.state_dict(), "ema": average.model.state_dict(), "step": step}, args.out)
    print("done", step, flush=True)


if __name__ == "__main__":
    main()
