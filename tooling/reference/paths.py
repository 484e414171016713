"""Where things are, and the versions that go into every fixture."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
MEDIA = FIXTURES / "media"
CHECKPOINTS = FIXTURES / "checkpoints"
CASES = FIXTURES / "cases"


def versions() -> dict[str, str]:
    from importlib.metadata import version

    names = ["transformers", "torch", "torchvision", "tokenizers", "pillow", "numpy", "num2words"]
    return {name: version(name) for name in names}


def write_json(path: Path, value, indent: int | None = 2) -> None:
    """UTF-8, keys in the order given, a newline at the end; refuses NaN and infinities."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False) + "\n", encoding="utf-8")
