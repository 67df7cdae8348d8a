#!/usr/bin/env python3
"""export_parity.py ORIGINAL {baseline,pr1394,pr1437} [--preset FILE] [--gradients FILE] [-o FILE]

Runs the classes of an original training script (openai/parameter-golf: train_gpt.py at the root, train_gpt_human.py
of the record of 2026-04-05, or the unpacked script of PR #1437) on the CPU and writes numbers that the native model must meet: losses, projections of
every gradient, the losses of ten optimizer steps. Nothing of the script is copied, only numbers leave it.

Without --preset a small network of the same code, whose numbers are kept in testdata/; with it (reference/presets/
baseline.json, pr1394.json) the real one, for runs by hand. FlashAttention is replaced by PyTorch's SDPA.

Both sides make weights and tokens from integers (numbers.h says how), so no weights are exchanged."""
import argparse
import hashlib
import importlib.util
import json
import math
import sys
import types

import numpy as np
import torch
import torch.nn.functional as F

PROJECTIONS, SEED = 16, 1
M64 = (1 << 64) - 1


def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & M64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & M64
    return z ^ (z >> 31)


def bits(name, count):
    """`count` 64-bit integers that belong to (SEED, name)."""
    h = 0xCBF29CE484222325
    for c in name.encode():
        h = (h ^ c) * 0x100000001B3 & M64
    key = mix(mix((SEED + 0x9E3779B97F4A7C15) & M64) ^ h)
    z = (np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)) + np.uint64(key)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def weights(name, shape):
    u = (bits(name, math.prod(shape)) >> np.uint64(40)).astype(np.float64) / 2**24  # [0, 1), exact in f32
    if name == "tok_emb.weight":
        values = (2 * u - 1) / 16
    elif name.endswith(".weight"):
        values = (2 * u - 1) / 2 ** ((int(shape[1]).bit_length() - 1) // 2)
    else:
        values = u + 0.5
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def tokens(which, sequences, length, vocab):
    ids = (bits(f"tokens {which}", sequences * (length + 1)) % np.uint64(vocab)).astype(np.int64).reshape(sequences, length + 1)
    return torch.from_numpy(ids[:, :-1].copy()), torch.from_numpy(ids[:, 1:].copy())


def projections(name, gradient):
    g = gradient.detach().double().numpy().reshape(-1)
    low = bits(name + " projections", g.size).astype("<u2")
    sums = np.zeros(PROJECTIONS)
    for i in range(0, g.size, 1 << 18):  # signs in pieces: 16 of them take 128 bytes
        part = g[i:i + (1 << 18)]
        signs = np.unpackbits(low[i:i + part.size].view(np.uint8).reshape(-1, 2), axis=1, bitorder="little").astype(np.float64)
        sums += 2 * (part @ signs) - part.sum()
    return [float(f"{v:.9g}") for v in sums]


def load(path):
    stub = types.ModuleType("flash_attn_interface")

    def attention(q, k, v, causal):
        return F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=causal,
                                              enable_gqa=q.size(2) != k.size(2)).transpose(1, 2)

    stub.flash_attn_func = attention
    sys.modules["flash_attn_interface"] = stub
    torch.compile = lambda f=None, **_: f if f is not None else (lambda g: g)  # what the formulas say, unfused
    spec = importlib.util.spec_from_file_location("original", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["original"] = module
    spec.loader.exec_module(module)
    return module


def hyperparameters(original, c, o):
    """The script's settings for our model and optim objects."""
    h = types.SimpleNamespace(**{k: v for k, v in vars(original.Hyperparameters).items() if not k.startswith("__")})
    h.vocab_size, h.num_layers, h.model_dim, h.num_heads, h.num_kv_heads = (c[k] for k in ("vocab_size", "layers", "dim", "heads", "kv_heads"))
    h.mlp_mult, h.tie_embeddings, h.tied_embed_init_std = c["hidden"] / c["dim"], c["tie_embeddings"], c["embed_init_std"]
    h.logit_softcap, h.rope_base, h.train_seq_len, h.qk_gain_init = c["softcap"], c["rope_base"], c["train_seq_len"], c["q_gain_init"]
    h.embedding_dim = c.get("embedding_dim", 0) or c["dim"]
    h.rope_dims, h.ln_scale, h.skip_gates_enabled = c.get("rope_dims", 0), c.get("ln_scale", False), c.get("skip_gates", False)
    h.xsa_last_n = c.get("xsa_last_n", 0)
    h.parallel_residual_start = c.get("parallel_from", -1)
    h.num_loops, h.loop_start, h.loop_end = (c.get("loop", {}).get(k, 0) for k in ("count", "start", "end"))
    for key, value in o.items():
        setattr(h, key, value)
    return h


class Run:
    def __init__(self, original, system, c, o, bf16=False):
        self.h, self.system, self.original, self.bf16 = hyperparameters(original, c, o), system, original, bf16
        h = self.h
        if system == "baseline":
            self.model = original.GPT(h.vocab_size, h.num_layers, h.model_dim, h.num_heads, h.num_kv_heads, int(h.mlp_mult), h.tie_embeddings,
                                      h.tied_embed_init_std, h.logit_softcap, h.rope_base, h.qk_gain_init)
        else:
            self.model = original.GPT(h)
        if bf16:
            self.model = self.model.bfloat16()
            for module in self.model.modules():
                if isinstance(module, original.CastedLinear):
                    module.float()
            (original.restore_low_dim_params_to_fp32 if system == "baseline" else original.restore_fp32_params)(self.model)
        with torch.no_grad():
            for name, p in self.model.named_parameters():
                p.copy_(weights(name, p.shape))

    def looping(self, active):
        if hasattr(self.model, "looping_active"):
            self.model.looping_active = active

    def backward(self, x, y):
        for p in self.model.parameters():
            p.grad = None
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            loss = self.model(x, y)
        loss.backward()
        return loss.item()

    def optimizers(self):
        h, m, original = self.h, self.model, self.original
        if self.system != "baseline":
            return list(original.Optimizers(h, m))
        named = list(m.blocks.named_parameters())
        control = lambda n: any(pattern in n for pattern in original.CONTROL_TENSOR_NAME_PATTERNS)
        adam = dict(betas=(h.beta1, h.beta2), eps=h.adam_eps, fused=True)
        token_lr = h.tied_embed_lr if h.tie_embeddings else h.embed_lr
        group = lambda ps, lr: [{"params": ps, "lr": lr, "base_lr": lr}]
        muon = original.Muon([p for n, p in named if p.ndim == 2 and not control(n)], lr=h.matrix_lr, momentum=h.muon_momentum, backend_steps=h.muon_backend_steps)
        muon.param_groups[0]["base_lr"] = h.matrix_lr
        head = [torch.optim.Adam(group([m.lm_head.weight], h.head_lr), **adam)] if m.lm_head is not None else []
        return [torch.optim.Adam(group([m.tok_emb.weight], token_lr), **adam), *head, muon,
                torch.optim.Adam(group([p for n, p in named if p.ndim < 2 or control(n)] + [m.skip_weights], h.scalar_lr), **adam)]


def case(run, looping, sequences, length, truth, gradients=None):
    """truth: (looping, length) -> the f32 gradients; filled by f32 cases, what bf16 cases are held against."""
    run.looping(looping)
    x, y = tokens("0", sequences, length, run.h.vocab_size)
    out = {"precision": "bf16" if run.bf16 else "f32", "looping": looping, "sequences": sequences, "seq_len": length, "loss": run.backward(x, y)}
    out["gradients"] = {}
    for name, p in run.model.named_parameters():
        g = torch.zeros_like(p) if p.grad is None else p.grad
        if run.bf16:
            out["gradients"][name] = {"difference": float((g.double() - truth[looping, length][name].double()).norm())}
            continue
        truth.setdefault((looping, length), {})[name] = g
        out["gradients"][name] = {"norm": float(g.double().norm()), "projections": projections(name, g)}
        if gradients is not None:
            gradients.write(g.float().numpy().tobytes())
    return out


def steps(run, sequences, length, count, loop_from):
    """The loop body of the scripts: gradient, momentum warm-up, rate, clip, step."""
    h, losses = run.h, []
    optimizers = run.optimizers()
    scales = [1.0 if s < count // 2 else (count - s) / (count - count // 2) for s in range(count)]
    for step in range(count):
        run.looping(step >= loop_from)
        losses.append(run.backward(*tokens(str(step), sequences, length, h.vocab_size)))
        frac = min(step / h.muon_momentum_warmup_steps, 1.0)
        for optimizer in optimizers:
            for g in optimizer.param_groups:
                g["lr"] = g["base_lr"] * scales[step]
                if "backend_steps" in g:
                    g["momentum"] = (1 - frac) * h.muon_momentum_warmup_start + frac * h.muon_momentum
        if h.grad_clip_norm > 0:
            torch.nn.utils.clip_grad_norm_(run.model.parameters(), h.grad_clip_norm)
        for optimizer in optimizers:
            optimizer.step()
    with torch.no_grad():
        losses.append(run.model(*tokens(str(count), sequences, length, h.vocab_size)).item())
    return {"sequences": sequences, "seq_len": length, "loop_from": loop_from, "lr_scale": scales, "losses": losses}


OPTIM = {"baseline": dict(matrix_lr=0.04, scalar_lr=0.04, tied_embed_lr=0.05, embed_lr=0.6, head_lr=0.008, muon_momentum=0.95, muon_momentum_warmup_start=0.85,
                          muon_momentum_warmup_steps=8, muon_backend_steps=5, muon_row_normalize=False, muon_wd=0.0, embed_wd=0.0, adam_wd=0.0, beta1=0.9, beta2=0.95,
                          adam_eps=1e-8, grad_clip_norm=0.0),
         "pr1394": dict(matrix_lr=0.02, scalar_lr=0.02, tied_embed_lr=0.03, embed_lr=0.6, head_lr=0.008, muon_momentum=0.99, muon_momentum_warmup_start=0.92,
                        muon_momentum_warmup_steps=8, muon_backend_steps=5, muon_row_normalize=True, muon_wd=0.085, embed_wd=0.085, adam_wd=0.02, beta1=0.9, beta2=0.95,
                        adam_eps=1e-8, grad_clip_norm=0.3)}
SHAPE = dict(vocab_size=64, dim=64, heads=4, kv_heads=2, tie_embeddings=True, embed_init_std=0.005, softcap=30.0, rope_base=10000.0, train_seq_len=32)
OPTIM["pr1437"] = OPTIM["pr1394"]
SMALL = {"baseline": dict(SHAPE, layers=5, hidden=128, q_gain_init=1.5),
         "pr1394": dict(SHAPE, layers=5, hidden=256, q_gain_init=4.0, rope_dims=8, leaky_slope=0.5, ln_scale=True, skip_gates=True, xsa_last_n=3,
                        loop=dict(count=2, start=2, end=3), init="orthogonal")}


SMALL["pr1437"] = dict(SMALL["pr1394"], layers=6, parallel_from=4, q_gain_init=5.0, loop=dict(count=2, start=1, end=3))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("original", help="path of the script")
    parser.add_argument("system", choices=sorted(SMALL))
    parser.add_argument("--preset", help="JSON file with a model object: the network to run instead of the small one")
    parser.add_argument("--factorised", action="store_true", help="pr1394: narrow embedding with projections, untied head")
    parser.add_argument("--sequences", type=int, default=2)
    parser.add_argument("--seq-len", type=int, default=0, help="default: the network's")
    parser.add_argument("--no-steps", action="store_true")
    parser.add_argument("--no-bf16", action="store_true")
    parser.add_argument("--gradients", help="also write the gradients of the f32 cases, raw, one behind the other")
    parser.add_argument("-o", "--output", default="/dev/stdout")
    args = parser.parse_args()

    config = dict(SMALL[args.system])
    if args.preset:
        config = json.load(open(args.preset))["model"]
    if args.factorised:
        config.update(embedding_dim=48, tie_embeddings=False)
    optim, length = OPTIM[args.system], args.seq_len or config["train_seq_len"]
    original, loops = load(args.original), [False, True] if "loop" in config else [False]
    run = Run(original, args.system, config, optim)
    out = {"original": hashlib.sha256(open(args.original, "rb").read()).hexdigest(), "torch": torch.__version__, "seed": SEED, "model": config, "optim": optim,
           "parameters": [{"name": n, "shape": list(p.shape)} for n, p in run.model.named_parameters()]}
    raw = open(args.gradients, "wb") if args.gradients else None
    truth = {}
    out["cases"] = [case(run, looping, args.sequences, length, truth, raw) for looping in loops]
    if not args.preset and "loop" in config:  # longer than trained on: the rescaled rotation
        out["cases"].append(case(run, True, args.sequences, 2 * length, truth, raw))
    if not args.no_bf16:
        bf16 = Run(original, args.system, config, optim, bf16=True)
        out["cases"] += [case(bf16, looping, args.sequences, length, truth) for looping in loops]
    if not args.no_steps and not args.factorised:  # #1394's optimizers leave its projections out
        out["steps"] = steps(Run(original, args.system, config, optim), args.sequences, length, 10, 5)
    with open(args.output, "w") as file:
        file.write(json.dumps(out, indent=None, separators=(",", ":")).replace('},"', '},\n"').replace('},{', '},\n{') + "\n")


main()
