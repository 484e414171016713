"""Writes fixtures/checkpoints/: weights by save_pretrained, the other files as transformers 4 or 5 writes them."""

import json
import shutil
import tempfile
from pathlib import Path

import torchvision_shim  # noqa: F401  (before transformers)
import torch
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor, GenerationConfig

import small_tokenizer
from checkpoint_specs import SPECS, Spec
from paths import CHECKPOINTS, write_json
from weights import randomise

CLASSES = {
    "smolvlm": ("SmolVLMForConditionalGeneration", "SmolVLMModel", "SmolVLMImageProcessor", "SmolVLMProcessor"),
    "idefics3": ("Idefics3ForConditionalGeneration", "Idefics3Model", "Idefics3ImageProcessor", "Idefics3Processor"),
}


def config_json(spec: Spec, tokenizer) -> dict:
    """config.json as transformers 4 wrote it: only what differs from the class defaults, flat rope_theta, torch_dtype."""
    vocab = tokenizer.get_vocab_size()
    generation, base, _, _ = CLASSES[spec.model_type]
    out = {
        "architectures": [base if spec.base_model else generation], "image_token_id": tokenizer.token_to_id("<image>"),
        "model_type": spec.model_type, "scale_factor": spec.scale_factor,
        "text_config": {"architectures": ["VLlama3ForCausalLM"], "model_type": "llama", **spec.text, "torch_dtype": spec.storage, "vocab_size": vocab},
        "torch_dtype": spec.storage, "transformers_version": "4.47.1",
        "vision_config": {"model_type": "smolvlm_vision" if spec.model_type == "smolvlm" else "idefics3_vision", **spec.vision},
        "vocab_size": vocab, **spec.top,
    }
    if spec.tie is not None:
        out["tie_word_embeddings"] = spec.tie
    return out


def preprocessor_json(spec: Spec) -> dict:
    _, _, image_processor, processor = CLASSES[spec.model_type]
    out = {
        "do_convert_rgb": True, "do_image_splitting": True, "do_normalize": True, "do_pad": True, "do_rescale": True, "do_resize": True,
        "image_mean": [0.5, 0.5, 0.5], "image_processor_type": image_processor, "image_std": [0.5, 0.5, 0.5],
        "max_image_size": {"longest_edge": spec.image_size}, "processor_class": processor, "resample": 1,
        "rescale_factor": 0.00392156862745098, "size": {"longest_edge": spec.tiles * spec.image_size},
    }
    if spec.model_type == "smolvlm":
        out["video_sampling"] = {"fps": 1, "max_frames": 64, "video_size": {"longest_edge": spec.image_size}}
    return out


def write_transformers4(folder: Path, spec: Spec):
    tokenizer = small_tokenizer.build(spec.merges, spec.with_rows)
    processor = CLASSES[spec.model_type][3]
    small_tokenizer.write_transformers4_files(folder, tokenizer, processor, 2048, spec.model_type == "smolvlm")
    write_json(folder / "config.json", config_json(spec, tokenizer))
    write_json(folder / "generation_config.json", {
        "_from_model_config": True, "bos_token_id": 0, "eos_token_id": tokenizer.token_to_id("<end_of_utterance>"), "pad_token_id": 2,
        "transformers_version": "4.47.1",
    })
    write_json(folder / "preprocessor_config.json", preprocessor_json(spec))
    write_json(folder / "processor_config.json", {"image_seq_len": spec.image_seq_len, "processor_class": processor})
    write_json(folder / "chat_template.json", {"chat_template": small_tokenizer.TEMPLATE})
    return tokenizer


def build_model(folder: Path, spec: Spec, eos: int):
    config = AutoConfig.from_pretrained(folder)
    model = AutoModelForImageTextToText.from_config(config, dtype=torch.float32).eval()
    if config.tie_word_embeddings:
        model.tie_weights()
    randomise(model, spec.seed, eos, bool(spec.tie))
    return model.to(getattr(torch, spec.storage))


def write(spec: Spec) -> None:
    target = CHECKPOINTS / spec.name
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        old = Path(temporary) / "old"
        tokenizer = write_transformers4(old, spec)
        model = build_model(old, spec, tokenizer.token_to_id("<end_of_utterance>"))
        model.generation_config = GenerationConfig.from_pretrained(old)
        new = Path(temporary) / "new"
        saved = model.model if spec.base_model else model
        saved.save_pretrained(new, **({"max_shard_size": spec.shard_size} if spec.shard_size else {}))
        if spec.files == "transformers-4":
            shutil.copytree(old, target)
            for path in new.glob("*.safetensors*"):
                shutil.copy(path, target / path.name)
        else:
            processor = AutoProcessor.from_pretrained(old)
            processor.save_pretrained(new)
            if spec.separate_video_config:
                nested = json.loads((new / "processor_config.json").read_text())
                processor.video_processor.save_pretrained(new)  # video_preprocessor_config.json
                write_json(new / "processor_config.json", {k: v for k, v in nested.items() if k != "video_processor"})
            if not (new / "generation_config.json").exists():
                model.generation_config.save_pretrained(new)
            shutil.copytree(new, target)
    size = sum(p.stat().st_size for p in target.iterdir())
    print(f"{spec.name}: {size / 1000:.0f} kB, {', '.join(sorted(p.name for p in target.iterdir()))}")
    json.loads((target / "config.json").read_text())


def main() -> None:
    for spec in SPECS:
        write(spec)


if __name__ == "__main__":
    main()
