"""Scene → the uint8 frames the reference processor makes, and per-patch labels for the warm-up."""
from __future__ import annotations

import numpy as np
from PIL import Image

from model import FRAME, GRID, LONGEST, PATCH
from scenes import BACKGROUND_NAMES, COLOR_NAMES, LETTERS, MAX_WORD, PLACE_NAMES, SHAPES, draw

IGNORE = -100
CONTENT = 1 + len(SHAPES) + len(LETTERS)  # nothing, a shape, or a letter
COLOR_CLASSES = 1 + len(COLOR_NAMES)
#: pooled targets of a global frame: background, then (shape, colour) per place, then a letter per index, then the centre of one thing
POOLED = 1 + 2 * len(PLACE_NAMES) + MAX_WORD


def split(pixels: np.ndarray):
    """RGB [h,w,3] already at the longest edge → (frames [n,64,64,3], rows, cols): tiles in reading order, then the global frame."""
    h, w, _ = pixels.shape
    rows, cols = h // FRAME, w // FRAME
    tiles = pixels.reshape(rows, FRAME, cols, FRAME, 3).swapaxes(1, 2).reshape(-1, FRAME, FRAME, 3)
    whole = np.asarray(Image.fromarray(pixels).resize((FRAME, FRAME), Image.Resampling.LANCZOS))
    return np.concatenate([tiles, whole[None]]), rows, cols


def video_frame(pixels: np.ndarray) -> np.ndarray:
    """The two resizes of the video processor: longest edge 128, then 64×64."""
    image = Image.fromarray(pixels)
    scale = LONGEST / max(image.size)
    size = tuple(max(1, round(s * scale)) for s in image.size)
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(image.resize((FRAME, FRAME), Image.Resampling.LANCZOS))


def _patch_fractions(identity, k):
    """Share of each 8×8 patch covered by object k, as [tile patches..., global patches]."""
    h, w = identity.shape
    cover = (identity == k).astype(np.float32)
    tiles = cover.reshape(h // PATCH, PATCH, w // PATCH, PATCH).mean((1, 3))
    whole = cover.reshape(GRID, h // GRID, GRID, w // GRID).mean((1, 3))
    r, c = h // FRAME, w // FRAME
    tiles = tiles.reshape(r, GRID, c, GRID).swapaxes(1, 2).reshape(r * c, GRID * GRID)
    return np.concatenate([tiles, whole.reshape(1, GRID * GRID)])


def labels(scene, identity):
    """Dense labels [frames, 64] of content, colour and letter index, and the pooled target of the global frame."""
    n = (identity.shape[0] // FRAME) * (identity.shape[1] // FRAME) + 1
    content = np.zeros((n, GRID * GRID), np.int64)
    color, index, best = np.zeros_like(content), np.zeros_like(content), np.zeros((n, GRID * GRID), np.float32)
    entries = [(k + 1, 1 + SHAPES.index(t.shape), 1 + COLOR_NAMES.index(t.color), 0) for k, t in enumerate(scene.things)]
    entries += [(10 + i, 1 + len(SHAPES) + LETTERS.index(c), 0, i + 1) for i, c in enumerate(scene.word)]
    for k, what, tint, place in entries:
        part = _patch_fractions(identity, k)
        better = part > best
        content[better], color[better], index[better], best[better] = what, tint, place, part[better]
    faint = (best > 0) & (best < 0.25)
    for a in (content, color, index):
        a[faint] = IGNORE
    if scene.word:
        color[:] = IGNORE
    index[:-1] = IGNORE  # a tile cannot know which letter of the word it shows
    pooled = np.zeros(POOLED, np.int64)
    pooled[0] = BACKGROUND_NAMES.index(scene.background)
    for t in scene.things:
        if t.place:
            p = PLACE_NAMES.index(t.place)
            pooled[1 + 2 * p], pooled[2 + 2 * p] = 1 + SHAPES.index(t.shape), 1 + COLOR_NAMES.index(t.color)
        else:  # a moving thing is at no named place
            pooled[1:1 + 2 * len(PLACE_NAMES)] = IGNORE
    for i, c in enumerate(scene.word):
        pooled[1 + 2 * len(PLACE_NAMES) + i] = 1 + LETTERS.index(c)
    return content, color, index, pooled


def scene_frames(scene):
    pixels, identity = draw(scene, LONGEST)
    frames, rows, cols = split(pixels)
    return frames, rows, cols, identity
