"""The architecture, and a fast forward pass over the *same parameters* as the transformers model.

`build_model` returns a genuine `SmolVLMForConditionalGeneration`. Training does not call its `forward`: the functions
here read its modules' parameters directly, which allows a tree-shaped attention mask (many questions share one
picture) and skips work that is constant here (patch masks, position ids). `check_pipeline.py` proves equality.
"""
from __future__ import annotations

import math
import sys
from pathlib import Path

import torch

# Behind this folder, which has modules of the same names.
sys.path.append(str(Path(__file__).resolve().parents[1] / "reference"))
import torchvision_shim  # noqa: E402, F401  (before transformers)
import torch.nn.functional as F

FRAME, PATCH, SCALE = 64, 8, 4
GRID = FRAME // PATCH
TOKENS_PER_FRAME = (GRID // SCALE) ** 2  # 4
LONGEST = 128
VISION = dict(hidden_size=128, intermediate_size=384, num_hidden_layers=4, num_attention_heads=4,
              image_size=FRAME, patch_size=PATCH, num_channels=3, hidden_act="gelu_pytorch_tanh", layer_norm_eps=1e-6)
TEXT = dict(model_type="llama", hidden_size=128, intermediate_size=256, num_hidden_layers=4, num_attention_heads=4,
            num_key_value_heads=2, head_dim=32, hidden_act="silu", max_position_embeddings=2048, rms_norm_eps=1e-5,
            rope_theta=10000.0, attention_bias=False, mlp_bias=False, tie_word_embeddings=False)


def build_config(tokenizer):
    from transformers import SmolVLMConfig
    ids = {name: tokenizer.token_to_id(name) for name in ("<|im_start|>", "<end_of_utterance>", "<|im_end|>", "<image>")}
    text = dict(TEXT, vocab_size=tokenizer.get_vocab_size(), bos_token_id=ids["<|im_start|>"],
                eos_token_id=ids["<end_of_utterance>"], pad_token_id=ids["<|im_end|>"])
    return SmolVLMConfig(vision_config=dict(VISION), text_config=text, image_token_id=ids["<image>"], scale_factor=SCALE,
                         pad_token_id=ids["<|im_end|>"], tie_word_embeddings=False, use_cache=True)


def build_model(tokenizer, seed=0):
    from transformers import SmolVLMForConditionalGeneration
    torch.manual_seed(seed)
    model = SmolVLMForConditionalGeneration(build_config(tokenizer)).float()
    initialise(model)
    return model


def initialise(model):
    """Cosine patch filters and sine position embeddings: the tower starts by seeing edges, not by learning to."""
    vision = model.model.vision_model
    hidden = VISION["hidden_size"]
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() == 2 and "embed" not in name:
                torch.nn.init.normal_(p, std=p.shape[1] ** -0.5)
                if name.endswith(("out_proj.weight", "fc2.weight", "o_proj.weight", "down_proj.weight")):
                    p.mul_(0.5)
        k = torch.arange(PATCH, dtype=torch.float32)
        basis = torch.cos(math.pi * (k[None] + 0.5) * k[:, None] / PATCH)
        basis = basis / basis.norm(dim=1, keepdim=True)
        order = sorted(((u, v) for u in range(PATCH) for v in range(PATCH)), key=lambda f: (f[0] ** 2 + f[1] ** 2, f))
        colours = torch.tensor([[1.0, 1, 1], [1, -1, 0], [0.5, 0.5, -1]])
        colours = colours / colours.norm(dim=1, keepdim=True)
        filters = torch.stack([torch.einsum("c,h,w->chw", colours[c], basis[u], basis[v]) * (0.25 if (u, v) == (0, 0) else 1.0)
                               for u, v in order for c in range(3)])[:hidden]
        vision.embeddings.patch_embedding.weight.copy_(filters)
        vision.embeddings.patch_embedding.bias.zero_()
        position = torch.arange(GRID, dtype=torch.float32)
        freq = torch.exp(torch.linspace(math.log(0.2), math.log(2.0), hidden // 4))
        wave = torch.cat([torch.sin(position[:, None] * freq), torch.cos(position[:, None] * freq)], 1)  # [GRID, hidden/2]
        pos = torch.cat([wave[:, None].expand(-1, GRID, -1), wave[None].expand(GRID, -1, -1)], -1)
        vision.embeddings.position_embedding.weight.copy_(pos.reshape(GRID * GRID, hidden) * 0.7)
        model.model.text_model.embed_tokens.weight.normal_(std=0.5)
        model.lm_head.weight.normal_(std=hidden ** -0.5 * 0.3)


def normalise(frames: torch.Tensor) -> torch.Tensor:
    """uint8 [n,h,w,3] → float [n,patches,3*p*p] in the patch convolution's order."""
    x = frames.float().div_(127.5).sub_(1)
    n = x.shape[0]
    x = x.view(n, GRID, PATCH, GRID, PATCH, 3).permute(0, 1, 3, 5, 2, 4)
    return x.reshape(n, GRID * GRID, 3 * PATCH * PATCH)


def attention(q, k, v):
    """Plain attention: in bfloat16 on a CPU the fused kernel's backward pass is five times slower than these products."""
    b, heads, n, hd = q.shape
    scores = torch.bmm((q * hd ** -0.5).reshape(b * heads, n, hd), k.reshape(b * heads, n, hd).transpose(1, 2))
    return torch.bmm(scores.softmax(-1), v.reshape(b * heads, n, hd)).view(b, heads, n, hd)


def vision_tower(model, frames: torch.Tensor, dtype=torch.float32) -> torch.Tensor:
    """uint8 [n,64,64,3] → patch features [n,64,hidden] (after post_layernorm, as the reference)."""
    v = model.model.vision_model
    w = lambda p: p.to(dtype)
    x = F.linear(normalise(frames).to(dtype), w(v.embeddings.patch_embedding.weight).flatten(1), w(v.embeddings.patch_embedding.bias))
    x = x + w(v.embeddings.position_embedding.weight)
    heads = VISION["num_attention_heads"]
    for layer in v.encoder.layers:
        a = layer.self_attn
        h = F.layer_norm(x, x.shape[-1:], w(layer.layer_norm1.weight), w(layer.layer_norm1.bias), 1e-6)
        qkv = F.linear(h, w(torch.cat([a.q_proj.weight, a.k_proj.weight, a.v_proj.weight])), w(torch.cat([a.q_proj.bias, a.k_proj.bias, a.v_proj.bias])))
        q, k, val = qkv.view(*qkv.shape[:2], 3, heads, -1).permute(2, 0, 3, 1, 4)
        o = attention(q, k, val).transpose(1, 2).flatten(2)
        x = x + F.linear(o, w(a.out_proj.weight), w(a.out_proj.bias))
        h = F.layer_norm(x, x.shape[-1:], w(layer.layer_norm2.weight), w(layer.layer_norm2.bias), 1e-6)
        h = F.gelu(F.linear(h, w(layer.mlp.fc1.weight), w(layer.mlp.fc1.bias)), approximate="tanh")
        x = x + F.linear(h, w(layer.mlp.fc2.weight), w(layer.mlp.fc2.bias))
    return F.layer_norm(x, x.shape[-1:], w(v.post_layernorm.weight), w(v.post_layernorm.bias), 1e-6)


def connector(model, patches: torch.Tensor) -> torch.Tensor:
    """[n,64,D] → [n,4,text hidden]: the pixel shuffle, rows of a block before its columns, then one projection."""
    n, _, d = patches.shape
    g = GRID // SCALE
    x = patches.view(n, g, SCALE, g, SCALE, d).permute(0, 1, 3, 2, 4, 5).reshape(n, g * g, SCALE * SCALE * d)
    return F.linear(x, model.model.connector.modality_projection.proj.weight.to(x.dtype))


def _rms(x, eps=1e-5):
    """RMS normalisation without its weight, which the callers fold into the next projection (fewer passes over `x`)."""
    return x * torch.rsqrt(torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32).square() / x.shape[-1] + eps).to(x.dtype)


def _half_turned(weight, hd):
    """Rows of a projection permuted so that its output is `rotate_half` of the original output."""
    a, b = weight.view(-1, 2, hd // 2, weight.shape[1]).unbind(1)
    return torch.stack([-b, a], 1).reshape(weight.shape)


def language_model(model, embeddings, positions, mask, dtype=torch.float32, residuals=None):
    """[b,l,hidden] with explicit positions [b,l] and a boolean mask [b,1,l,l] → final hidden states (after the norm).
    A list given as `residuals` receives the residual stream behind each layer."""
    t = model.model.text_model
    w = lambda p: p.to(dtype)
    heads, kv, hd = TEXT["num_attention_heads"], TEXT["num_key_value_heads"], TEXT["head_dim"]
    inv = TEXT["rope_theta"] ** (-torch.arange(0, hd, 2, dtype=torch.float32) / hd)
    angle = positions[:, :, None, None].float() * torch.cat([inv, inv])
    cos, sin = angle.cos().to(dtype), angle.sin().to(dtype)
    bias = torch.zeros(mask.shape, dtype=dtype).masked_fill_(~mask, float("-inf"))
    x = embeddings.to(dtype)
    b, n, _ = x.shape
    for layer in t.layers:
        a, m = layer.self_attn, layer.mlp
        h = _rms(x)
        q, k = a.q_proj.weight * hd ** -0.5, a.k_proj.weight
        weight = torch.cat([q, k, _half_turned(q, hd), _half_turned(k, hd), a.v_proj.weight]) * layer.input_layernorm.weight
        qk, turned, v = F.linear(h, w(weight)).view(b, n, -1, hd).split([heads + kv, heads + kv, kv], 2)
        q, k = torch.addcmul(qk * cos, turned, sin).split([heads, kv], 2)
        q = q.view(b, n, kv, heads // kv, hd).permute(0, 2, 3, 1, 4).reshape(b * kv, -1, hd)
        k = k.permute(0, 2, 3, 1).reshape(b * kv, hd, n)
        v = v.transpose(1, 2).reshape(b * kv, n, hd)
        scores = torch.bmm(q, k).view(b, heads, n, n).add_(bias).softmax(-1).view(b * kv, -1, n)
        o = torch.bmm(scores, v).view(b, kv, heads // kv, n, hd).permute(0, 3, 1, 2, 4).reshape(b, n, -1)
        x = x + F.linear(o, w(a.o_proj.weight))
        h = _rms(x)
        gate, up = F.linear(h, w(torch.cat([m.gate_proj.weight, m.up_proj.weight]) * layer.post_attention_layernorm.weight)).chunk(2, -1)
        x = x + F.linear(F.silu(gate) * up, w(m.down_proj.weight))
        if residuals is not None:
            residuals.append(x)
    return _rms(x) * t.norm.weight.to(dtype)
