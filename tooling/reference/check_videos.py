"""Holds the command line against transformers on video files: ids, pixels to the bit, logits within 1e-4, greedy tokens.

Usage: python check_videos.py [--model FOLDER] [--max-frames N] [--fps F] [--image FILE] VIDEO…

Each video alone, all of them in one row, as a batch (as transformers writes it), and mixed with a picture, which transformers cannot do:
there each row of a batch must equal its solo run, and each row with one kind of medium transformers. Frames come from PyAV, which does not
turn them upright; where a container does not say how many frames it has (transformers would take none), they are counted.
"""

import argparse
import copy
import functools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torchvision_shim  # noqa: F401  (before transformers)
import av
import numpy as np
import torch
from safetensors.numpy import load_file
from transformers.video_utils import VideoMetadata

from paths import MEDIA, ROOT
from run_case import MAX_NEW_TOKENS, Reference, generate, media_of

LOGITS = 1e-4
KEYS = ("input_ids", "attention_mask", "pixel_values", "pixel_attention_mask")


def load_frames(path: str, sample) -> tuple[np.ndarray, VideoMetadata]:
    """The sampled frames as `transformers.video_utils.read_video_pyav` gives them."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        total = stream.frames
        if total == 0:
            stream.thread_type = "AUTO"
            total = sum(1 for _ in container.decode(video=0))
        rate = stream.average_rate
        metadata = VideoMetadata(total_num_frames=total, fps=float(rate), duration=float(total / rate), width=stream.width, height=stream.height)
    metadata.frames_indices = indices = [int(i) for i in sample(metadata=metadata)]
    with av.open(path) as container:
        container.streams.video[0].thread_type = "AUTO"
        wanted, frames = set(indices), []
        for i, frame in enumerate(container.decode(video=0)):
            if i in wanted:
                frames.append(frame.to_ndarray(format="rgb24"))
            if i >= indices[-1]:
                break
    return np.stack(frames), metadata


def expected(reference: Reference, conversations: list, sampling: dict) -> dict:
    """What transformers makes of conversations with one kind of medium, and its greedy answer."""
    processor = reference.processor
    prompts = processor.apply_chat_template(copy.deepcopy(conversations), add_generation_prompt=True)
    call: dict = {}
    images = [[str(MEDIA / p) for p in media_of(c, "image")] for c in conversations]
    if any(images):
        call["images"] = images
    if any(media_of(c, "video") for c in conversations):
        video = processor.video_processor
        options = {"num_frames": video.num_frames, "fps": video.fps, **sampling}
        sample = functools.partial(video.sample_frames, **options)
        clips = [[load_frames(p, sample) for p in media_of(c, "video")] for c in conversations]
        call["videos"] = [[frames for frames, _ in row] for row in clips]
        call["videos_kwargs"] = {"do_sample_frames": False, "video_metadata": [m for row in clips for _, m in row]}
    inputs = processor(text=list(prompts), padding=True, add_special_tokens=False, return_tensors="pt", **call)
    generated = generate(reference, inputs)
    return {"inputs": inputs, "rows": generated["rows"], "last_logits": generated["last_logits"].numpy()}


def answer(model: str, conversations: list, flags: list[str]) -> dict:
    """What the command line makes of them."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        (at / "conversation.json").write_text(json.dumps(conversations))
        command = ["node", str(ROOT / "apps/cli/dist/main.js"), "run", str(at / "conversation.json"), "--model", model, "--json"]
        command += ["--save-inputs", str(at / "inputs.safetensors"), "--save-logits", str(at / "logits.safetensors")]
        command += ["--max-new-tokens", str(MAX_NEW_TOKENS), "--no-auto-rotate", *flags]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            raise SystemExit(run.stderr)
        rows = [r["tokenIds"] for r in json.loads(run.stdout)["results"]]
        return {"rows": rows, "inputs": load_file(at / "inputs.safetensors"), **load_file(at / "logits.safetensors")}


