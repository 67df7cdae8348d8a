#!/usr/bin/env python3
"""Makes submissions/2026-11-21_Example_PackedBaseline: a small submission in the contest's real format.

    submissions/make_example.py            writes the folder; the same bytes on every run
    submissions/make_example.py --check    exit code 1 where the folder is not what this script makes

train_gpt.py is example_train_gpt.py, packed. The logs are SYNTHETIC: nothing was trained; the lines are the ones that
script prints, the numbers come from the seeded formulas below and fit together the way a real run's do.
"""
import ast
import base64
import json
import lzma
import math
import random
import re
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "2026-11-21_Example_PackedBaseline"
SEEDS = (42, 314, 999)
TORCH = "2.9.1+cu128"
# The contest's validation set with its 8,192-piece tokenizer, as the merged records log it: val_loss / val_bpb of 48
# lines of April 2026 pins the byte count to this integer (ratio 2.583104).
VAL_TOKENS, VAL_BYTES = 40_540_160, 151_078_222
# Of the model in example_train_gpt.py with its default hyper-parameters, measured.
MODEL_PARAMS, RAW_MODEL_BYTES, HESSIANS = 35_925_080, 143_732_010, 67


def pack(source):
    packed = base64.b85encode(lzma.compress(source, preset=9 | lzma.PRESET_EXTREME)).decode()
    return f'import lzma as L,base64 as B\nexec(L.decompress(B.b85decode("{packed}")))\n'.encode()


def unpack(code):
    literal = re.search(rb'b85decode\("([^"]*)"\)', code)
    return lzma.decompress(base64.b85decode(literal[1])) if literal else b""


