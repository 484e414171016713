"""The tiny checkpoints: what each one is for, and its configuration as its config.json says it (class defaults left out on purpose)."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Spec:
    name: str
    about: str
    model_type: str  # "smolvlm" | "idefics3"
    files: str  # "transformers-4" | "transformers-5"
    storage: str  # "float32" | "bfloat16" | "float16"
    tags: tuple[str, ...]
    seed: int
    text: dict
    vision: dict
    scale_factor: int
    tie: bool | None = False  # None: not written to config.json
    with_rows: bool = True
    merges: int = 96
    tiles: int = 2  # size.longest_edge = tiles * image_size
    shard_size: str | None = None
    base_model: bool = False
    separate_video_config: bool = False  # video_preprocessor_config.json beside processor_config.json
    top: dict = field(default_factory=dict)

    @property
    def image_size(self) -> int:
        return self.vision["image_size"]

    @property
    def image_seq_len(self) -> int:
        side = self.vision["image_size"] // self.vision["patch_size"]
        return (side // self.scale_factor) ** 2


def text(hidden: int, heads: int | None, kv: int | None, **more) -> dict:
    out = {"hidden_size": hidden, "intermediate_size": 64, "num_hidden_layers": 2, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5}
    if heads is not None:
        out["num_attention_heads"] = heads
    if kv is not None:
        out["num_key_value_heads"] = kv
    return {**out, **more}


def vision(size: int, patch: int, **more) -> dict:
    base = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": size, "patch_size": patch}
    return {**base, **more}


SPECS = [
    Spec("v2-gqa-fp32", "SmolVLM2 as transformers 5 saves it: GQA 3 to 1, untied head, scale 2", "smolvlm", "transformers-5", "float32",
         ("gqa", "untied"), 101, text(48, 3, 1, rope_theta=100000.0), vision(28, 7), 2),
    Spec("v1-gqa-fp32", "SmolVLM1 (idefics3) in the files of transformers 4: flat rope_theta, head_dim given, scale 4", "idefics3",
         "transformers-4", "float32", ("gqa", "untied", "head-dim"), 102,
         text(48, 4, 2, head_dim=16, rope_theta=100000), vision(32, 4), 4),
    Spec("v2-tf4-sharded-fp32", "SmolVLM2 in the files of transformers 4, in shards with an index; video_sampling inside preprocessor_config.json",
         "smolvlm", "transformers-4", "float32", ("gqa", "untied", "sharded", "tf4-video"), 103,
         text(48, 3, 1, head_dim=16, rope_theta=100000, pad_token_id=2), vision(28, 7), 2, shard_size="120KB",
         top={"pad_token_id": 128002, "use_cache": False}),
    Spec("v2-tied-bf16", "tied head (no lm_head.weight in the file), bf16, scale 4, longest edge of four tiles", "smolvlm", "transformers-5",
         "bfloat16", ("gqa", "tied"), 104, text(64, 4, 2, rope_theta=10000.0), vision(32, 4), 4, tie=True, tiles=4),
    Spec("v2-patch14-fp16", "patch 14 in 44 pixels: a 3 x 3 grid that leaves two pixels unused; scale 3, MHA, fp16", "smolvlm",
         "transformers-5", "float16", ("mha", "untied", "unused-pixels"), 105, text(48, 3, 3, rope_theta=130000.0),
         vision(44, 14, hidden_size=48), 3, separate_video_config=True),
    Spec("v1-2b-fp16", "in the manner of SmolVLM-Instruct 2.2B: <row_r_col_c> and <global-img> are not in the vocabulary; patch 7 in 44 pixels",
         "idefics3", "transformers-4", "float16", ("mha", "untied", "unused-pixels", "no-row-tokens"), 106,
         text(48, 3, None, rope_theta=273768), vision(44, 7, hidden_size=48), 3, with_rows=False),
    Spec("v2-defaults-bf16", "a diff-serialised config: 32 heads, 12 vision layers, eps, channels and activations come from the class defaults",
         "smolvlm", "transformers-4", "bfloat16", ("mha", "untied", "class-defaults"), 107,
         {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "head_dim": 16},
         {"hidden_size": 32, "intermediate_size": 32, "num_attention_heads": 2, "image_size": 32, "patch_size": 8}, 2, tie=None),
    Spec("v1-tf5-bf16", "SmolVLM1 as transformers 5 saves it: tied head, bf16, extra_special_tokens", "idefics3", "transformers-5", "bfloat16",
         ("gqa", "tied"), 109, text(48, 3, 1, rope_theta=100000.0), vision(28, 7), 2, tie=True),
    Spec("v2-base-fp32", "a dump of the base model (keys without the leading `model.`), tied, rope_theta 273768", "smolvlm", "transformers-5",
         "float32", ("gqa", "tied", "base-model"), 108, text(48, 3, 1, rope_theta=273768.0), vision(28, 7), 2, tie=True, base_model=True),
]
