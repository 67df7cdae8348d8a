#!/usr/bin/env python3
"""make_vectors.py TRAIN_GPT ROOT_TRAIN_GPT > vectors.json

Losses of the contest's own evaluation functions on a small model, for evaluate_test.cc. TRAIN_GPT is the human-readable
script of pull request 1394, ROOT_TRAIN_GPT the contest's train_gpt.py; neither is part of this repository. Their
attention kernel is replaced by PyTorch's SDPA and torch.compile by nothing; f32 on the CPU. Needs PyTorch 2.9 or later.
Weights are drawn as `weight()` says, so that the test draws the same."""
import json
import os
import sys
import types

SHAPE = dict(VOCAB_SIZE=64, NUM_LAYERS=4, XSA_LAST_N=2, MODEL_DIM=32, EMBEDDING_DIM=32, NUM_HEADS=4, NUM_KV_HEADS=2, MLP_MULT=2,
             NUM_LOOPS=1, LOOP_START=1, LOOP_END=2, ROPE_DIMS=4, EVAL_SEQ_LEN=48, TRAIN_SEQ_LEN=48, ROPE_TRAIN_SEQ_LEN=48, EVAL_STRIDE=8)
os.environ.update({k: str(v) for k, v in SHAPE.items()})

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402


def load(path):
    def attention(q, k, v, causal=True):
        q, k, v = (t.transpose(1, 2) for t in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=True).transpose(1, 2)

    sys.modules["flash_attn_interface"] = types.SimpleNamespace(flash_attn_func=attention)
    module = types.ModuleType("original")
    module.__file__ = path
    exec(compile(open(path, encoding="utf-8").read(), path, "exec"), module.__dict__)
    return module


def splitmix(x):
    x = (x + 0x9E3779B97F4A7C15) % 2**64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) % 2**64
    return x ^ (x >> 31)


def weight(parameter, index):
    """Entry `index` of the parameter that is number `parameter` in the order of names: in [-0.25, 0.25), exact in f32."""
    return (splitmix(parameter * 2**32 + index) >> 40) / 2**25 - 0.25


human, root = load(sys.argv[1]), load(sys.argv[2])
torch.compile = lambda f, **_: f
model = human.GPT(human.Hyperparameters())
model.looping_active = True
with torch.no_grad():
    for number, (name, p) in enumerate(sorted(model.named_parameters())):
        p.copy_(torch.tensor([weight(number, i) for i in range(p.numel())]).view_as(p))

tokens = [splitmix(10**12 + i) % 64 for i in range(48 * 15 + 20)]
base, lead, boundary = [i % 7 for i in range(64)], [i % 3 == 0 for i in range(64)], [i % 7 == 0 for i in range(64)]
kept = torch.tensor(tokens[:(len(tokens) - 1) // 48 * 48 + 1])
h = human.Hyperparameters()
h.val_batch_tokens = 48 * 4 * h.grad_accum_steps
data = types.SimpleNamespace(val_tokens=kept, base_bytes_lut=torch.tensor(base, dtype=torch.int16),
                             has_leading_space_lut=torch.tensor(lead), is_boundary_token_lut=torch.tensor(boundary))
device = torch.device("cpu")
args = types.SimpleNamespace(val_batch_size=48 * 4, train_seq_len=48)
results = {
    "pr1394 plain": human.eval_val(h, device, data, model),
    "pr1394 sliding": human.eval_val_sliding(h, device, data, model),
    "root plain": root.eval_val(args, model, 0, 1, device, 1, kept, data.base_bytes_lut, data.has_leading_space_lut, data.is_boundary_token_lut),
}
json.dump({"torch": torch.__version__, "environment": SHAPE, "parameters": sorted(n for n, _ in model.named_parameters()),
           "tokens": tokens, "base": base, "lead": lead, "boundary": boundary,
           "results": {k: {"val_loss": loss, "val_bpb": bpb} for k, (loss, bpb) in results.items()}}, sys.stdout)
