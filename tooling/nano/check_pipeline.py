"""Proves that training sees what the reference computes: token ids, pixels, features and logits, for a few scenes.

Pictures must agree to the bit. Video frames may differ by up to three levels: the reference resizes them with torchvision's
LANCZOS, training with Pillow's.
"""
from __future__ import annotations

import random

import torch
from PIL import Image

from rows import clip_timing
from frames import scene_frames, video_frame
from model import normalise
from prompts import END, VIDEO_OUTRO, Frame, Row, collate, encode, image_text, sample_indices, video_text
from reference import Reference
from scenes import draw, random_clip, random_scene, random_sign
from train import forward
from vocabulary import FILE


def as_patches(pixel_values):
    """The reference's [1,n,3,64,64] in the layout of `normalise`."""
    n = pixel_values.shape[1]
    x = pixel_values[0].view(n, 3, 8, 8, 8, 8).permute(0, 2, 4, 1, 3, 5)
    return x.reshape(n, 64, 192)


def compare(reference, conversation, frames, prefix, question, name, levels):
    inputs = reference.inputs([conversation])
    ids = list(encode(prefix)) + list(encode(question + END + "\nAssistant:"))
    assert ids == inputs["input_ids"][0].tolist(), f"{name}: ids differ"
    worst = (as_patches(inputs["pixel_values"]) - normalise(torch.from_numpy(frames))).abs().max().item() * 127.5 if len(frames) else 0.0
    assert worst <= levels + 1e-3, f"{name}: pixels differ by {worst}"
    answer = "A red circle."
    batch = collate([Row([Frame(f) for f in frames], [False] * len(frames), prefix, [[(question, answer)]])])
    with torch.no_grad():
        ours = torch.nn.functional.linear(forward(reference.model, batch, torch.float32), reference.model.lm_head.weight)[0, : len(ids)]
        theirs = reference.model(**inputs).logits[0]
    gap = (ours - theirs).abs().max().item()
    assert levels or gap < 1e-3, f"{name}: logits differ by {gap}"
    print(f"{name}: {len(ids)} ids equal, pixels within {worst:.4f} levels, logits within {gap:.1e}")


def main():
    import numpy as np
    rng, reference = random.Random(77), Reference(FILE.parent)
    for aspect in ["square", "wide", "tall", "sign"]:
        scene = random_sign(rng) if aspect == "sign" else random_scene(rng, 2, aspect)
        frames, rows, cols, _ = scene_frames(scene)
        question = "What is in the image?"
        conversation = [{"role": "user", "content": [{"type": "image", "path": Image.fromarray(draw(scene)[0])}, {"type": "text", "text": question}]}]
        compare(reference, conversation, frames, f"<|im_start|>User:{image_text(rows, cols)}", question, aspect, 0)
    scenes = [random_scene(rng, 2, "square") for _ in range(2)]
    parts = [scene_frames(s) for s in scenes]
    content = [{"type": "image", "path": Image.fromarray(draw(s)[0])} for s in scenes] + [{"type": "text", "text": "Which image has a star?"}]
    system = {"role": "system", "content": [{"type": "text", "text": "Answer briefly."}]}
    compare(reference, [system, {"role": "user", "content": content}], np.concatenate([p[0] for p in parts]),
            "<|im_start|>System: Answer briefly.<end_of_utterance>\nUser:" + "".join(image_text(*p[1:3]) for p in parts), "Which image has a star?", "two images, system", 0)
    question = "Who are you?"
    compare(reference, [{"role": "user", "content": [{"type": "text", "text": question}]}], np.empty((0, 64, 64, 3), np.uint8), "<|im_start|>User:", " " + question, "text only", 0)
    for i in range(6):
        total, fps = clip_timing(rng)
        _, clip = random_clip(rng, total)
        size = [64, 96, 128][i % 3]
        pixels = np.stack([draw(s, size)[0] for s in clip])
        kept = sample_indices(total, fps)
        conversation = [{"role": "user", "content": [{"type": "video", "path": (pixels, float(fps))}, {"type": "text", "text": "What happens?"}]}]
        compare(reference, conversation, np.stack([video_frame(pixels[k]) for k in kept]), "<|im_start|>User: " + video_text([k / fps for k in kept], total / fps),
                VIDEO_OUTRO + "What happens?", f"clip of {total} frames at {fps} fps, {size} px", 3)


if __name__ == "__main__":
    main()
