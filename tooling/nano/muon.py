"""Muon for the matrices inside the layers (orthogonalised momentum), to be used beside AdamW for everything else."""
from __future__ import annotations

import torch


@torch.no_grad()
def orthogonalise(g: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """Newton–Schulz iteration towards the nearest semi-orthogonal matrix, batched over the first axis."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g / (g.norm(dim=(1, 2), keepdim=True) + 1e-7)
    tall = x.shape[1] > x.shape[2]
    x = x.transpose(1, 2) if tall else x
    for _ in range(steps):
        s = x @ x.transpose(1, 2)
        x = a * x + (b * s + c * s @ s) @ x
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr=0.02, momentum=0.95, weight_decay=0.0):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes = {}
            for p in group["params"]:
                if p.grad is not None:
                    shapes.setdefault(p.shape, []).append(p)
            for shape, ps in shapes.items():
                update = []
                for p in ps:
                    buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                    buffer.lerp_(p.grad, 1 - group["momentum"])
                    update.append(p.grad.lerp(buffer, group["momentum"]))
                flat = orthogonalise(torch.stack(update))
                scale = max(1.0, shape[0] / shape[1]) ** 0.5 * group["lr"]
                for p, u in zip(ps, flat):
                    p.mul_(1 - group["lr"] * group["weight_decay"]).add_(u, alpha=-scale)


def split_parameters(named):
    """(matrices for Muon, the rest for AdamW)."""
    matrices, rest = [], []
    for name, p in named:
        (matrices if p.dim() == 2 and "embed" not in name and "lm_head" not in name else rest).append(p)
    return matrices, rest
