#!/usr/bin/env python3
"""train_step_peer.py TRAIN_GPT --preset FILE --precision f32|bf16 --mode eager|compile --batch SEQUENCES [--looping]

The Python original's training step (#1394's human-readable script, which is not part of this repository) beside
bench_train_step: forward, backward, clipping, its own Muon and AdamW. Its attention kernel is replaced by PyTorch's SDPA.
For every line "N" on stdin it takes N steps and prints the seconds they took, of the clock and of the processor; its
first line says "ready PARAMETERS". Tokens are random: their values do not change the time."""
import argparse
import ctypes
import json
import os
import sys
import time
import types

parser = argparse.ArgumentParser()
parser.add_argument("train_gpt")
parser.add_argument("--preset", required=True)
parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
parser.add_argument("--mode", choices=["eager", "compile"], default="eager")
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--looping", action="store_true")
parser.add_argument("--trim", action="store_true", help="give freed memory back after every turn")
parser.add_argument("--newton-schulz", choices=["f32", "bf16"], default="f32", help="Muon's; the script itself says bf16")
args = parser.parse_args()

preset = json.load(open(args.preset, encoding="utf-8"))
model, optim, seq_len = preset["model"], preset["optim"], preset["train"]["train_seq_len"]
loop = model.get("loop", {})
os.environ.update({k: str(v) for k, v in {
    "VOCAB_SIZE": model["vocab_size"], "NUM_LAYERS": model["layers"], "XSA_LAST_N": model.get("xsa_last_n", 0),
    "MODEL_DIM": model["dim"], "EMBEDDING_DIM": model["dim"], "NUM_HEADS": model["heads"], "NUM_KV_HEADS": model["kv_heads"],
    "MLP_MULT": model["hidden"] / model["dim"], "NUM_LOOPS": loop.get("count", 0), "LOOP_START": loop.get("start", 0),
    "LOOP_END": loop.get("end", 0), "ROPE_DIMS": model.get("rope_dims", 0), "TRAIN_SEQ_LEN": seq_len,
    "ROPE_TRAIN_SEQ_LEN": seq_len, "EVAL_SEQ_LEN": seq_len, "MUON_BACKEND_STEPS": optim["muon_backend_steps"],
    "GRAD_CLIP_NORM": optim["grad_clip_norm"]}.items()})

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402


def attention(q, k, v, causal=True):
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=q.size(1) != k.size(1)).transpose(1, 2)


torch.set_num_threads(args.threads)
torch.manual_seed(1)
compile_ = torch.compile
if args.mode == "eager":
    torch.compile = lambda f=None, **_: f
sys.modules["flash_attn_interface"] = types.SimpleNamespace(flash_attn_func=attention)
original = types.ModuleType("original")
source = open(args.train_gpt, encoding="utf-8").read()
if args.newton_schulz == "f32":
    line = "X = G.bfloat16()"
    if line not in source:
        sys.exit(f"{args.train_gpt}: no line '{line}'; give --newton-schulz bf16")
    source = source.replace(line, "X = G.float()")
exec(compile(source, args.train_gpt, "exec"), original.__dict__)

h = original.Hyperparameters()
base = original.GPT(h)
if args.precision == "bf16":
    base = base.bfloat16()
    original.restore_fp32_params(base)
base.looping_active = args.looping and h.num_loops > 0
net = compile_(base, dynamic=False, fullgraph=True) if args.mode == "compile" else base
optimizers = original.Optimizers(h, base)
x = torch.randint(0, h.vocab_size, (args.batch, seq_len))
y = torch.randint(0, h.vocab_size, (args.batch, seq_len))


def step():
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.precision == "bf16"):
        loss = net(x, y)
    loss.backward()
    if h.grad_clip_norm > 0:
        torch.nn.utils.clip_grad_norm_(base.parameters(), h.grad_clip_norm)
    optimizers.step()
    return loss


def trim():
    if args.trim:
        ctypes.CDLL("libc.so.6").malloc_trim(0)


step()
trim()
print("ready", sum(p.numel() for p in base.parameters()), flush=True)
for line in sys.stdin:
    start, used = time.perf_counter(), time.process_time()
    for _ in range(int(line)):
        step()
    took = time.perf_counter() - start, time.process_time() - used
    trim()
    print(*took, flush=True)