def differences(ours: dict, theirs: dict) -> list[str]:
    found = []
    for key in KEYS:
        if (key in ours["inputs"]) != (key in theirs["inputs"]):
            found.append(f"{key} is missing")
        elif key in ours["inputs"]:
            a, b = ours["inputs"][key], theirs["inputs"][key].numpy()
            if a.shape != b.shape:
                found.append(f"{key} {a.shape} instead of {b.shape}")
            elif not np.array_equal(a.astype(b.dtype), b):
                found.append(f"{key}: {int((a != b).sum())} values differ, by at most {np.abs(a - b).max()}")
    if ours["rows"] != theirs["rows"]:
        found.append(f"tokens {ours['rows']} instead of {theirs['rows']}")
    gap = np.abs(ours["last_logits"] - theirs["last_logits"]).max() if ours["last_logits"].shape == theirs["last_logits"].shape else np.inf
    return found + ([f"logits differ by {gap}"] if not gap < LOGITS else [])


def conversation(*content: dict) -> list:
    return [{"role": "user", "content": [*content, {"type": "text", "text": "What happens?"}]}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=lambda path: str(Path(path).resolve()), default=str(ROOT / "packages/nano/model"))
    parser.add_argument("--max-frames", type=int)
    parser.add_argument("--fps", type=float)
    parser.add_argument("--image", default=str(MEDIA / "scene-64x48.png"))
    parser.add_argument("videos", nargs="+")
    options = parser.parse_args()
    sampling = {k: v for k, v in (("num_frames", options.max_frames), ("fps", options.fps)) if v is not None}
    flags = [*(["--max-frames", str(options.max_frames)] if options.max_frames else []), *(["--fps", str(options.fps)] if options.fps else [])]
    reference, bad = Reference(options.model), 0
    reference.processor.image_processor = reference.image_processors["pil"]
    image = {"type": "image", "path": options.image}
    videos = [{"type": "video", "path": str(Path(v).resolve())} for v in options.videos]

    def report(name: str, found: list[str]) -> None:
        nonlocal bad
        bad += bool(found)
        print(f"{'differs' if found else 'equal  '} {name}{''.join(f'; {f}' for f in found)}", flush=True)

    alone = {}
    for video in videos:
        alone[video["path"]] = ours = answer(options.model, [conversation(video)], flags)
        report(Path(video["path"]).name, differences(ours, expected(reference, [conversation(video)], sampling)))
    row = [conversation(*videos)]
    announced = [*flags, "--announce-longest-video"]
    report("all in one row, as transformers writes it", differences(answer(options.model, row, announced), expected(reference, row, sampling)))
    batch = [conversation(v) for v in videos]
    ours = answer(options.model, batch, announced)
    report("a batch, as transformers writes it", differences(ours, expected(reference, batch, sampling)))

    mixed = [conversation(image, videos[0]), conversation(image), conversation(videos[-1], image, videos[0]), conversation(videos[0]), conversation()]
    ours = answer(options.model, mixed, flags)
    solo = [answer(options.model, [c], flags) for c in mixed]
    found = [f"row {i}: {r} instead of {s['rows'][0]}" for i, (r, s) in enumerate(zip(ours["rows"], solo)) if r != s["rows"][0]]
    gaps = [np.abs(ours["last_logits"][i] - s["last_logits"][0]).max() for i, s in enumerate(solo)]
    for i, s in enumerate(solo):
        ids, mask = ours["inputs"]["input_ids"][i], ours["inputs"]["attention_mask"][i].astype(bool)
        if ids[mask].tolist() != s["inputs"]["input_ids"][0].tolist():
            found.append(f"row {i}: other ids")
        frames = s["inputs"].get("pixel_values")
        frames = np.zeros((0, *ours["inputs"]["pixel_values"].shape[2:]), np.float32) if frames is None else frames.reshape(-1, *frames.shape[2:])
        # A row of several videos alone has an axis of videos; here its frames lie one after the other. Missing ones are 0.
        if not np.array_equal(frames[frames.any(axis=(1, 2, 3))], (own := ours["inputs"]["pixel_values"][i])[own.any(axis=(1, 2, 3))]):
            found.append(f"row {i}: other frames")
    report("a mixed batch, each row as alone", found + ([f"logits differ by {max(gaps)}"] if max(gaps) > LOGITS else []))
    for i in (1, 3, 4):
        report(f"row {i} of it alone", differences(solo[i], expected(reference, [mixed[i]], sampling)))
    raise SystemExit(1 if bad else 0)


with torch.inference_mode():
    main()
