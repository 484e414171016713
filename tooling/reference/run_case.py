"""Runs one case through the reference: processor, hidden states, logits, greedy tokens."""

import copy
import json
from pathlib import Path

import torchvision_shim  # noqa: F401  (before transformers)
import numpy as np
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoProcessor
from transformers.image_utils import load_image
from transformers.video_utils import VideoMetadata, load_video

from case_specs import Case
from paths import CHECKPOINTS, MEDIA
from synthetic import array_sha256

ATTENTION = "eager"
MAX_NEW_TOKENS = 24


class Reference:
    """A checkpoint loaded in fp32 with its processor; `trace` holds what the last call expanded."""

    def __init__(self, name: str):
        folder = CHECKPOINTS / name
        self.name = name
        self.processor = AutoProcessor.from_pretrained(folder)
        self.processor.tokenizer.padding_side = "left"
        self.image_processors = {b: AutoImageProcessor.from_pretrained(folder, backend=b) for b in ("pil", "torchvision")}
        assert type(self.image_processors["pil"]).__name__.endswith("Pil"), "the PIL backend was not chosen"
        self.model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation=ATTENTION).eval()
        self.trace: dict = {}
        self._record_expansion()

    def _record_expansion(self) -> None:
        expand, images, videos = self.processor.get_text_with_replacements, self.processor._process_images, self.processor._process_videos

        def record_expand(text, *args, **kwargs):
            out = expand(text, *args, **kwargs)
            self.trace["expanded"] = list(out[0])
            return out

        def record_images(*args, **kwargs):
            out = images(*args, **kwargs)
            self.trace["rows"], self.trace["cols"] = copy.deepcopy(out[0]["rows"]), copy.deepcopy(out[0]["cols"])
            return out

        def record_videos(*args, **kwargs):
            out = videos(*args, **kwargs)
            self.trace["video_metadata"] = out[0]["video_metadata"]
            return out

        self.processor.get_text_with_replacements = record_expand
        self.processor._process_images = record_images
        self.processor._process_videos = record_videos


def media_of(conversation: list, kind: str) -> list[str]:
    return [p["path"] for m in conversation for p in m["content"] if p["type"] == kind]


def load_clip(path: str) -> tuple[np.ndarray, VideoMetadata]:
    """All frames and the metadata: PyAV for a file, the PNG frames and metadata.json for a folder."""
    full = MEDIA / path
    if full.is_file():
        return load_video(str(full), backend="pyav", sample_indices_fn=lambda metadata, **_: list(range(metadata.total_num_frames)))
    frames = np.stack([np.asarray(Image.open(p).convert("RGB")) for p in sorted(full.glob("*.png"))])
    return frames, VideoMetadata(**json.loads((full / "metadata.json").read_text()))


def process(reference: Reference, case: Case, conversations: list) -> dict:
    """prompts, expanded prompts, videos and the processor's tensors for these conversations as one batch."""
    processor = reference.processor
    processor.image_processor = reference.image_processors[case.flavour]
    reference.trace.clear()
    prompts = processor.apply_chat_template(copy.deepcopy(conversations), add_generation_prompt=case.add_generation_prompt)
    images = [[str(MEDIA / p) for p in media_of(c, "image")] for c in conversations]
    clips = [[load_clip(p) for p in media_of(c, "video")] for c in conversations]
    call: dict = {"images_kwargs": dict(case.images_kwargs)} if any(images) else {}
    if any(images):
        # torchvision's own file decoder is not in this wheel, and it would ignore EXIF: the fast flavour gets the PIL loader's pictures
        call["images"] = images if case.flavour == "pil" else [[load_image(p) for p in row] for row in images]
    if any(clips):
        video = processor.video_processor  # what apply_chat_template fills in, then the case's own
        options = {"do_sample_frames": True, "num_frames": video.num_frames, "fps": video.fps, **case.videos_kwargs}
        metadata = [copy.deepcopy(m) for row in clips for _, m in row]
        for m, (frames, _) in zip(metadata, [c for row in clips for c in row]):
            m.frames_indices = list(range(len(frames)))
        call["videos"] = [[frames for frames, _ in row] for row in clips]
        call["videos_kwargs"] = {**options, "video_metadata": metadata}
    inputs = processor(text=list(prompts), padding=True, add_special_tokens=False, return_tensors="pt", **call)
    out = {"prompts": list(prompts), "expanded": reference.trace.get("expanded", list(prompts)), "inputs": inputs, "rows_cols": None, "videos": []}
    if any(images):
        out["rows_cols"] = [[list(rc) for rc in zip(r, c)] for r, c in zip(reference.trace["rows"], reference.trace["cols"])]
    if any(clips):
        paths = [p for c in conversations for p in media_of(c, "video")]
        flat = [frames for row in clips for frames, _ in row]
        for path, frames, m in zip(paths, flat, reference.trace["video_metadata"]):
            indices = [int(i) for i in m.frames_indices]
            out["videos"].append({
                "path": path,
                "metadata": {k: getattr(m, k) for k in ("total_num_frames", "fps", "duration", "width", "height")},
                "frames_indices": indices, "timestamps": [f"{int(s // 60):02d}:{int(s % 60):02d}" for s in m.timestamps],
                "frames_sha256": array_sha256(frames[indices]),
            })
    return out


