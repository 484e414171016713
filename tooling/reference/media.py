"""Draws the pictures and clips used by the cases. Deterministic: the same bytes with the same Pillow."""

import shutil
from fractions import Fraction

import av
import numpy as np
from PIL import Image, ImageDraw

from paths import MEDIA, write_json
from synthetic import array_sha256

COLOURS = [(214, 40, 57), (35, 110, 190), (250, 200, 60), (60, 160, 90), (245, 245, 240), (30, 30, 40), (150, 80, 170), (240, 140, 60)]


def scene(width: int, height: int, seed: int, noise: int = 6) -> Image.Image:
    """A gradient with a few shapes and a little noise: something with edges and smooth parts."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    a, b = (np.array(COLOURS[i]) for i in rng.choice(len(COLOURS), 2, replace=False))
    mix = ((x / max(width - 1, 1) + y / max(height - 1, 1)) / 2)[..., None]
    image = Image.fromarray((a * (1 - mix) + b * mix).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(4):
        cx, cy = rng.integers(0, width), rng.integers(0, height)
        r = int(rng.integers(max(2, min(width, height) // 8), max(4, min(width, height) // 3)))
        box = (cx - r, cy - r, cx + r, cy + r)
        colour = COLOURS[rng.integers(len(COLOURS))]
        (draw.ellipse if rng.integers(2) else draw.rectangle)(box, fill=colour)
    pixels = np.asarray(image).astype(np.int16) + rng.integers(-noise, noise + 1, (height, width, 3), dtype=np.int16)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def clip(width: int, height: int, frames: int, seed: int) -> list[Image.Image]:
    """A disc and a bar moving over a flat background; every frame differs from the one before."""
    rng = np.random.default_rng(seed)
    back, disc, bar = (COLOURS[i] for i in rng.choice(len(COLOURS), 3, replace=False))
    out = []
    for f in range(frames):
        image = Image.new("RGB", (width, height), back)
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, f * height // frames, width, f * height // frames + 3), fill=bar)
        cx, cy, r = (f + 1) * width // (frames + 1), height // 2 + (f % 5) - 2, min(width, height) // 5
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=disc)
        draw.point([(f % width, 0)], fill=(255, 255, 255))
        out.append(image)
    return out


def save_gif(name: str, frames: list[Image.Image], delay_ms: int) -> None:
    palette = frames[0].quantize(colors=16)
    indexed = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    indexed[0].save(MEDIA / name, save_all=True, append_images=indexed[1:], duration=delay_ms, loop=0, disposal=1, optimize=False)


def save_video(name: str, frames: list[Image.Image], codec: str, rate: Fraction, options: dict[str, str]) -> None:
    """8-bit 4:2:0; one thread, so that the same encoder gives the same bytes."""
    with av.open(str(MEDIA / name), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.thread_count = *frames[0].size, "yuv420p", 1
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_image(frame)))
        container.mux(stream.encode())


def make_pictures() -> None:
    scene(64, 48, 1).save(MEDIA / "scene-64x48.png", optimize=True)
    scene(37, 91, 2).save(MEDIA / "tall-37x91.png", optimize=True)
    scene(120, 33, 3).save(MEDIA / "wide-120x33.png", optimize=True)
    scene(64, 64, 4).save(MEDIA / "square-64x64.png", optimize=True)
    scene(9, 7, 5).save(MEDIA / "icon-9x7.png", optimize=True)
    scene(51, 50, 6).convert("L").save(MEDIA / "grey-51x50.png", optimize=True)
    rgba = scene(45, 60, 7).convert("RGBA")
    y, x = np.mgrid[0:60, 0:45]
    rgba.putalpha(Image.fromarray(((x * 5 + y * 3) % 256).astype(np.uint8)))
    rgba.save(MEDIA / "alpha-45x60.png", optimize=True)
    palette = scene(48, 40, 8).quantize(colors=32)
    palette.save(MEDIA / "palette-trns-48x40.png", optimize=True, transparency=3)
    exif = Image.Exif()
    exif[0x0112] = 6
    scene(70, 42, 9, noise=2).save(MEDIA / "exif6-70x42.jpg", quality=90, exif=exif)
    scene(61, 33, 10, noise=2).save(MEDIA / "photo-61x33.jpg", quality=85, subsampling=2)
    scene(300, 20, 11).save(MEDIA / "strip-300x20.png", optimize=True)


def make_clips() -> None:
    (MEDIA / "clips").mkdir()
    save_gif("clips/ball-40x30.gif", clip(40, 30, 30, 21), 100)  # 30 frames at 10 fps, 3.0 s
    save_gif("clips/bars-33x48.gif", clip(33, 48, 24, 22), 200)  # 24 frames at 5 fps, 4.8 s
    save_video("clips/ball-96x64-h264.mp4", clip(96, 64, 75, 24), "libx264", Fraction(30000, 1001), {"bf": "3", "g": "40", "crf": "23"})  # 2.5 s
    save_video("clips/bars-64x96-vp9.mp4", clip(64, 96, 60, 25), "libvpx-vp9", Fraction(15), {"crf": "36", "b": "0", "g": "30"})  # 4.0 s
    folder = MEDIA / "clips" / "frames-56x32"
    folder.mkdir()
    frames = clip(56, 32, 8, 23)
    for i, frame in enumerate(frames):
        frame.save(folder / f"{i:04d}.png", optimize=True)
    write_json(folder / "metadata.json", {"total_num_frames": 8, "fps": 4.0, "duration": 2.0, "width": 56, "height": 32})


def describe() -> None:
    entries = []
    for path in sorted(MEDIA.glob("*.*")):
        if path.suffix == ".json":
            continue
        with Image.open(path) as image:
            from PIL import ImageOps

            loaded = ImageOps.exif_transpose(image).convert("RGB")
            entries.append({
                "path": path.name, "mode": image.mode, "width": image.width, "height": image.height,
                "loaded": {"width": loaded.width, "height": loaded.height, "rgb_sha256": array_sha256(np.asarray(loaded))},
            })
    write_json(MEDIA / "manifest.json", {"about": "`loaded` is what the reference's loader makes of the file: EXIF rotation, then RGB (alpha dropped).", "images": entries})


def main() -> None:
    shutil.rmtree(MEDIA, ignore_errors=True)
    MEDIA.mkdir(parents=True)
    make_pictures()
    make_clips()
    describe()


if __name__ == "__main__":
    main()
