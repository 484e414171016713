"""Draws the synthetic world the bundled model knows: coloured shapes, short printed words, one moving shape.

A `Scene` is resolution-free (coordinates are fractions of the canvas), so the same scene can be drawn at the
training size (128 px, where the processor's first two resizes are no-ops) and at 512 px for the examples.
Drawing also returns an *identity map* (which object or letter each pixel belongs to): the vision tower is warmed
up on per-patch labels derived from it, 64 labels a frame instead of one.
"""
from __future__ import annotations

import functools
import math
import random
import zlib
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SHAPES = ["circle", "square", "triangle", "star", "heart"]
COLORS = {
    "red": (220, 38, 38), "orange": (245, 138, 20), "yellow": (250, 220, 40),
    "green": (34, 160, 70), "blue": (37, 90, 225), "purple": (135, 50, 190),
}
BACKGROUNDS = {"white": (250, 250, 250), "gray": (150, 152, 156), "black": (18, 18, 22), "pink": (250, 190, 205)}
COLOR_NAMES, BACKGROUND_NAMES = list(COLORS), list(BACKGROUNDS)

#: Where things can be, in reading order (answers list objects in this order), with the centre of each place.
PLACES = {
    "top left": (0.26, 0.26), "top": (0.5, 0.22), "top right": (0.74, 0.26),
    "left": (0.22, 0.5), "center": (0.5, 0.5), "right": (0.78, 0.5),
    "bottom left": (0.26, 0.74), "bottom": (0.5, 0.78), "bottom right": (0.74, 0.74),
}
PLACE_NAMES = list(PLACES)
#: In a square picture things are in the corners, or one alone is in the center; in a 2:1 picture they are left and right.
CORNERS = ["top left", "top right", "bottom left", "bottom right"]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MAX_WORD = 5
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf"


@dataclass
class Thing:
    """One shape. `rx`, `ry` differ when a non-square picture is squeezed into square tiles."""
    shape: str
    color: str
    place: str
    cx: float
    cy: float
    rx: float
    ry: float
    angle: float
    rgb: tuple


@dataclass
class Scene:
    """Everything needed to draw a picture and to know the right answers about it."""
    background: str
    background_rgb: tuple
    things: list = field(default_factory=list)
    word: str = ""
    text_rgb: tuple = (0, 0, 0)
    text_xy: tuple = (0.5, 0.5)
    text_size: float = 0.28
    aspect: str = "square"  # "square", "wide" (2:1) or "tall" (1:2)
    gradient: float = 0.0
    noise: float = 0.0
    blur: float = 0.0
    shade: float = 0.0
    outline: bool = False


def _unit_polygons():
    t = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    circle = np.stack([np.cos(t), np.sin(t)], 1)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.86
    triangle = np.array([[0, -1], [1.0, 0.8], [-1.0, 0.8]])
    a = -math.pi / 2 + np.arange(10) * math.pi / 5
    star = np.stack([np.cos(a), np.sin(a)], 1) * np.where(np.arange(10) % 2 == 0, 1.12, 0.46)[:, None]
    heart = np.stack([16 * np.sin(t) ** 3, -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))], 1)
    heart = (heart + [0, -2.5]) / 15.5
    return {"circle": circle, "square": square, "triangle": triangle, "star": star, "heart": heart}


POLYGONS = _unit_polygons()


@functools.lru_cache(maxsize=64)
def _font(pixels: int):
    return ImageFont.truetype(FONT, pixels)


def _jitter(rng, rgb, amount):
    return tuple(int(min(255, max(0, c + rng.randint(-amount, amount)))) for c in rgb)


def place_thing(rng, shape, color, place, radius, squeeze=(1.0, 1.0), spread=0.045, at=None):
    cx, cy = at if at else (c + rng.uniform(-spread, spread) for c in PLACES[place])
    angle = 0.0 if shape == "circle" else rng.uniform(-12, 12)
    return Thing(shape, color, place, cx, cy, radius * squeeze[0], radius * squeeze[1], angle, _jitter(rng, COLORS[color], 16))


def _style(rng, scene):
    if rng.random() < 0.35:
        scene.gradient = rng.uniform(-0.08, 0.08)
    if rng.random() < 0.3:
        scene.noise = rng.uniform(1, 5)
    if rng.random() < 0.25:
        scene.blur = rng.uniform(0.3, 0.8)
    if rng.random() < 0.3:
        scene.shade = rng.uniform(-0.2, 0.2)
    scene.outline = rng.random() < 0.15
    return scene