def defaults(source):
    """The DEFAULTS = dict(...) of the training script."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "DEFAULTS":
            return {k.arg: ast.literal_eval(k.value) for k in node.value.keywords}
    raise ValueError("example_train_gpt.py has no DEFAULTS = dict(...)")


def bpb(val_loss):
    return val_loss / math.log(2) * VAL_TOKENS / VAL_BYTES


class Run:
    """One synthetic run: the numbers first, then the log that prints them."""

    def __init__(self, seed, hyper, code_bytes):
        rng = random.Random(seed)
        self.seed, self.code_bytes = seed, code_bytes
        self.hyper = {**hyper, "seed": seed, "run_id": f"train_seed{seed}", "rank": 0, "world_size": 8}
        self.cap_ms = int(1000 * (hyper["max_wallclock_seconds"] - hyper["gptq_reserve_seconds"]))
        self.step_ms = 102.0 + 0.8 * rng.random()
        self.steps = math.ceil(self.cap_ms / self.step_ms)  # the cap is looked at after each step
        self.train_time_ms = round(self.steps * self.step_ms)
        self.ema_loss = 2.8468 + 0.002 * rng.random()
        self.quantized_loss = round(self.ema_loss + 0.0305 + 0.002 * rng.random(), 8)
        self.val_loss = round(self.quantized_loss - 0.0432 - 0.0004 * rng.random(), 8)
        self.val_bpb = round(bpb(self.val_loss), 8)
        self.eval_time_ms = rng.randrange(83_000, 86_000)
        self.model_bytes = rng.randrange(15_951_000, 15_963_000)
        self.total_bytes = self.model_bytes + code_bytes
        self.rng = rng

    def loss_at(self, step):
        """Mean training loss: a power law, less what the falling learning rate gains; it starts at ln 8192."""
        if step <= 5:
            return (9.0109, 9.0102, 8.8731, 8.3384, 7.7120, 7.2843)[step]
        start = (1 - self.hyper["warmdown_frac"]) * self.steps
        cooled = max(0.0, step - start) / (self.steps - start)
        return 2.942 + 12 * (step + 9) ** -0.55 - 0.205 * cooled**1.3

    def progress(self):
        hyper, noise = self.hyper, self.rng
        for step in range(self.steps + 1):
            total = hyper["iterations"]
            if step and (step <= 5 or step % hyper["train_log_every"] == 0):
                loss = self.loss_at(step) + (0.03 * (noise.random() - 0.5) if step > 1 else 0)
                ms = step * self.step_ms * (1 + 0.004 * (noise.random() - 0.5) * (1 - step / self.steps))
                yield (f"{step}/{total} train_loss: {loss:.4f} train_time: {ms / 60000:.1f}m "
                       f"tok/s: {step * hyper['train_batch_tokens'] / ms * 1000:.0f}")
            if step % hyper["val_loss_every"] == 0 or step == self.steps:
                loss = self.loss_at(step) + (0.012 if step else 0)
                if step == self.steps:
                    loss = self.ema_loss + 0.0021
                yield f"{step}/{total} val_loss: {loss:.4f} val_bpb: {bpb(loss):.4f}"

    def lines(self):
        noise, warmup, bar = self.rng, self.hyper["warmup_steps"], "=" * 100
        yield "Hyperparameters:"
        yield from (f"  {key}: {value}" for key, value in sorted(self.hyper.items()))
        yield from (bar, "Running Python 3.12.3 (main, Mar  3 2026, 12:15:18) [GCC 13.3.0]", f"Running PyTorch {TORCH}", bar)
        yield from ("train_shards: 128", f"val_tokens: {VAL_TOKENS}", f"model_params:{MODEL_PARAMS}")
        yield from (f"warmup_step: {i}/{warmup}" for i in range(1, warmup + 1) if i <= 5 or i % 10 == 0)
        yield f"gptq:reserving {self.hyper['gptq_reserve_seconds']:.0f}s, effective={self.cap_ms}ms"
        yield from self.progress()
        yield (f"stopping_early: wallclock_cap train_time: {self.train_time_ms}ms "
               f"step: {self.steps}/{self.hyper['iterations']}")
        yield "peak memory allocated: 33118 MiB reserved: 33246 MiB"
        yield "ema:applying EMA weights"
        yield metric("pre-quantization post-ema", round(self.ema_loss, 8), noise.randrange(5_800, 6_400))
        yield from (f"Serialized model: {RAW_MODEL_BYTES} bytes", f"Code size: {self.code_bytes} bytes")
        yield "GPTQ:collecting Hessians from calibration data..."
        yield f"GPTQ:collected {HESSIANS} Hessians in {9.8 + noise.random():.1f}s"
        yield "Quantized weights:"
        yield "  gptq (int8): emb.weight"
        yield "  passthrough (float16): blocks.attn_scale, blocks.mlp_scale, blocks.q_gain"
        yield "  gptq (int6): " + ", ".join(f"blocks.{name}.weight" for name in ("down", "k", "o", "q", "up", "v"))
        yield f"Serialized model quantized+{self.hyper['compressor']}: {self.model_bytes} bytes"
        yield f"Total submission size quantized+{self.hyper['compressor']}: {self.total_bytes} bytes"
        yield metric("quantized", self.quantized_loss, noise.randrange(6_900, 7_600))
        yield metric("quantized_sliding_window", self.val_loss, self.eval_time_ms)


def metric(name, val_loss, ms):
    return f"{name} val_loss:{val_loss:.8f} val_bpb:{bpb(val_loss):.8f} eval_time:{ms}ms"


def metadata(runs, code_bytes):
    return {
        "author": "pgverify",
        "github_id": "pgverify-example",
        "name": "Example: packed baseline (synthetic logs)",
        "blurb": "Shows the format of a submission; nothing was trained. 11 layers, 8192-piece vocabulary, Muon, GPTQ "
                 "int6/int8, brotli, sliding window of stride 64; code packed with lzma and base85.",
        "date": "2026-11-21",
        "track": "10min_16mb",
        "val_loss": round(statistics.mean(r.val_loss for r in runs), 6),
        "val_bpb": round(statistics.mean(r.val_bpb for r in runs), 6),
        "val_bpb_std": round(statistics.stdev(r.val_bpb for r in runs), 6),
        "seeds": [r.seed for r in runs],
        "seed_results": {
            str(r.seed): {"val_loss": r.val_loss, "val_bpb": r.val_bpb, "artifact_bytes": r.total_bytes, "steps": r.steps,
                          "train_time_ms": r.train_time_ms, "eval_time_ms": r.eval_time_ms} for r in runs},
        "bytes_total": max(r.total_bytes for r in runs),
        "bytes_code": code_bytes,
        "hardware": "8xH100 80GB SXM",
        "pytorch_version": TORCH,
        "compliance": {"train_under_600s": True, "eval_under_600s": True, "artifact_under_16mb": True, "three_seeds": True},
    }


def readme(meta, runs):
    rows = "".join(f"| {r.seed} | {r.steps:,} | {r.train_time_ms / 1000:.1f} s | {r.val_loss:.5f} | {r.val_bpb:.5f} | "
                   f"{r.eval_time_ms / 1000:.1f} s | {r.total_bytes:,} |\n" for r in runs)
    return f"""# Example: packed baseline