def generate(reference: Reference, inputs) -> dict:
    """Greedy tokens per row (EOS kept, padding removed), logits of the first step, and the smallest winning margin."""
    model = reference.model
    with torch.no_grad():
        out = model.generate(**inputs, max_new_tokens=MAX_NEW_TOKENS, do_sample=False, return_dict_in_generate=True, output_logits=True)
    new = out.sequences[:, inputs["input_ids"].shape[1]:].tolist()
    eos, rows, margin = model.generation_config.eos_token_id, [], float("inf")
    for b, ids in enumerate(new):
        ids = ids[: ids.index(eos) + 1] if eos in ids else ids
        rows.append(ids)
        for step in range(len(ids)):
            best, second = torch.topk(out.logits[step][b], 2).values.tolist()
            margin = min(margin, best - second)
    return {"rows": rows, "last_logits": out.logits[0].float(), "min_margin": margin}


def hidden_states(reference: Reference, inputs) -> dict[str, torch.Tensor]:
    """Every layer's output, recorded by hooks, with all logits and the loss for labels that leave out image tokens."""
    core, found = reference.model.model, {}

    def keep(name: str, which: str = "output"):
        def hook(_module, args, kwargs, output=None):
            value = (args[0] if args else kwargs["hidden_states"]) if which == "input" else output
            found[name] = (value[0] if isinstance(value, tuple) else value).detach().clone()

        return hook

    handles = [core.vision_model.embeddings.register_forward_hook(keep("vision.hidden_states.0"), with_kwargs=True)]
    handles += [m.register_forward_hook(keep(f"vision.hidden_states.{i + 1}"), with_kwargs=True) for i, m in enumerate(core.vision_model.encoder.layers)]
    handles.append(core.vision_model.post_layernorm.register_forward_hook(keep("vision.last_hidden_state"), with_kwargs=True))
    handles.append(core.text_model.layers[0].register_forward_pre_hook(keep("text.hidden_states.0", "input"), with_kwargs=True))
    handles += [m.register_forward_hook(keep(f"text.hidden_states.{i + 1}"), with_kwargs=True) for i, m in enumerate(core.text_model.layers)]
    handles.append(core.text_model.norm.register_forward_hook(keep("text.last_hidden_state"), with_kwargs=True))
    labels = inputs["input_ids"].clone()
    labels[labels == reference.model.config.image_token_id] = -100
    labels[:, :3] = -100
    with torch.no_grad():
        out = reference.model(**inputs, labels=labels)
    for handle in handles:
        handle.remove()
    return {**found, "logits": out.logits, "labels": labels, "loss": out.loss}


def image_features(reference: Reference, inputs) -> torch.Tensor:
    with torch.no_grad():
        return reference.model.get_image_features(inputs["pixel_values"], inputs.get("pixel_attention_mask"), return_dict=True).pooler_output
