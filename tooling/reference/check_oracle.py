"""Checks that the installed libraries compute the golden hashes of the specification (§2.7, §3.2). Exit code 1 if not."""

import sys

import torchvision_shim  # noqa: F401  (before transformers)
from PIL import Image
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil
from transformers.models.smolvlm.image_processing_smolvlm import SmolVLMImageProcessor
from transformers.models.smolvlm.video_processing_smolvlm import SmolVLMVideoProcessor

from synthetic import levels, sha256, synthetic_image, synthetic_video

# size: (source, {split: (pil, torchvision LANCZOS, torchvision BICUBIC)})
IMAGES = {
    (64, 48): ("7df694a307589cf2", ("d4e12465cc721b5e", "74c88a3326dcba00", "fcd0534395270ac3"), ("4e8a3d64c8ca0f24", "6f56af7df1684958", "2c7e0c0f0d617e98")),
    (48, 64): ("e21b3cf04b696683", ("337789af370e66a9", "8cd8da1e905407d8", "f4f47e662c83aa7e"), ("a2ed133cd37c1efa", "a2b13149ab1702ea", "b95a1aea1dea05f9")),
    (96, 96): ("18067b5377914966", ("e7cf9f148fe108bf", "60e4302082e636c5", "00219bae30505a95"), ("a4a282698852252a", "1060f89f535d5789", "f57071fdf2613e2a")),
    (333, 500): ("31efa8bca0107c72", ("8955e713440a80a5", "b2bbc0bf0a4d01af", "c8237f488e32bc64"), ("e15ab8ae9e8021ef", "e082ebaad83728d6", "7d34961809733404")),
    (200, 61): ("a5563d1d774d4ee5", ("2582569d31bdc355", "b33a5187327ff6f7", "f91c8b56b6a4129e"), ("fb7c91000e9c37e5", "2190cbc2e4704274", "16bc297391109c75")),
}
VIDEOS = {(64, 48): ("44b4b44d01657de1", "ffe04788bd70df7d"), (640, 360): ("200923379f60649e", "ad537a484bde27fc")}
OFFICIAL = {"size": {"longest_edge": 2048}, "max_image_size": {"longest_edge": 512}}


def main() -> int:
    failed = 0

    def check(name: str, found: str, expected: str) -> None:
        nonlocal failed
        good = found[:16] == expected
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {name} {found[:16]} (expected {expected})")

    pil = SmolVLMImageProcessorPil(**OFFICIAL)
    fast = SmolVLMImageProcessor(**OFFICIAL)
    for (w, h), (source, *columns) in IMAGES.items():
        pixels = synthetic_image(w, h)
        check(f"{w}x{h} source", sha256(pixels.tobytes()), source)
        for split, (p, lanczos, bicubic) in zip((True, False), columns):
            for name, processor, extra, expected in (
                ("pil", pil, {}, p), ("torchvision", fast, {}, lanczos), ("torchvision bicubic", fast, {"resample": 3}, bicubic)
            ):
                out = processor(Image.fromarray(pixels), do_image_splitting=split, return_tensors="np", **extra)
                check(f"{w}x{h} {name} split={split}", sha256(levels(out["pixel_values"]).tobytes()), expected)
    for (w, h), (official, without) in VIDEOS.items():
        frames = synthetic_video(w, h, 3)
        for name, init, expected in (
            ("video, official", {**OFFICIAL, "video_sampling": {"fps": 1, "max_frames": 64, "video_size": {"longest_edge": 512}}}, official),
            ("video, no size", {"max_image_size": {"longest_edge": 512}, "video_sampling": {"fps": 1, "max_frames": 64, "video_size": {"longest_edge": 512}}}, without),
        ):
            out = SmolVLMVideoProcessor(**init)([frames], return_tensors="pt")
            check(f"{w}x{h} {name}", sha256(levels(out["pixel_values"].numpy()).tobytes()), expected)
    print("all golden hashes agree" if not failed else f"{failed} golden hashes differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
