"""Random training rows: pictures, signs, clips, pairs of pictures and plain text, each with several questions."""
from __future__ import annotations

import random

from frames import scene_frames, video_frame
from prompts import VIDEO_OUTRO, Frame, Row, image_text, sample_indices, video_text
from questions import ABOUT, SYSTEMS, about_question, clip_questions, image_questions, pair_questions, reword
from scenes import draw, random_clip, random_scene, random_sign


def _opening(rng):
    """Usually nothing before the user's turn, sometimes a system message."""
    return f"<|im_start|>System: {rng.choice(SYSTEMS)}<end_of_utterance>\n" if rng.random() < 0.1 else "<|im_start|>"


def _turns(rng, asked, opening=""):
    """Groups questions into branches: mostly one turn each, sometimes a conversation of two or three.

    `opening` is what stands between the shared prefix and a first question; tokens may not straddle that border.
    """
    branches, i = [], 0
    while i < len(asked):
        n = rng.choices([1, 2, 3], [0.7, 0.22, 0.08])[0]
        branches.append([(q if j else opening + q, a) for j, (_, q, a) in enumerate(asked[i:i + n])])
        i += n
    return branches


def _picture(scene):
    frames, rows, cols, _ = scene_frames(scene)
    return [Frame(f) for f in frames], rows, cols


def image_material(rng):
    # Wide and tall pictures, rare in scenes.py, have places of their own to learn.
    aspect = rng.choices(["square", "wide", "tall"], [0.8, 0.1, 0.1])[0]
    scene = random_sign(rng) if rng.random() < 0.18 else random_scene(rng, aspect=aspect)
    return scene, _picture(scene)


def image_row(rng, material, count=8):
    scene, (frames, rows, cols) = material
    asked = image_questions(rng, scene, count)
    flags = [False] * (len(frames) - 1) + [True]
    picture = image_text(rows, cols)
    if rng.random() < 0.06:  # the question first, then the picture
        _, question, answer = asked[0]
        return Row(list(frames), flags, f"{_opening(rng)}User: {question}{picture}", [[("", answer)]])
    branches = _turns(rng, asked)
    if rng.random() < 0.1:
        question, answer = rng.choice([a for a in ABOUT if a[1] != "Hello! Show me a picture."])
        branches.insert(rng.randrange(3), [(rng.choice(question), answer)])
    return Row(list(frames), flags, f"{_opening(rng)}User:{picture}", branches)


def pair_material(rng):
    while True:
        scenes = [random_scene(rng, rng.choice([1, 1, 2, 2, 3])) for _ in range(2)]
        if pair_questions(rng, *scenes, 4):
            return scenes, [_picture(s) for s in scenes]


def pair_row(rng, material, count=6):
    scenes, parts = material
    asked = []
    while not asked:
        asked = pair_questions(rng, *scenes, count)
    frames, flags, text = [], [], ""
    for part, rows, cols in parts:
        frames += list(part)
        flags += [False] * (len(part) - 1) + [True]
        text += image_text(rows, cols)
    return Row(frames, flags, f"{_opening(rng)}User:{text}", _turns(rng, asked))


def clip_timing(rng):
    """(frames in the file, its frame rate) such that the processor keeps three to six frames."""
    kept = rng.choices([3, 4, 5, 6], [0.25, 0.45, 0.15, 0.15])[0]
    fps = rng.choice([1, 2, 2, 4, 5, 8, 10])
    total = max(kept, round((kept + rng.uniform(-0.4, 0.4)) * fps))
    return total, fps


def clip_material(rng):
    total, fps = clip_timing(rng)
    motion, clip = random_clip(rng, total)
    kept = sample_indices(total, fps)
    size = rng.choice([64, 64, 96, 128])
    frames = [Frame(video_frame(draw(clip[i], size)[0])) for i in kept]
    return motion, clip[0], frames, video_text([i / fps for i in kept], total / fps)


def clip_row(rng, material, count=4):
    motion, scene, frames, text = material
    asked = clip_questions(rng, motion, scene, count)
    return Row(frames, [True] * len(frames), f"{_opening(rng)}User: {text}", _turns(rng, asked, VIDEO_OUTRO))


def text_row(rng, material=None, count=8):
    branches = _turns(rng, [about_question(rng) for _ in range(count)], " ")
    return Row([], [], f"{_opening(rng)}User:", branches)


MIX = [(image_material, image_row, 0.72), (clip_material, clip_row, 0.11), (pair_material, pair_row, 0.14), (lambda rng: None, text_row, 0.03)]


class RowPool:
    """Pictures are drawn once and asked about several times: drawing takes longer than asking.

    `encode` (frames → features) is called once per new frame while the tower is frozen.
    """

    def __init__(self, seed, size=12000, encode=None):
        self.rng, self.size, self.items, self.at, self.encode = random.Random(seed), size, [], 0, encode

    def draw(self, n):
        out = []
        for make, build, _ in self.rng.choices(MIX, [m[2] for m in MIX], k=n):
            item = (make(self.rng), build)
            out.append(item)
            if len(self.items) < self.size:
                self.items.append(item)
            else:
                self.items[self.at % self.size] = item
                self.at += 1
        if self.encode:
            frames = [f for material, build in out for f in build(random.Random(0), material).frames]
            for frame, feature in zip(frames, self.encode([f.pixels for f in frames])):
                frame.feature = feature
        return out

    def rows(self, n, fresh):
        items = self.draw(fresh) + [self.rng.choice(self.items) for _ in range(n - fresh)]
        return [build(self.rng, material) for material, build in items]
