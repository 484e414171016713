"""The synthetic pixel formula shared by the fixtures and the specification (§2.7 for t = 0, §3.2 for frames)."""

import hashlib

import numpy as np


def synthetic_image(width: int, height: int, t: int = 0) -> np.ndarray:
    """uint8 [height, width, 3]: R = 7x+13y+37t, G = 3x+29y+17+5t, B = (x*y)//5+91+11t, all mod 256."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    red = (7 * x + 13 * y + 37 * t) % 256
    green = (3 * x + 29 * y + 17 + 5 * t) % 256
    blue = ((x * y) // 5 + 91 + 11 * t) % 256
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def synthetic_video(width: int, height: int, frames: int, t0: int = 0) -> np.ndarray:
    """uint8 [frames, height, width, 3]; frame f uses t = t0 + f."""
    return np.stack([synthetic_image(width, height, t0 + f) for f in range(frames)])


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def array_sha256(array: np.ndarray) -> str:
    """SHA-256 of the raw little-endian bytes in C order."""
    array = np.ascontiguousarray(array)
    return sha256(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())


def levels(pixel_values: np.ndarray) -> np.ndarray:
    """The uint8 levels behind values normalised with mean and std 0.5 (the hash convention of the specification)."""
    return np.round((pixel_values.astype(np.float64) * 0.5 + 0.5) * 255).astype(np.uint8)