**The logs in this folder are synthetic. Nothing was trained: `submissions/make_example.py` writes every number here to show
what a submission looks like. This is not a result and must not be quoted as one.** The training script is real and complete.

val_bpb: **{meta["val_bpb"]:.6f}** (mean of 3 seeds, sample standard deviation {meta["val_bpb_std"]:.6f})

| seed | steps | training | val_loss (nats per token) | val_bpb | evaluation | artifact, bytes |
| --- | --- | --- | --- | --- | --- | --- |
{rows}
`bytes_total` in `submission.json` is the largest of the three.

- `train_gpt.py`: a self-extracting script, `exec(lzma.decompress(base64.b85decode(...)))`, {meta["bytes_code"]:,} bytes. Its source is
  `submissions/example_train_gpt.py`: 11 layers of width 512, a tied vocabulary of 8,192 pieces, Muon and AdamW, averaged
  weights, GPTQ to 6 bits (8 for the embedding) on training data, brotli, scoring in a sliding window of stride 64.
- `train_seed*.log`: what that script prints, one file per seed. Training stops at 588 s; collecting the Hessians takes the 12 s
  kept for it. Compile warm-up, quantization and compression lie outside both timers, as in the records of April 2026.

Run: `SEED=42 torchrun --standalone --nproc_per_node=8 train_gpt.py`
"""


def build(code, source):
    runs = [Run(seed, defaults(source), len(code)) for seed in SEEDS]
    meta = metadata(runs, len(code))
    files = {f"train_seed{r.seed}.log": "\n".join(r.lines()) + "\n" for r in runs}
    files["submission.json"] = json.dumps(meta, indent=2) + "\n"
    files["README.md"] = readme(meta, runs)
    files["requirements.txt"] = "torch\nnumpy\nsentencepiece\nbrotli\n"
    return {"train_gpt.py": code, **{name: text.encode() for name, text in files.items()}}


def main():
    source = (HERE / "example_train_gpt.py").read_bytes()
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    if sys.argv[1:] == []:
        FOLDER.mkdir(exist_ok=True)
        for name, content in build(pack(source), source).items():
            (FOLDER / name).write_bytes(content)
        return
    shipped = {p.name: p.read_bytes() for p in FOLDER.glob("*")}
    # Another liblzma may pack the same source into other bytes: what counts is what the shipped script unpacks to.
    code = shipped.get("train_gpt.py", b"")
    wanted = build(code if unpack(code) == source else pack(source), source)
    wrong = sorted(name for name in wanted.keys() | shipped.keys() if wanted.get(name) != shipped.get(name))
    for name in wrong:
        print(f"{FOLDER.name}/{name}: not what submissions/make_example.py makes; run it")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
