"""Writes fixtures/cases/ and fixtures/manifest.json."""

import shutil
import sys

import torchvision_shim  # noqa: F401  (before transformers)
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from case_specs import CASES, Case
from checkpoint_specs import SPECS
from paths import CASES as FOLDER
from paths import CHECKPOINTS, FIXTURES, versions, write_json
from run_case import ATTENTION, MAX_NEW_TOKENS, Reference, generate, hidden_states, image_features, media_of, process
from synthetic import array_sha256

TOLERANCE = 2e-4  # a row of a batch against the same row alone


def solo_rows(reference: Reference, case: Case, batch: dict) -> list[list[int]]:
    """Each row alone; refuses a fixture whose rows depend on their neighbours (other than the announced frame count of videos)."""
    rows = []
    for i, conversation in enumerate(case.conversations):
        alone = process(reference, case, [conversation])
        one = generate(reference, alone["inputs"])
        rows.append(one["rows"][0])
        if alone["expanded"][0] != batch["expanded"][i]:
            continue
        difference = (one["last_logits"][0] - batch["generated"]["last_logits"][i]).abs().max().item()
        assert difference < TOLERANCE, f"{reference.name}/{case.name} row {i}: logits differ by {difference} from the solo run"
        assert rows[-1] == batch["generated"]["rows"][i], f"{reference.name}/{case.name} row {i}: tokens differ from the solo run"
    return rows


def check_ids(reference: Reference, out: dict) -> None:
    """The ids must be those of the checkpoint's own tokenizer.json: transformers 5.17 rebuilds SmolVLM1's tokenizer without `Digits`."""
    tokenizer = Tokenizer.from_file(str(CHECKPOINTS / reference.name / "tokenizer.json"))
    for text, ids, mask in zip(out["expanded"], out["inputs"]["input_ids"], out["inputs"]["attention_mask"]):
        assert tokenizer.encode(text, add_special_tokens=False).ids == ids[mask.bool()].tolist(), f"{reference.name}: {text!r}"


def write_case(reference: Reference, case: Case) -> None:
    out = process(reference, case, case.conversations)
    check_ids(reference, out)
    inputs = out["inputs"]
    tensors = {k: inputs[k] for k in ("input_ids", "attention_mask")}
    if "pixel_values" in inputs:
        tensors["pixel_values"] = inputs["pixel_values"].float()
        tensors["pixel_attention_mask"] = inputs["pixel_attention_mask"].to(torch.uint8)
    record = {
        "checkpoint": reference.name, "case": case.name, "about": case.about, "tags": list(case.tags),
        "conversations": case.conversations, "add_generation_prompt": case.add_generation_prompt,
        "images_kwargs": case.images_kwargs, "videos_kwargs": case.videos_kwargs, "flavour": case.flavour,
        "padding": True, "padding_side": "left", "prompts": out["prompts"], "expanded": out["expanded"],
        "rows_cols": out["rows_cols"], "videos": out["videos"],
        "shapes": {k: {"shape": list(v.shape), "dtype": str(v.dtype).removeprefix("torch.")} for k, v in inputs.items()},
        "pixel_values_sha256": array_sha256(inputs["pixel_values"].float().numpy()) if "pixel_values" in inputs else None,
    }
    if "pixels-only" not in case.tags:
        config = reference.model.generation_config
        generated = out["generated"] = generate(reference, inputs)
        tensors["last_logits"] = generated["last_logits"]
        if "pixel_values" in inputs:
            tensors["image_features"] = image_features(reference, inputs)
        record["generate"] = {"max_new_tokens": MAX_NEW_TOKENS, "eos_token_id": config.eos_token_id, "pad_token_id": config.pad_token_id}
        record["generated_ids"] = generated["rows"]
        record["generated_text"] = reference.processor.batch_decode(generated["rows"], skip_special_tokens=True)
        if len(case.conversations) > 1:
            record["solo_generated_ids"] = solo_rows(reference, case, out)
        record["min_margin"] = generated["min_margin"]
        record["attn_implementation"] = ATTENTION
    if "hidden-states" in case.tags:
        states = hidden_states(reference, inputs)
        record["loss"] = states.pop("loss").item()
        tensors.update(states)
    record["versions"] = versions()
    base = FOLDER / reference.name / case.name
    write_json(base.with_suffix(".json"), record, indent=1)
    save_file({k: v.contiguous() for k, v in tensors.items()}, str(base.with_suffix(".safetensors")))
    margin = f"margin {record['min_margin']:.4f} ids {[r[:6] for r in record['generated_ids']]}" if "min_margin" in record else ""
    if record.get("min_margin", 1) < 2e-3:
        margin += "  <- SMALL MARGIN"
    print(f"{reference.name}/{case.name}: {tuple(tensors['input_ids'].shape)} {margin}", flush=True)


def write_manifest() -> None:
    entries = [
        {"checkpoint": name, "case": case.name, "tags": list(case.tags), "rows": len(case.conversations),
         "images": sum(len(media_of(c, "image")) for c in case.conversations),
         "videos": sum(len(media_of(c, "video")) for c in case.conversations)}
        for name, cases in CASES.items() for case in cases
    ]
    checkpoints = [
        {"name": s.name, "model_type": s.model_type, "storage": s.storage, "files": s.files, "tags": list(s.tags), "about": s.about,
         "image_size": s.image_size, "patch_size": s.vision["patch_size"], "scale_factor": s.scale_factor, "image_seq_len": s.image_seq_len}
        for s in SPECS
    ]
    write_json(FIXTURES / "manifest.json", {"versions": versions(), "checkpoints": checkpoints, "cases": entries}, indent=1)


def main() -> None:
    names = sys.argv[1:] or [spec.name for spec in SPECS]
    if not sys.argv[1:]:
        shutil.rmtree(FOLDER, ignore_errors=True)
    for name in names:
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        reference = Reference(name)
        for case in CASES[name]:
            write_case(reference, case)
    write_manifest()


if __name__ == "__main__":
    main()
