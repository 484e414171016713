"""Writes goldens/videos.json: SHA-256 of RGB frames as PyAV gives them (`to_ndarray(format="rgb24")`), of each video in a folder.

Usage: python make_goldens.py FOLDER_WITH_VIDEOS
"""

import hashlib
import json
import sys
from pathlib import Path

import av
import numpy as np


def describe(path):
    container = av.open(str(path))
    stream = container.streams.video[0]
    total = sum(1 for packet in container.demux(stream) if packet.pts is not None)
    wanted = sorted({0, min(7, total - 1), min(int(total * 0.4), 15)})
    container.seek(0)
    hashes, rotated = [], []
    for i, frame in enumerate(container.decode(stream)):
        if i in wanted:
            rgb = frame.to_ndarray(format="rgb24")
            hashes.append(hashlib.sha256(rgb.tobytes()).hexdigest())
            if frame.rotation:
                upright = np.ascontiguousarray(np.rot90(rgb, frame.rotation // 90))
                rotated.append(hashlib.sha256(upright.tobytes()).hexdigest())
        if i >= wanted[-1]:
            break
    return {
        "total": total, "fps": float(stream.average_rate), "width": stream.width, "height": stream.height,
        "format": stream.codec_context.pix_fmt, "indices": wanted, "sha256": hashes, **({"upright_sha256": rotated} if rotated else {}),
    }


folder = Path(sys.argv[1])
videos = {p.name: describe(p) for p in sorted(folder.iterdir()) if p.suffix in (".mp4", ".webm", ".mkv", ".mov")}
versions = {"av": av.__version__, "ffmpeg": ".".join(map(str, av.library_versions["libavcodec"]))}
target = Path(__file__).resolve().parent.parent / "goldens" / "videos.json"
target.write_text(json.dumps({"versions": versions, "videos": videos}, indent=2) + "\n")