def random_scene(rng: random.Random, count: int | None = None, aspect: str | None = None) -> Scene:
    """A scene of 0–4 shapes, each (colour, shape) pair at most once."""
    background = rng.choice(BACKGROUND_NAMES)
    scene = Scene(background, _jitter(rng, BACKGROUNDS[background], 6))
    scene.aspect = aspect or rng.choices(["square", "wide", "tall"], [0.88, 0.06, 0.06])[0]
    if count is None:
        count = rng.choices([0, 1, 2, 3, 4], [0.03, 0.27, 0.3, 0.22, 0.18])[0]
    squeeze = (1.0, 1.0)
    if scene.aspect == "wide":
        places, squeeze, big = ["left", "right"], (0.5, 1.0), (0.27, 0.4)
    elif scene.aspect == "tall":
        places, squeeze, big = ["top", "bottom"], (1.0, 0.5), (0.27, 0.4)
    else:
        places = CORNERS if count > 1 or rng.random() < 0.8 else ["center"]
        big = (0.125, 0.2) if count > 1 else (0.125, 0.24)
        if rng.random() < 0.3:  # a 4:3 photo, say, stretched to square tiles
            squeeze = (rng.uniform(0.72, 1), 1.0) if rng.random() < 0.6 else (1.0, rng.uniform(0.72, 1))
    chosen = rng.sample(places, min(count, len(places)))
    pairs = [(c, s) for c in COLOR_NAMES for s in SHAPES]
    if rng.random() < 0.25:  # few colours or few shapes, so that counting questions have answers above one
        few = rng.sample(COLOR_NAMES, 2)
        pairs = [p for p in pairs if p[0] in few]
    elif rng.random() < 0.25:
        few = rng.sample(SHAPES, 2)
        pairs = [p for p in pairs if p[1] in few]
    rng.shuffle(pairs)
    for place, (color, shape) in zip(sorted(chosen, key=PLACE_NAMES.index), pairs):
        scene.things.append(place_thing(rng, shape, color, place, rng.uniform(*big), squeeze))
    return _style(rng, scene)


WORDS = ("CAT DOG SUN MOON STAR TREE FISH BIRD HELLO HI STOP GO EXIT OPEN SHOP CAFE TEA MILK BREAD SALE TAXI BUS PARK ZOO "
         "YES NO LEFT RIGHT UP DOWN HOT COLD PUSH PULL LOVE HOME CITY RIVER WATER FIRE JAZZ QUIZ VOICE WORLD NANO PIZZA").split()


def random_word(rng):
    if rng.random() < 0.3:
        return rng.choice(WORDS)
    n = rng.choices([1, 2, 3, 4, 5], [0.06, 0.14, 0.25, 0.25, 0.3])[0]
    return "".join(rng.choice(LETTERS) for _ in range(n))


def random_sign(rng: random.Random) -> Scene:
    """A word of 1–5 capitals in one bold monospaced font, across the picture."""
    background = rng.choice(BACKGROUND_NAMES)
    scene = _style(rng, Scene(background, _jitter(rng, BACKGROUNDS[background], 6)))
    scene.word = random_word(rng)
    inks = {"white": [(0, 0, 0), COLORS["blue"], COLORS["red"], COLORS["purple"]], "black": [(255, 255, 255), COLORS["yellow"]],
            "gray": [(0, 0, 0), (255, 255, 255)], "pink": [(0, 0, 0), COLORS["blue"], COLORS["purple"]]}
    scene.text_rgb = _jitter(rng, rng.choice(inks[background]), 10)
    scene.text_size = rng.uniform(0.26, 0.305)
    scene.text_xy = (0.5 + rng.uniform(-0.03, 0.03), rng.uniform(0.3, 0.7) if rng.random() < 0.4 else rng.uniform(0.47, 0.53))
    scene.blur = min(scene.blur, 0.4)
    return scene


MOTIONS = {"right": (1, 0), "left": (-1, 0), "down": (0, 1), "up": (0, -1)}


