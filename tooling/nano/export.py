"""Writes a checkpoint into packages/nano/model: safetensors and config.json, beside the files vocabulary.py wrote."""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from model import build_model
from vocabulary import FILE, load_tokenizer


def main():
    p = argparse.ArgumentParser()
    p.add_argument("checkpoint")
    p.add_argument("--out", type=Path, default=FILE.parent)
    p.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    args = p.parse_args()
    model = build_model(load_tokenizer())
    state = torch.load(args.checkpoint)
    model.load_state_dict(state.get("ema", state["model"]))
    dtype = getattr(torch, args.dtype)
    model.to(dtype)
    keep = {name: (args.out / name).read_text() for name in ("generation_config.json",)}
    model.save_pretrained(args.out, safe_serialization=True)
    for name, text in keep.items():
        (args.out / name).write_text(text)
    (args.out / "model.safetensors").chmod(0o644)
    config = json.loads((args.out / "config.json").read_text())
    print(json.dumps(config, indent=1))
    size = (args.out / "model.safetensors").stat().st_size
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {size} bytes")


if __name__ == "__main__":
    main()
