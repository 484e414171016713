"""Measures transformers on PyTorch (CPU, fp32 or bf16), in a process of its own; see `side.mjs` for how it is asked."""

import hashlib
import io
import json
import os
import resource
import sys
import time
from pathlib import Path

started = time.perf_counter()
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torchvision_shim  # noqa: E402, F401  (before transformers)
import numpy  # noqa: E402
import PIL  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from PIL import Image  # noqa: E402
from transformers import AutoModelForImageTextToText, AutoTokenizer  # noqa: E402
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil  # noqa: E402

IMPORT_MS = (time.perf_counter() - started) * 1000
# What is read to find the machine's limits: 512 MiB for the bandwidth, a product of 2048 for the peak.
MATRIX = (8192, 16384)
PRODUCT = 2048
# Tokens of the prompt that shows that loading is complete.
FIRST_PROMPT = 16

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()


class State:
    model = None
    image_processor = None
    image = None
    matrix = None
    inputs = None


def timed(work):
    start = time.perf_counter()
    value = work()
    return (time.perf_counter() - start) * 1000, value


def peak_memory() -> int:
    """Most memory this process has held, bytes. Linux's own figure: `ru_maxrss` includes what the parent held before."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def some_tokens(count: int) -> torch.Tensor:
    """The same ids as the other sides'."""
    vocabulary = State.model.config.text_config.vocab_size
    first, many = vocabulary // 50, int(vocabulary * 0.8)
    return torch.tensor([[first + (index * 7919) % many for index in range(count)]])


def open_image(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    image.load()
    return image


def pixel_values(image: Image.Image):
    return State.image_processor(images=[[image]], return_tensors="np")


def info() -> dict:
    versions = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "Pillow": PIL.__version__,
        "numpy": numpy.__version__,
    }
    return {"versions": versions}


def load(folder: str, threads: int, dtype: str) -> dict:
    torch.set_num_threads(threads)
    State.image_processor = SmolVLMImageProcessorPil.from_pretrained(folder)

    def work():
        AutoTokenizer.from_pretrained(folder)  # the other side's loading includes its own
        return AutoModelForImageTextToText.from_pretrained(folder, dtype=getattr(torch, dtype)).eval()

    ms, State.model = timed(work)
    # Some loaders only map the file; a short prompt makes them read it.
    first = prefill(FIRST_PROMPT)
    return {"ms": ms, "firstMs": first["ms"], "importMs": IMPORT_MS, "peak": peak_memory()}


def answer(photo: str, newTokens: int, ids: list) -> dict:
    """The prompt's ids are given: tokenising takes a millisecond, and its parity is tested elsewhere."""

    def work():
        encoded = pixel_values(open_image(Path(photo).read_bytes()))
        tokens = torch.tensor([ids])
        return State.model.generate(
            input_ids=tokens,
            attention_mask=torch.ones_like(tokens),
            pixel_values=torch.from_numpy(encoded["pixel_values"]),
            pixel_attention_mask=torch.from_numpy(encoded["pixel_attention_mask"]),
            do_sample=False,
            min_new_tokens=newTokens,
            max_new_tokens=newTokens,
        )

    ms, out = timed(work)
    return {"ms": ms, "tokens": out[0, len(ids) :].tolist(), "peak": peak_memory()}


def decode_image(photo: str) -> dict:
    data = Path(photo).read_bytes()
    ms, State.image = timed(lambda: open_image(data))
    return {"ms": ms, "width": State.image.width, "height": State.image.height}


def preprocess() -> dict:
    ms, encoded = timed(lambda: pixel_values(State.image))
    values = encoded["pixel_values"]
    return {"ms": ms, "frames": values.shape[1], "hash": hashlib.sha256(values.tobytes()).hexdigest()}


def image_path(photo: str) -> dict:
    data = Path(photo).read_bytes()
    ms, _ = timed(lambda: pixel_values(open_image(data)))
    return {"ms": ms}


def first_token(photo: str, ids: list) -> dict:
    return {"ms": answer(photo, 1, ids)["ms"]}


def vision() -> dict:
    side = State.model.config.vision_config.image_size
    values = torch.sin(torch.arange(3 * side * side)).reshape(1, 1, 3, side, side)
    ms, _ = timed(lambda: State.model.model.get_image_features(pixel_values=values))
    return {"ms": ms}


def read_prompt(context: int):
    return State.model(input_ids=some_tokens(context), use_cache=True, logits_to_keep=1)


def prefill(context: int) -> dict:
    ms, _ = timed(lambda: read_prompt(context))
    return {"ms": ms}


def decode(context: int, steps: int) -> dict:
    """A loop around the model, without the costs that `generate` adds to each token."""
    prefill_ms, out = timed(lambda: read_prompt(context))
    times, tokens = [], []
    for _ in range(steps):
        start = time.perf_counter()
        token = out.logits[:, -1:].argmax(-1)
        tokens.append(token.item())
        out = State.model(input_ids=token, past_key_values=out.past_key_values, use_cache=True, logits_to_keep=1)
        times.append((time.perf_counter() - start) * 1000)
    return {"times": times, "tokens": tokens, "prefillMs": prefill_ms}


def limits() -> dict:
    """What PyTorch reaches of the memory's bandwidth (matrix times vector) and of the fp32 peak (matrix times matrix)."""
    if State.matrix is None:
        State.matrix = torch.ones(MATRIX)
    vector = torch.ones(MATRIX[1])
    square = torch.ones(PRODUCT, PRODUCT)
    bandwidth = max(4 * State.matrix.numel() / timed(lambda: torch.mv(State.matrix, vector))[0] for _ in range(3))
    peak = max(2 * PRODUCT**3 / timed(lambda: torch.mm(square, square))[0] for _ in range(3))
    return {"bandwidth": bandwidth * 1000, "flops": peak * 1000}


OPERATIONS = {
    "info": info,
    "load": load,
    "answer": answer,
    "decodeImage": decode_image,
    "preprocess": preprocess,
    "imagePath": image_path,
    "firstToken": first_token,
    "vision": vision,
    "prefill": prefill,
    "decode": decode,
    "limits": limits,
}


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        operation = OPERATIONS[request.pop("operation")]
        before = time.process_time() * 1000
        try:
            with torch.inference_mode():
                result = operation(**request)
            total = time.process_time() * 1000
            reply = {"result": {**result, "cpuMs": total - before, "totalCpuMs": total}}
        except Exception as error:  # the asker decides what to do about it
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


main()