def random_clip(rng: random.Random, frames: int, motion: str | None = None):
    """`frames` scenes of one shape that moves across the picture."""
    motion = motion or rng.choice(list(MOTIONS))
    first = random_scene(rng, 1, "square")
    first.noise = min(first.noise, 2)
    thing = first.things[0]
    radius = rng.uniform(0.13, 0.2)
    dx, dy = MOTIONS[motion]
    side, half = rng.uniform(0.27, 0.73), rng.uniform(0.2, 0.29)
    path = []
    for i in range(frames):
        t = (2 * i / (frames - 1) - 1) * half
        path.append((0.5 + dx * t, side) if dx else (side, 0.5 + dy * t))
    scenes = []
    for cx, cy in path:
        moved = Thing(thing.shape, thing.color, "", cx, cy, radius, radius, thing.angle, thing.rgb)
        scenes.append(Scene(**{**first.__dict__, "things": [moved]}))
    return motion, scenes


def canvas_size(scene: Scene, longest: int):
    return {"square": (longest, longest), "wide": (longest, longest // 2), "tall": (longest // 2, longest)}[scene.aspect]


def _polygon_mask(points, x0, y0, w, h):
    """Antialiased coverage of a polygon inside a small box (drawn four times larger, then averaged)."""
    big = Image.new("L", (w * 4, h * 4))
    ImageDraw.Draw(big).polygon([((x - x0) * 4, (y - y0) * 4) for x, y in points], fill=255)
    return np.asarray(big.reduce(4), np.float32) / 255


def draw(scene: Scene, longest: int = 128):
    """Returns (RGB uint8 [h,w,3], identity uint8 [h,w]: 0 background, 1.. things, 10.. letters)."""
    w, h = canvas_size(scene, longest)
    image = np.empty((h, w, 3), np.float32)
    image[:] = scene.background_rgb
    if scene.gradient:
        image *= (1 + scene.gradient * np.linspace(-1, 1, h, dtype=np.float32))[:, None, None]
    identity = np.zeros((h, w), np.uint8)
    for k, thing in enumerate(scene.things):
        a = math.radians(thing.angle)
        p = POLYGONS[thing.shape] @ np.array([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])
        p = p * [thing.rx * w, thing.ry * h] + [thing.cx * w, thing.cy * h]
        x0, y0 = np.maximum(np.floor(p.min(0)).astype(int) - 1, 0)
        x1, y1 = np.minimum(np.ceil(p.max(0)).astype(int) + 2, [w, h])
        if x1 <= x0 or y1 <= y0:
            continue
        mask = _polygon_mask(p, x0, y0, x1 - x0, y1 - y0)
        ink = np.array(thing.rgb, np.float32)
        box = image[y0:y1, x0:x1]
        if scene.outline:
            box += (ink * 0.55 - box) * mask[..., None]
            c = np.array([thing.cx * w, thing.cy * h])
            inner = _polygon_mask((p - c) * 0.84 + c, x0, y0, x1 - x0, y1 - y0)
        else:
            inner = mask
        shaded = ink * (1 + scene.shade * np.linspace(1, -1, y1 - y0, dtype=np.float32))[:, None, None]
        box += (shaded - box) * inner[..., None]
        identity[y0:y1, x0:x1][mask > 0.5] = k + 1
    if scene.word:
        _draw_word(scene, image, identity, w, h)
    if scene.noise:
        seed = zlib.crc32(repr((scene.background_rgb, scene.noise, len(scene.things), scene.word)).encode())
        image += np.random.default_rng(seed).standard_normal((h, w, 1), np.float32) * scene.noise
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    if scene.blur:
        pixels = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(scene.blur * longest / 128)))
    return pixels, identity


def _draw_word(scene, image, identity, w, h):
    font = _font(round(scene.text_size * w))
    advance = font.getlength("M")
    left, middle = scene.text_xy[0] * w - advance * len(scene.word) / 2, scene.text_xy[1] * h
    cap = 0.73 * font.size
    mask = Image.new("L", (w, h))
    pen = ImageDraw.Draw(mask)
    for i, letter in enumerate(scene.word):
        pen.text((left + i * advance, middle + cap / 2), letter, fill=255, font=font, anchor="ls")
        x0, x1 = max(0, round(left + i * advance)), round(left + (i + 1) * advance)
        identity[max(0, round(middle - cap / 2)):round(middle + cap / 2), x0:x1] = 10 + i
    coverage = np.asarray(mask, np.float32)[..., None] / 255
    image += (np.array(scene.text_rgb, np.float32) - image) * coverage
