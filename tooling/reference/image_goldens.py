"""Writes fixtures/image-processor/goldens.json: hashes of both image processors over sizes and options."""

import torchvision_shim  # noqa: F401  (before transformers)
import numpy as np
from PIL import Image
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil
from transformers.models.smolvlm.image_processing_smolvlm import SmolVLMImageProcessor

from paths import FIXTURES, versions, write_json
from synthetic import array_sha256, levels, synthetic_image

CLASSES = {"pil": SmolVLMImageProcessorPil, "torchvision": SmolVLMImageProcessor}
SMALL = {"size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 32}}
OFFICIAL = {"size": {"longest_edge": 2048}, "max_image_size": {"longest_edge": 512}}
LARGE_2B = {"size": {"longest_edge": 1536}, "max_image_size": {"longest_edge": 384}}
FILTERS = {"NEAREST": 0, "LANCZOS": 1, "BILINEAR": 2, "BICUBIC": 3, "BOX": 4, "HAMMING": 5}
SIZES = [
    (64, 48), (48, 64), (64, 64), (32, 32), (31, 33), (1, 1), (1, 40), (40, 1), (2, 3), (7, 5), (97, 31), (31, 97), (200, 61), (61, 200),
    (333, 100), (100, 333), (128, 128), (129, 127), (65, 64), (63, 64), (320, 20), (20, 320), (500, 7), (255, 254), (90, 60), (33, 32),
]
GEOMETRY = [(128, 32), (126, 32), (100, 36), (88, 44), (65, 32), (63, 31), (32, 32), (30, 32), (45, 20), (192, 48)]


def case(name: str, images: list, init: dict | None = None, flavour: str = "pil", seeds: list | None = None, **call) -> dict:
    seeds = seeds or [[0] * len(row) for row in images]
    return {"name": name, "flavour": flavour, "init": SMALL if init is None else init, "call": call,
            "images": [[list(size) for size in row] for row in images], "seeds": seeds}


def cases() -> list[dict]:
    out = []
    for w, h in SIZES:
        out.append(case(f"size-{w}x{h}", [[(w, h)]], return_row_col_info=True))
        out.append(case(f"size-{w}x{h}-unsplit", [[(w, h)]], do_image_splitting=False, return_row_col_info=True))
    for w, h in SIZES[::2]:
        out.append(case(f"fast-size-{w}x{h}", [[(w, h)]], flavour="torchvision", return_row_col_info=True))
        out.append(case(f"fast-size-{w}x{h}-unsplit", [[(w, h)]], flavour="torchvision", do_image_splitting=False))
    for longest, tile in GEOMETRY:
        init = {"size": {"longest_edge": longest}, "max_image_size": {"longest_edge": tile}}
        for w, h in ((53, 37), (37, 90)):
            out.append(case(f"geometry-{longest}-{tile}-{w}x{h}", [[(w, h)]], init, return_row_col_info=True))
    for name, value in FILTERS.items():
        for w, h in ((50, 37), (150, 170)):
            out.append(case(f"resample-{name}-{w}x{h}", [[(w, h)]], resample=value))
    for name in ("LANCZOS", "BICUBIC", "BILINEAR", "NEAREST", "BOX", "HAMMING"):
        for w, h in ((50, 37), (150, 170)):
            out.append(case(f"fast-resample-{name}-{w}x{h}", [[(w, h)]], flavour="torchvision", resample=FILTERS[name]))
    flags = ["do_resize", "do_image_splitting", "do_rescale", "do_normalize", "do_pad"]
    for flavour in ("pil", "torchvision"):
        f = "fast-" if flavour == "torchvision" else ""
        for flag in flags:
            out.append(case(f"{f}no-{flag}", [[(75, 50)]], flavour=flavour, **{flag: False}))
        out.append(case(f"{f}no-resize-no-splitting", [[(75, 50)]], flavour=flavour, do_resize=False, do_image_splitting=False))
        out.append(case(f"{f}no-resize-small", [[(20, 12)]], flavour=flavour, do_resize=False, return_row_col_info=True))
        out.append(case(f"{f}no-resize-large", [[(200, 40)]], flavour=flavour, do_resize=False, return_row_col_info=True))
        out.append(case(f"{f}no-rescale-no-normalize", [[(50, 40)]], flavour=flavour, do_rescale=False, do_normalize=False))
        out.append(case(f"{f}imagenet-mean-std", [[(50, 40)]], flavour=flavour, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225]))
        out.append(case(f"{f}rescale-factor-half", [[(50, 40)]], flavour=flavour, rescale_factor=1 / 128))
        out.append(case(f"{f}rescale-only", [[(50, 40)]], flavour=flavour, do_normalize=False))
        out.append(case(f"{f}call-overrides-size", [[(50, 40)]], flavour=flavour, size={"longest_edge": 96}, max_image_size={"longest_edge": 48}))
        batches = {
            "two-images-one-row": [[(64, 48), (30, 90)]], "ragged": [[(64, 48)], [(30, 90), (20, 20)]],
            "empty-row-last": [[(64, 48)], []], "empty-row-first": [[], [(64, 48)]], "empty-row-middle": [[(64, 16)], [], [(33, 90), (20, 20)]],
            "many": [[(10 + 9 * i, 70 - 5 * i) for i in range(6)]], "same-size": [[(40, 30), (40, 30)], [(40, 30)]],
        }
        for name, images in batches.items():
            seeds = [[i * 3 + j for j in range(len(row))] for i, row in enumerate(images)]
            out.append(case(f"{f}batch-{name}", images, flavour=flavour, seeds=seeds, return_row_col_info=True))
        out.append(case(f"{f}batch-ragged-no-pad", [[(64, 48)], [(30, 90), (20, 20)]], flavour=flavour, do_pad=False))
        out.append(case(f"{f}batch-ragged-unsplit", [[(64, 48)], [(30, 90), (20, 20)]], flavour=flavour, do_image_splitting=False))
        out.append(case(f"{f}official-333x500", [[(333, 500)]], OFFICIAL, flavour, return_row_col_info=True))
        out.append(case(f"{f}official-640x480-unsplit", [[(640, 480)]], OFFICIAL, flavour, do_image_splitting=False, return_row_col_info=True))
        out.append(case(f"{f}2b-200x61", [[(200, 61)]], LARGE_2B, flavour, return_row_col_info=True))
        out.append(case(f"{f}class-defaults-90x60", [[(90, 60)]], {}, flavour, return_row_col_info=True))
    for tiles in (1, 2, 3, 4):  # what a budget of tiles makes of a processor of four tiles a side
        init = {"size": {"longest_edge": 32 * tiles}, "max_image_size": {"longest_edge": 32}}
        for w, h in ((64, 48), (48, 64), (96, 96), (333, 100), (61, 200), (500, 7)):
            out.append(case(f"budget-{tiles}-{w}x{h}", [[(w, h)]], init, return_row_col_info=True))
    out.append(case("official-1920x1080", [[(1920, 1080)]], OFFICIAL, return_row_col_info=True))
    out.append(case("official-1000x1", [[(1000, 1)]], OFFICIAL, return_row_col_info=True))
    out.append(case("cap-4096", [[(40, 3)]], {"size": {"longest_edge": 5000}, "max_image_size": {"longest_edge": 512}}, return_row_col_info=True))
    return out


