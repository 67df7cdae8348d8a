#!/usr/bin/env python3
"""make_goldens.py BASELINE.py PR1394.py > goldens.json: what the originals' Muon classes and PyTorch's own optimizers make of
small inputs. BASELINE.py is the contest's train_gpt.py, PR1394.py that record's human-readable script; they are read, cut to
their optimizer, and stay outside. Needs PyTorch (CPU). optimizers_test.cc draws the same inputs from the same generator."""
import ast
import json
import sys

import torch
import torch.distributed as dist
from torch import Tensor


class Draw:
    """64-bit linear congruential generator; its upper 24 bits as a number in [-0.5, 0.5)."""

    def __init__(self, seed):
        self.state = seed

    def tensor(self, *shape, scale=1.0):
        values = []
        for _ in range(torch.Size(shape).numel()):
            self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
            values.append(((self.state >> 40) / 2**24 - 0.5) * scale)
        return torch.tensor(values, dtype=torch.float32).reshape(shape)


def optimizer_of(path):
    """The namespace with zeropower_via_newtonschulz5 and Muon of a script; decorators are left out."""
    wanted = [n for n in ast.parse(open(path, encoding="utf-8").read()).body
              if getattr(n, "name", "") in ("zeropower_via_newtonschulz5", "Muon")]
    for node in wanted:
        node.decorator_list = []
    space = {"torch": torch, "dist": dist, "Tensor": Tensor}
    exec(compile(ast.Module(body=wanted, type_ignores=[]), path, "exec"), space)
    return space


def numbers(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().float().reshape(-1).tolist()]


SHAPES = [(16, 16), (24, 16), (16, 40), (16, 16), (24, 16)]
STEPS = 6


def newton_schulz(space):
    return [{"rows": r, "cols": c, "out": numbers(space["zeropower_via_newtonschulz5"](Draw(r * 100 + c).tensor(r, c), 5))}
            for r, c in [(16, 16), (24, 16), (16, 40)]]


def muon(space, **settings):
    draw = Draw(7)
    parameters = [torch.nn.Parameter(draw.tensor(*s)) for s in SHAPES]
    optimizer = space["Muon"](parameters, lr=0.02, momentum=0.85, backend_steps=5, **settings)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["momentum"] = 0.85 + 0.02 * step
        for p in parameters:
            p.grad = draw.tensor(*p.shape, scale=0.1)
        optimizer.step()
    return {"out": [numbers(p) for p in parameters]}


def adam(kind, dtype, **settings):
    draw = Draw(11)
    p = torch.nn.Parameter(draw.tensor(50).to(dtype))
    optimizer = kind([p], lr=0.03, betas=(0.9, 0.95), eps=1e-8, **settings)
    for _ in range(STEPS):
        p.grad = draw.tensor(50, scale=0.1).to(dtype)
        optimizer.step()
    state = optimizer.state[p]
    return {"out": numbers(p), "exp_avg": numbers(state["exp_avg"]), "exp_avg_sq": numbers(state["exp_avg_sq"])}


def clip(max_norm):
    draw = Draw(13)
    parameters = [torch.nn.Parameter(torch.zeros(n)) for n in (30, 7)]
    for p in parameters:
        p.grad = draw.tensor(*p.shape)
    norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    return {"max_norm": max_norm, "norm": float(norm), "out": [numbers(p.grad) for p in parameters]}


base, pr1394 = (optimizer_of(path) for path in sys.argv[1:3])
json.dump({"torch": torch.__version__, "newton_schulz": newton_schulz(base), "muon_baseline": muon(base),
           "muon_pr1394": muon(pr1394, weight_decay=0.085, row_normalize=True),
           "adam_f32": adam(torch.optim.Adam, torch.float32),
           "adamw_f32": adam(torch.optim.AdamW, torch.float32, weight_decay=0.085, fused=True),
           "adamw_bf16": adam(torch.optim.AdamW, torch.bfloat16, weight_decay=0.085, fused=True),
           "clip": [clip(0.3), clip(100.0)]}, sys.stdout)
print()
