"""The oracle: the bundled checkpoint in transformers, run on conversations in Hugging Face form with media from disk or memory."""
from __future__ import annotations

import sys
from pathlib import Path

import torch

# Behind this folder, which has modules of the same names.
sys.path.append(str(Path(__file__).resolve().parents[1] / "reference"))
import torchvision_shim  # noqa: E402, F401  (before transformers)
import numpy as np
from PIL import Image, ImageSequence

MAX_NEW_TOKENS = 64


def read_gif(path):
    """(frames uint8 [n,h,w,3], frames per second) of an animated GIF with one delay for all frames."""
    with Image.open(path) as gif:
        frames, delays = [], []
        for frame in ImageSequence.Iterator(gif):
            delays.append(frame.info.get("duration", 100))
            frames.append(np.asarray(frame.convert("RGB")))
    assert len(set(delays)) == 1, delays
    return np.stack(frames), 1000 / delays[0]


def write_gif(path, frames, fps):
    """One palette a frame, no dithering, every frame whole: decoders need not agree on how frames are disposed of."""
    images = [Image.fromarray(f).quantize(256, dither=Image.Dither.NONE) for f in frames]
    images[0].save(path, save_all=True, append_images=images[1:], duration=round(1000 / fps), loop=0, optimize=False, disposal=1)


class Reference:
    """Greedy fp32 answers of the real processor (PIL image backend) and the real model."""

    def __init__(self, folder):
        from transformers import AutoImageProcessor, AutoProcessor, SmolVLMForConditionalGeneration
        self.processor = AutoProcessor.from_pretrained(folder)
        self.processor.image_processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
        self.model = SmolVLMForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()

    def render(self, conversation):
        template = self.processor.chat_template
        if any(part["type"] == "video" for m in conversation for part in m["content"]):  # as transformers does for videos
            from transformers.models.smolvlm.processing_smolvlm import DEFAULT_CHAT_TEMPLATE as template
        return self.processor.apply_chat_template(conversation, chat_template=template, add_generation_prompt=True, tokenize=False)

    def inputs(self, conversations, base=Path(".")):
        """One batch; every conversation must hold the same kind of media. Padding on the left."""
        from transformers.video_utils import VideoMetadata
        texts = [self.render(c) for c in conversations]
        parts = [[p for m in c for p in m["content"]] for c in conversations]
        images = [[self._image(p["path"], base) for p in ps if p["type"] == "image"] for ps in parts]
        videos = [[self._video(p["path"], base) for p in ps if p["type"] == "video"] for ps in parts]
        kwargs = {}
        if any(images):
            kwargs["images"] = images
        if any(videos):
            kwargs["videos"] = [[frames for frames, _ in v] for v in videos]
            kwargs["video_metadata"] = [[VideoMetadata(total_num_frames=len(f), fps=fps, width=f.shape[2], height=f.shape[1], duration=len(f) / fps) for f, fps in v] for v in videos]
            kwargs["do_sample_frames"] = True
            sampling = self.processor.video_processor
            kwargs["num_frames"], kwargs["fps"] = sampling.num_frames, sampling.fps
        return self.processor(text=texts, padding=True, padding_side="left", return_tensors="pt", add_special_tokens=False, **kwargs)

    @staticmethod
    def _image(source, base):
        return source if isinstance(source, Image.Image) else Image.open(base / source).convert("RGB")

    @staticmethod
    def _video(source, base):
        return source if isinstance(source, tuple) else read_gif(base / source)

    @torch.no_grad()
    def answer(self, conversations, base=Path(".")):
        """[(text, new token ids up to and including the end token)]"""
        inputs = self.inputs(conversations, base)
        out = self.model.generate(**inputs, do_sample=False, max_new_tokens=MAX_NEW_TOKENS)[:, inputs["input_ids"].shape[1]:]
        end, answers = self.model.generation_config.eos_token_id, []
        for ids in out.tolist():
            ids = ids[: ids.index(end) + 1] if end in ids else ids
            answers.append((self.processor.tokenizer.decode(ids, skip_special_tokens=True).strip(), ids))
        return answers
