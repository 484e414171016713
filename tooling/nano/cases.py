"""Held-out evaluation cases: fresh scenes, one question each, media of several sizes, one list per task."""
from __future__ import annotations

import random

import numpy as np
from PIL import Image

from rows import clip_timing
from questions import SYSTEMS, about_question, ask_background, ask_color, ask_count, ask_describe, ask_objects, ask_position, ask_text, ask_yesno, clip_questions, pair_questions, reword
from scenes import draw, random_clip, random_scene, random_sign

ASK = {"objects": ask_objects, "describe": ask_describe, "color": ask_color, "position": ask_position, "count": ask_count, "background": ask_background, "yesno": ask_yesno}
TASKS = [*ASK, "text", "video", "which", "self", "conversation"]


def user(*media, text):
    return {"role": "user", "content": [*media, {"type": "text", "text": text}]}


def said(text):
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def picture(rng, scene, plain):
    """Drawn at the training size or larger, so that the processor's own resize is part of the test."""
    if plain:
        scene.noise = 0
    size = 128 if rng.random() < 0.5 else rng.choice([192, 200, 256, 300, 384] if plain else [160, 192, 200, 256, 300, 384, 512])
    if scene.noise and size > 128:
        scene.noise = min(scene.noise * 2, 8)
    return {"type": "image", "path": Image.fromarray(draw(scene, size)[0])}


def make_case(task, rng: random.Random, plain=False):
    """(conversation with media in memory, expected answer)"""
    if task in ASK:
        pair = None
        while pair is None:
            scene = random_scene(rng)
            pair = ASK[task](rng, scene)
        return [user(picture(rng, scene, plain), text=reword(rng, pair[0]))], pair[1]
    if task == "text":
        scene = random_sign(rng)
        question, answer = ask_text(rng, scene)
        return [user(picture(rng, scene, plain), text=reword(rng, question))], answer
    if task == "video":
        total, fps = clip_timing(rng)
        total = min(total, 24)
        motion, clip = random_clip(rng, total)
        asked = clip_questions(rng, motion, clip[0], 1)[0]
        for scene in clip:
            scene.noise = 0 if plain else scene.noise
        size = rng.choice([64, 64, 96])
        frames = np.stack([draw(scene, size)[0] for scene in clip])
        return [user({"type": "video", "path": (frames, float(fps))}, text=asked[1])], asked[2]
    if task == "which":
        asked = []
        while not asked:
            scenes = [random_scene(rng, rng.choice([1, 1, 2, 2, 3])) for _ in range(2)]
            asked = pair_questions(rng, *scenes, 1)
        return [user(*[picture(rng, s, plain) for s in scenes], text=asked[0][1])], asked[0][2]
    if task == "self":
        _, question, answer = about_question(rng)
        return [user(text=question)], answer
    if task == "conversation":  # a system message (half of the time) and a second question about the same picture
        pairs = []
        while len(pairs) < 2 or None in pairs:
            scene = random_scene(rng)
            pairs = [ask(rng, scene) for ask in rng.sample(list(ASK.values()), 2)]
        (q1, a1), (q2, a2) = pairs
        system = [{"role": "system", "content": [{"type": "text", "text": rng.choice(SYSTEMS)}]}] if rng.random() < 0.5 else []
        return system + [user(picture(rng, scene, plain), text=q1), said(a1), user(text=q2)], a2
    raise ValueError(task)
