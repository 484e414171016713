"""Decodes the sampled frames of a video as transformers does with PyAV. `python decode_reference.py FILE` prints `{ ms, frames, total, hash }`."""

import functools
import hashlib
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "reference"))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torchvision_shim  # noqa: E402, F401  (before transformers)
import av  # noqa: E402
from transformers.models.smolvlm.video_processing_smolvlm import SmolVLMVideoProcessor  # noqa: E402
from transformers.video_utils import read_video_pyav  # noqa: E402

sample = functools.partial(SmolVLMVideoProcessor().sample_frames, num_frames=64, fps=2)
started = time.perf_counter()
frames, metadata = read_video_pyav(sys.argv[1], lambda metadata, **_: sample(metadata))
ms = (time.perf_counter() - started) * 1000
versions = {"pyav": av.__version__, "libavcodec": ".".join(map(str, av.library_versions["libavcodec"]))}
print(json.dumps({"ms": ms, "frames": len(frames), "total": metadata.total_num_frames, "hash": hashlib.sha256(frames.tobytes()).hexdigest(), "versions": versions}))
