"""Writes fixtures/video-processor/goldens.json: frame sampling, time stamps, number words, durations, prompts, pixel hashes."""

from datetime import timedelta
from types import SimpleNamespace

import torchvision_shim  # noqa: F401  (before transformers)
import numpy as np
from num2words import num2words
from transformers.models.smolvlm.processing_smolvlm import SmolVLMProcessor
from transformers.models.smolvlm.video_processing_smolvlm import SmolVLMVideoProcessor
from transformers.video_utils import VideoMetadata

from paths import FIXTURES, versions, write_json
from synthetic import array_sha256, synthetic_video

TABLE = [(559, 60), (300, 30), (75, 30), (45, 30), (30, 30), (1800, 30), (1980, 30), (1981, 30), (2010, 30), (3600, 25), (1, 30), (2, 30), (15, 30), (105, 30)]
SMALL = {"size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 32}}
SAMPLING = {"video_sampling": {"fps": 1, "max_frames": 64, "video_size": {"longest_edge": 32}}}
OFFICIAL = {"size": {"longest_edge": 2048}, "max_image_size": {"longest_edge": 512}, "video_sampling": {"fps": 1, "max_frames": 64, "video_size": {"longest_edge": 512}}}


def stamp(seconds: float) -> str:
    return f"{int(seconds // 60):02d}:{int(seconds % 60):02d}"


def sample(total: int, fps: float, num_frames: int, target_fps: float, skip_secs: float, duration: float | None = None) -> dict:
    metadata = VideoMetadata(total_num_frames=total, fps=fps, duration=total / fps if duration is None else duration)
    indices = SmolVLMVideoProcessor().sample_frames(metadata, num_frames=num_frames, fps=target_fps, skip_secs=skip_secs)
    metadata.frames_indices = indices
    return {
        "total": total, "fps": fps, "duration": metadata.duration, "num_frames": num_frames, "target_fps": target_fps, "skip_secs": skip_secs,
        "indices": [int(i) for i in indices], "timestamps": [stamp(s) for s in metadata.timestamps],
    }


def sampling() -> list[dict]:
    out = [sample(n, f, 64, 1, 1) for n, f in TABLE]
    rng = np.random.default_rng(7)
    rates = [1, 5, 10, 12.5, 15, 23.976, 24000 / 1001, 24, 25, 29.97, 30000 / 1001, 30, 50, 59.94, 60, 120]
    for _ in range(170):
        fps = float(rates[rng.integers(len(rates))])
        total = int(np.exp(rng.uniform(0, np.log(20000))))
        frames = int(rng.choice([1, 2, 3, 5, 8, 10, 16, 32, 64, 100]))
        out.append(sample(total, fps, frames, float(rng.choice([0.1, 0.25, 0.5, 1, 1, 1, 2, 3, 7.5])), float(rng.choice([0, 0.5, 1, 1, 1, 2, 10]))))
    out += [sample(100, 10.0, 64, 1, 1, duration=d) for d in (0.0, 0.5, 1.5, 2.5, 9.99, 10.5)]
    out += [sample(100, 10.0, 4, 1, 1), sample(100, 10.0, 64, 100.0, 1), sample(10, 30.0, 64, 1000.0, 1)]
    return out


def prompts() -> list[dict]:
    """The processor's own replacement text, over frame counts, seconds and missing metadata."""
    out = []
    for count, indices, fps, duration, seq in [
        (1, [0], 30.0, 1.0, 2), (3, [0, 10, 29], 10.0, 2.9, 4), (2, [0, 40000], 30.0, 4000.5, 1), (5, [0, 10, 20], 10.0, 3.0, 1),
        (3, [0, 24, 48], None, None, 1), (2, [0, 59], 1.0, None, 1), (2, [0, 86400], 1.0, 90061.0, 1), (21, list(range(21)), 1.0, 21.0, 1),
    ]:
        fake = SimpleNamespace(
            image_seq_len=seq, image_token="<image>", fake_image_token="<fake_token_around_image>", global_image_token="<global-img>"
        )
        metadata = VideoMetadata(total_num_frames=max(indices) + 1, fps=fps, duration=duration, frames_indices=indices)
        inputs = {"pixel_values": np.zeros((1, count, 3, 1, 1)), "video_metadata": [metadata]}
        out.append({"frame_count": count, "frames_indices": indices, "fps": fps, "duration": duration, "image_seq_len": seq,
                    "text": SmolVLMProcessor.replace_video_token(fake, inputs, 0)})
    return out


def pixels() -> list[dict]:
    out = []

    def add(name: str, init: dict, videos: list, **call) -> None:
        import copy

        processor = SmolVLMVideoProcessor(**copy.deepcopy(init))  # the constructor changes the caller's video_sampling
        arrays = [synthetic_video(*v[:3], t0=v[3]) for v in videos]
        entry = {"name": name, "init": init, "call": call, "videos": [list(v) for v in videos]}
        try:
            result = processor(arrays, return_tensors="pt", **call)
        except Exception as error:  # noqa: BLE001  the reference's refusal is the fixture
            out.append({**entry, "error": {"type": type(error).__name__, "message": str(error)[:200]}})
            return
        values = result["pixel_values"].numpy().astype(np.float32)
        mask = result["pixel_attention_mask"] if "pixel_attention_mask" in result else None
        out.append({**entry, "output": {
            "shape": list(values.shape), "pixel_values_sha256": array_sha256(values),
            "mask_shape": None if mask is None else list(mask.shape),
            "mask_sha256": None if mask is None else array_sha256(mask.numpy().astype(np.uint8)),
        }})

    for w, h in [(64, 48), (48, 64), (40, 30), (33, 48), (56, 32), (20, 20), (1, 9), (100, 17), (17, 100), (200, 150), (65, 64), (32, 32), (128, 72), (31, 97)]:
        add(f"size-{w}x{h}", {**SMALL, **SAMPLING}, [(w, h, 3, 0)])
        add(f"without-size-{w}x{h}", {"max_image_size": {"longest_edge": 32}, **SAMPLING}, [(w, h, 2, 1)])
    for name, value in (("BICUBIC", 3), ("BILINEAR", 2), ("NEAREST", 0)):
        add(f"resample-{name}", SMALL, [(50, 37, 2, 0)], resample=value)
    for flag in ("do_resize", "do_rescale", "do_normalize", "do_pad"):
        add(f"no-{flag}", SMALL, [(50, 38, 2, 0)], **{flag: False})
    add("imagenet-mean-std", SMALL, [(50, 38, 2, 0)], image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
    add("two-videos", SMALL, [(50, 38, 2, 0), (30, 44, 2, 5)])
    add("two-videos-ragged", SMALL, [(50, 38, 2, 0), (50, 38, 4, 5)])
    add("three-videos-ragged", SMALL, [(50, 38, 3, 0), (30, 44, 1, 5), (64, 64, 2, 9)])
    add("two-videos-ragged-no-pad", SMALL, [(50, 38, 2, 0), (50, 38, 4, 5)], do_pad=False)
    add("class-defaults", {}, [(60, 40, 1, 0)])
    add("official-64x48", OFFICIAL, [(64, 48, 3, 0)])
    add("official-640x360", OFFICIAL, [(640, 360, 3, 0)])
    add("official-333x500", OFFICIAL, [(333, 500, 1, 0)])
    add("2b-320x240", {"size": {"longest_edge": 1536}, "max_image_size": {"longest_edge": 384}, **SAMPLING}, [(320, 240, 2, 0)])
    add("cap-4096", {"size": {"longest_edge": 5000}, "max_image_size": {"longest_edge": 64}}, [(40, 10, 1, 0)])
    return out


def main() -> None:
    numbers = [*range(1, 131), 199, 200, 201, 256, 300, 365, 400, 512, 999, 1000, 1001, 1010, 1024, 1100, 1101, 1999, 2000, 2048, 3600, 5432, 9000, 9009, 9090, 9900, 9990, 9999]
    seconds = [0, 1, 9, 59, 60, 61, 66, 599, 3599, 3600, 3661, 36000, 86399, 86400, 86401, 172800, 90061, 1000000]
    path = FIXTURES / "video-processor" / "goldens.json"
    data = {
        "versions": versions(), "sampling": sampling(), "number_words": {str(n): num2words(n) for n in numbers},
        "durations": {str(s): str(timedelta(seconds=s)) for s in seconds}, "prompts": prompts(), "pixels": pixels(),
    }
    write_json(path, data, indent=None)
    text = path.read_text()
    for key in ('{"total"', '{"frame_count"', '{"name"', '"number_words"', '"durations"', '"prompts"', '"pixels"'):
        text = text.replace(key, "\n" + key)
    path.write_text(text)
    print(len(data["sampling"]), "samplings,", len(data["pixels"]), "pixel cases,", path.stat().st_size // 1000, "kB")
    print([(p["name"], p["error"]["message"]) for p in data["pixels"] if "error" in p])


if __name__ == "__main__":
    main()
