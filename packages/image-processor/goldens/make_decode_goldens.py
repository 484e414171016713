"""Small files of every kind the Node decoder reads, with what Pillow makes of them. Writes decode.json beside this script.

Run with the Python of tooling/reference (Pillow 12.3), with the folder of test pictures as argument; format the result with prettier.
Each case has the file in base64, and the size and SHA-256 of `exif_transpose(image).convert("RGB")`; so have the rotated pictures of
the folder, under `oriented`.
"""

import base64
import hashlib
import io
import json
import struct
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

rng = np.random.default_rng(7)


def picture(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([x * 255 // width, y * 255 // height, (x * 7 + y * 13) % 256], -1)
    return np.clip(base + rng.integers(-20, 21, base.shape), 0, 255).astype(np.uint8)


RGB = Image.fromarray(picture(23, 17))
ALPHA = Image.fromarray(rng.integers(0, 256, (17, 23), dtype=np.uint8))
cases: list[dict] = []


def add(name: str, data: bytes) -> None:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    cases.append({
        "name": name, "width": image.width, "height": image.height,
        "sha256": hashlib.sha256(image.tobytes()).hexdigest(), "file": base64.b64encode(data).decode(),
    })


def save(name: str, image: Image.Image, format: str, **options) -> None:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    add(name, buffer.getvalue())


def rgba() -> Image.Image:
    image = RGB.convert("RGBA")
    image.putalpha(ALPHA)
    return image


def grey16() -> Image.Image:
    return Image.fromarray(rng.integers(0, 600, (17, 23)).astype(np.uint16))


def png() -> None:
    grey = RGB.convert("L")
    palette = RGB.quantize(16)
    save("png rgb", RGB, "PNG")
    save("png rgba", rgba(), "PNG")
    save("png la", Image.merge("LA", (grey, ALPHA)), "PNG")
    save("png l", grey, "PNG")
    save("png l trns", grey, "PNG", transparency=grey.getpixel((3, 3)))
    save("png rgb trns", RGB, "PNG", transparency=RGB.getpixel((3, 3)))
    save("png 1", grey.convert("1"), "PNG")
    for bits, colours in ((1, 2), (2, 4), (4, 16), (8, 200)):
        save(f"png p {bits} bits", RGB.quantize(colours), "PNG", bits=bits)
    save("png p trns one", palette, "PNG", transparency=3)
    save("png p trns many", palette, "PNG", transparency=bytes(range(0, 160, 10)))
    save("png i16", grey16(), "PNG")
    save("png gamma", RGB, "PNG", pnginfo=chunk(b"gAMA", struct.pack(">I", 100000)))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(f"png exif {orientation}", RGB, "PNG", exif=exif)


def chunk(kind: bytes, data: bytes) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add(kind, data)
    return info


def jpeg() -> None:
    cmyk = Image.merge("CMYK", [*RGB.split(), ALPHA])
    save("jpeg 420", RGB, "JPEG", quality=80, subsampling=2)
    save("jpeg 422", RGB, "JPEG", quality=80, subsampling=1)
    save("jpeg 444", RGB, "JPEG", quality=95, subsampling=0)
    save("jpeg progressive", RGB, "JPEG", quality=70, progressive=True)
    save("jpeg restart", RGB, "JPEG", quality=70, restart_marker_blocks=1)
    save("jpeg grey", RGB.convert("L"), "JPEG", quality=60)
    save("jpeg keep rgb", RGB, "JPEG", quality=90, keep_rgb=True)
    save("jpeg cmyk", cmyk, "JPEG", quality=90)
    buffer = io.BytesIO()
    cmyk.save(buffer, "JPEG", quality=90)
    data = buffer.getvalue()
    at = data.index(b"\xff\xee")
    length = struct.unpack(">H", data[at + 2 : at + 4])[0]
    add("jpeg cmyk without adobe marker", data[:at] + data[at + 2 + length :])
    add("jpeg ycck", data[: at + 2 + length - 1] + b"\x02" + data[at + 2 + length :])
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(f"jpeg exif {orientation}", RGB, "JPEG", quality=90, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    save("jpeg cmyk exif 6", cmyk, "JPEG", quality=90, exif=exif)


def webp() -> None:
    save("webp lossy", RGB, "WEBP", quality=70)
    save("webp lossless", RGB, "WEBP", lossless=True)
    save("webp lossy alpha", rgba(), "WEBP", quality=70)
    save("webp lossless alpha", rgba(), "WEBP", lossless=True, exact=True)
    save("webp animated", RGB, "WEBP", save_all=True, append_images=[RGB.transpose(0)], duration=100, quality=80)


def gif() -> None:
    palette = RGB.quantize(30)
    save("gif", palette, "GIF")
    save("gif interlaced", palette, "GIF", interlace=1)
    save("gif transparent", palette, "GIF", transparency=5)
    save("gif grey", RGB.convert("L"), "GIF")
    save("gif 1", RGB.convert("1"), "GIF")
    save("gif animated", palette, "GIF", save_all=True, append_images=[RGB.transpose(0).quantize(40)], duration=100)
    noise = Image.fromarray(rng.integers(0, 256, (90, 110), dtype=np.uint8))
    save("gif noise", noise.convert("RGB").quantize(256), "GIF")
    buffer = io.BytesIO()
    palette.save(buffer, "GIF")
    data = bytearray(buffer.getvalue())
    struct.pack_into("<HH", data, 6, 30, 25)  # a screen larger than its frame
    add("gif small frame", bytes(data))
    struct.pack_into("<HH", data, 6, 5, 4)  # and a smaller one
    add("gif small screen", bytes(data))


def tiff() -> None:
    save("tiff rgb", RGB, "TIFF")
    save("tiff lzw", RGB, "TIFF", compression="tiff_lzw")
    save("tiff deflate", RGB, "TIFF", compression="tiff_deflate")
    save("tiff packbits", RGB, "TIFF", compression="packbits")
    save("tiff jpeg", RGB, "TIFF", compression="jpeg", quality=90)
    save("tiff rgba", rgba(), "TIFF")
    save("tiff l", RGB.convert("L"), "TIFF")
    save("tiff la", Image.merge("LA", (RGB.convert("L"), ALPHA)), "TIFF")
    save("tiff 1", RGB.convert("1"), "TIFF")
    save("tiff g4", RGB.convert("1"), "TIFF", compression="group4")
    save("tiff p", RGB.quantize(60), "TIFF")
    save("tiff i16", grey16(), "TIFF")
    save("tiff i32", Image.fromarray(rng.integers(-90, 600, (17, 23)).astype(np.int32)), "TIFF")
    save("tiff f32", Image.fromarray((rng.random((17, 23)) * 400 - 50).astype(np.float32)), "TIFF")
    save("tiff cmyk", Image.merge("CMYK", [*RGB.split(), ALPHA]), "TIFF")
    save("tiff pages", RGB, "TIFF", save_all=True, append_images=[RGB.convert("L")])
    save("tiff big", RGB, "TIFF", big_tiff=True)
    for orientation in (3, 6):
        save(f"tiff orientation {orientation}", RGB, "TIFF", tiffinfo={0x0112: orientation})


def bmp_file(width: int, height: int, bits: int, compression: int, body: bytes, palette: bytes = b"", masks: bytes = b"", colours: int = 0) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(body), 2835, 2835, colours, 0)
    offset = 14 + len(header) + len(masks) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + header + masks + palette + body


def bmp() -> None:
    save("bmp rgb", RGB, "BMP")
    save("bmp l", RGB.convert("L"), "BMP")
    save("bmp 1", RGB.convert("1"), "BMP")
    save("bmp p", RGB.quantize(70), "BMP")
    save("bmp rgba", rgba(), "BMP")
    colours = bytes(rng.integers(0, 256, 16 * 4, dtype=np.uint8))
    width, height = 13, 6

    def body(bits: int) -> bytes:
        stride = (width * bits + 31) // 32 * 4
        return rng.integers(0, 256, (height, stride), dtype=np.uint8).tobytes()

    add("bmp 4 bits", bmp_file(width, height, 4, 0, body(4), colours))
    add("bmp 1 bit coloured", bmp_file(width, height, 1, 0, body(1), colours[:8]))
    add("bmp 8 bits short palette", bmp_file(width, height, 8, 0, body(8), colours, colours=16))
    add("bmp top down", bmp_file(width, -height, 24, 0, body(24)))
    add("bmp 16 bits", bmp_file(width, height, 16, 0, body(16)))
    add("bmp 32 bits", bmp_file(width, height, 32, 0, body(32)))
    for name, bits, masks in (
        ("565", 16, (0xF800, 0x7E0, 0x1F)), ("555", 16, (0x7C00, 0x3E0, 0x1F)), ("24", 24, (0xFF0000, 0xFF00, 0xFF)),
        ("bgrx", 32, (0xFF0000, 0xFF00, 0xFF)), ("xbgr", 32, (0xFF000000, 0xFF0000, 0xFF00)), ("bgxr", 32, (0xFF000000, 0xFF00, 0xFF)),
        ("none", 32, (0, 0, 0)),
    ):  # fmt: skip
        add(f"bmp fields {name}", bmp_file(width, height, bits, 3, body(bits), masks=struct.pack("<III", *masks)))
    v4 = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, 0, 0, 0, 0, 0)
    v4 += struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000) + bytes(52)
    add("bmp v4 rgba", b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + 108) + v4 + body(32))
    core = struct.pack("<IHHHH", 12, width, height, 1, 4)
    triples = bytes(rng.integers(0, 256, 48, dtype=np.uint8))
    add("bmp os/2", b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + 12 + 48) + core + triples + body(4))
    rle8 = bytes([5, 1, 3, 2, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0, 13, 7, 0, 0, 0, 2, 4, 1, 6, 9, 0, 0, 13, 3, 0, 0, 20, 6, 0, 0, 0, 1])
    padded = rle8[:-2] + bytes([13, 8, 0, 0, 0, 1])
    add("bmp rle8", bmp_file(width, height, 8, 1, padded, colours, colours=16))
    rle4 = bytes([5, 0x12, 8, 0x34, 0, 0, 0, 4, 0x12, 0x34, 9, 0x56, 0, 0, 13, 0x78, 0, 0, 13, 0x9A, 0, 0, 13, 0xBC, 0, 0, 13, 0xDE, 0, 1])
    add("bmp rle4", bmp_file(width, height, 4, 2, rle4, colours))


def turned_grey16() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    save("png i16 turned", grey16(), "PNG", exif=exif)


for make in (png, jpeg, webp, gif, tiff, bmp, turned_grey16):
    make()
oriented = {}
for file in sorted(Path(sys.argv[1]).rglob("*.*")):
    if file.suffix in (".json", ".avif", ".avifs"):
        continue
    image = Image.open(file)
    image.load()
    if image.getexif().get(0x0112, 1) != 1:
        turned = ImageOps.exif_transpose(image).convert("RGB")
        digest = hashlib.sha256(turned.tobytes()).hexdigest()
        oriented[str(file.relative_to(sys.argv[1]))] = {"width": turned.width, "height": turned.height, "sha256": digest}
path = Path(__file__).with_name("decode.json")
about = "Made by make_decode_goldens.py with Pillow " + Image.__version__
path.write_text(json.dumps({"about": about, "oriented": oriented, "cases": cases}, indent=1) + "\n")
print(len(cases), len(oriented), path.stat().st_size)
