"""Random weights whose outputs mean something: logits of order 1–10, attention that is neither flat nor saturated, norms away from one."""

import math

import torch


def randomise(model: torch.nn.Module, seed: int, eos_token_id: int, tied: bool) -> None:
    generator = torch.Generator().manual_seed(seed)

    def normal(parameter: torch.Tensor, std: float, mean: float = 0.0) -> None:
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * std + mean)

    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            fan_in = math.prod(parameter.shape[1:])
            if "norm" in name:
                normal(parameter, 0.2, 1.0 if name.endswith("weight") else 0.0)
            elif name.endswith("bias"):
                normal(parameter, 0.2)
            elif "position_embedding" in name:
                normal(parameter, 0.5)
            elif "embed_tokens" in name:
                normal(parameter, 0.7 if tied else 1.0)
            elif "lm_head" in name:
                normal(parameter, 2.5 / math.sqrt(fan_in))
                parameter[eos_token_id] *= 1.3  # the answer should end now and then
            elif "q_proj" in name or "k_proj" in name:
                normal(parameter, 1.5 / math.sqrt(fan_in))
            elif "o_proj" in name or "out_proj" in name or "down_proj" in name:
                normal(parameter, 2.0 / math.sqrt(fan_in))
            else:
                normal(parameter, 1.2 / math.sqrt(fan_in))