def run(entry: dict) -> dict:
    processor = CLASSES[entry["flavour"]](**entry["init"])
    images = [
        [Image.fromarray(synthetic_image(w, h, t)) for (w, h), t in zip(row, seeds)] for row, seeds in zip(entry["images"], entry["seeds"])
    ]
    try:
        out = processor(images, return_tensors="pt", **entry["call"])
    except Exception as error:  # noqa: BLE001  the reference's refusal is the fixture
        return {"error": {"type": type(error).__name__, "message": str(error)[:200]}}
    pixels = out["pixel_values"].numpy()
    assert pixels.ndim == 5, entry["name"]
    mask = out["pixel_attention_mask"] if "pixel_attention_mask" in out else None
    info = {"dtype": str(pixels.dtype)} if pixels.dtype != np.float32 else {}
    pixels = pixels.astype(np.float32)
    plain = all(entry["call"].get(k, True) for k in ("do_rescale", "do_normalize")) and not {"image_mean", "rescale_factor"} & set(entry["call"])
    return {"output": {
        "shape": list(pixels.shape), "pixel_values_sha256": array_sha256(pixels), **info,
        "pixel_values_sum_u8": int(levels(pixels).sum()) if plain else None,
        "mask_shape": list(mask.shape) if mask is not None else None,
        "mask_sha256": array_sha256(mask.numpy().astype(np.uint8)) if mask is not None else None,
        "mask_dtype": str(mask.dtype).removeprefix("torch.") if mask is not None else None,
        "rows": out["rows"] if "rows" in out else None, "cols": out["cols"] if "cols" in out else None,
    }}


def main() -> None:
    done = [{**entry, **run(entry)} for entry in cases()]
    assert len({c["name"] for c in done}) == len(done)
    write_json(FIXTURES / "image-processor" / "goldens.json", {"versions": versions(), "cases": done}, indent=None)
    path = FIXTURES / "image-processor" / "goldens.json"
    path.write_text(path.read_text().replace('{"name"', '\n{"name"'))
    for c in done:
        if "error" in c:
            print(c["name"], c["error"])
    print(f"{len(done)} image processor cases")


if __name__ == "__main__":
    main()
