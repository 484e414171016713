"""Makes the PyPI torchvision wheel importable beside a CPU-only torch.

PyPI's torchvision is built for CUDA: its C++ extension cannot be loaded without the CUDA libraries, and then `import torchvision`
fails while registering meta kernels for operators that do not exist. The transforms are pure Python over torch, so declaring the
missing operator schemas is enough. Import this module before torchvision or transformers:

    import torchvision_shim  # noqa: F401
"""

import torch

_SCHEMAS = [
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
]


def install() -> torch.library.Library | None:
    """Declares the schemas that are missing; returns the library object, which must stay alive, or None if all were there."""
    missing = []
    for schema in _SCHEMAS:
        name = schema.split("(")[0]
        try:
            getattr(torch.ops.torchvision, name)
        except (AttributeError, RuntimeError):
            missing.append(schema)
    if not missing:
        return None
    library = torch.library.Library("torchvision", "DEF")
    for schema in missing:
        library.define(schema)
    return library


def _importable() -> bool:
    try:
        import ctypes
        import importlib.util
        from pathlib import Path

        spec = importlib.util.find_spec("torchvision")
        if spec is None or spec.origin is None:
            return True  # nothing to do; the caller's import will say that torchvision is not installed
        ctypes.CDLL(str(Path(spec.origin).parent / "_C.so"))
        return True
    except OSError:
        return False


LIBRARY = None if _importable() else install()
