"""Draws packages/nano/examples: two pictures, a sign and a clip, larger than anything the model was trained on."""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from reference import Reference, write_gif
from scenes import BACKGROUNDS, COLORS, PLACES, Scene, Thing, draw
from vocabulary import FILE

FOLDER = FILE.parent.parent / "examples"


def thing(color, shape, place, radius, angle=0.0, at=None):
    x, y = at or PLACES[place]
    return Thing(shape, color, place, x, y, radius, radius, angle, COLORS[color])


def backdrop(name, **kw):
    return Scene(name, BACKGROUNDS[name], **kw)


def scenes():
    first = backdrop("white", gradient=-0.05, shade=0.14, outline=True)
    first.things = [thing("red", "heart", "top left", 0.17, -6), thing("yellow", "star", "top right", 0.17, 8),
                    thing("blue", "circle", "bottom left", 0.16), thing("green", "triangle", "bottom right", 0.17, -4)]
    second = backdrop("pink", aspect="wide", gradient=0.05, shade=0.14, outline=True)
    second.things = [thing("purple", "star", "left", 0.34, 6), thing("orange", "square", "right", 0.3, -7)]
    for wide in second.things:
        wide.rx /= 2
    sign = backdrop("black", word="HELLO", text_rgb=COLORS["yellow"], text_size=0.29)
    return {"scene": first, "scene-2": second, "sign": sign}


def clip(frames=8):
    out = []
    for i in range(frames):
        scene = backdrop("white", gradient=-0.05)
        scene.things = [thing("red", "circle", "", 0.17, at=(0.22 + 0.56 * i / (frames - 1), 0.55))]
        out.append(draw(scene, 256)[0])
    return np.stack(out)


def user(*content):
    return [{"role": "user", "content": list(content)}]


def image(name):
    return {"type": "image", "path": name}


def text(value):
    return {"type": "text", "text": value}


def conversations():
    """The questions of the model card."""
    ask = lambda question, *media: user(*media, text(question))
    video = {"type": "video", "path": "clip.gif"}
    return [
        ask("Describe the image.", image("scene.png")), ask("What is in this image?", image("scene.png")),
        ask("What color is the circle?", image("scene.png")), ask("How many objects are there?", image("scene.png")), ask("Is there a green triangle?", image("scene.png")),
        ask("Is there a purple heart?", image("scene.png")), ask("What is in the bottom left?", image("scene.png")), ask("What color is the background?", image("scene.png")),
        ask("Describe the image.", image("scene-2.png")), ask("What color is the background?", image("scene-2.png")),
        ask("What does the sign say?", image("sign.png")), ask("Describe the image.", image("sign.png")),
        ask("Which image contains a purple star?", image("scene.png"), image("scene-2.png")), ask("Which image contains a heart?", image("scene.png"), image("scene-2.png")),
        ask("What happens in the video?", video), ask("What object is in the video?", video), ask("Describe this video in detail", video),
        ask("Who are you?"), ask("Hello!"), ask("What can you do?"),
    ]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--ask", action="store_true", help="also ask the checkpoint, and write examples.json")
    args = p.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, scene in scenes().items():
        Image.fromarray(draw(scene, 512)[0]).save(FOLDER / f"{name}.png", optimize=True)
    write_gif(FOLDER / "clip.gif", clip(), 2)
    if args.ask:
        reference, out = Reference(FILE.parent), []
        for conversation in conversations():
            answer, ids = reference.answer([conversation], FOLDER)[0]
            out.append({"conversation": conversation, "answer": answer, "tokenIds": ids})
            print([c.get("path") or c["text"] for c in conversation[0]["content"]], "→", answer)
        (FOLDER / "examples.json").write_text("[\n" + ",\n".join(json.dumps(o, ensure_ascii=False) for o in out) + "\n]\n")


if __name__ == "__main__":
    main()
