"""Writes goldens/videos.json: SHA-256 of RGB frames as PyAV gives them (`to_ndarray(format="rgb24")`), of each video in some folders.

`indices` are some of the first frames, each with its hash; `sampled` is what transformers samples (at most 4 frames), with one hash of all.

Usage: python make_goldens.py FOLDER_WITH_VIDEOS…
"""

import hashlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tooling" / "reference"))
import torchvision_shim  # noqa: E402, F401  (before transformers)
import av  # noqa: E402
import numpy as np  # noqa: E402
from transformers.models.smolvlm.video_processing_smolvlm import SmolVLMVideoProcessor  # noqa: E402
from transformers.video_utils import VideoMetadata  # noqa: E402

NUM_FRAMES = 4
processor = SmolVLMVideoProcessor()


def describe(path):
    container = av.open(str(path))
    stream = container.streams.video[0]
    total = sum(1 for packet in container.demux(stream) if packet.pts is not None)
    wanted = sorted({0, min(7, total - 1), min(int(total * 0.4), 15)})
    fps = float(stream.average_rate)
    metadata = VideoMetadata(total_num_frames=total, fps=fps, duration=total / fps)
    sampled = [int(i) for i in processor.sample_frames(metadata, num_frames=NUM_FRAMES, fps=1)]
    container.close()
    container = av.open(str(path))
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    hashes, rotated, together = [], [], hashlib.sha256()
    for i, frame in enumerate(container.decode(stream)):
        if i in wanted or i in sampled:
            rgb = frame.to_ndarray(format="rgb24")
        if i in sampled:
            together.update(rgb.tobytes())
        if i in wanted:
            hashes.append(hashlib.sha256(rgb.tobytes()).hexdigest())
            if frame.rotation:
                upright = np.ascontiguousarray(np.rot90(rgb, frame.rotation // 90))
                rotated.append(hashlib.sha256(upright.tobytes()).hexdigest())
        if i >= max(wanted[-1], sampled[-1]):
            break
    return {
        "total": total, "fps": fps, "width": stream.width, "height": stream.height,
        "format": stream.codec_context.pix_fmt, "indices": wanted, "sha256": hashes,
        "sampled": {"indices": sampled, "sha256": together.hexdigest()}, **({"upright_sha256": rotated} if rotated else {}),
    }


def describe_folder(folder):
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in (".mp4", ".webm", ".mkv", ".mov", ".ts"):
            try:
                found[f"{folder.name}/{path.name}"] = describe(path)
            except (av.error.FFmpegError, IndexError) as error:
                print(path.name, error)  # what PyAV cannot read to its end has no goldens
    return found


videos = {name: golden for folder in sys.argv[1:] for name, golden in describe_folder(Path(folder)).items()}
versions = {"av": av.__version__, "ffmpeg": ".".join(map(str, av.library_versions["libavcodec"]))}
target = Path(__file__).resolve().parent.parent / "goldens" / "videos.json"
target.write_text(json.dumps({"versions": versions, "videos": videos}, indent=2) + "\n")
