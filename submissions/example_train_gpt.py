"""Trains, quantizes and scores a small GPT inside 16,000,000 bytes: tied 8192-piece vocabulary, grouped-query attention
with rotary positions, squared-ReLU MLP, Muon + AdamW, weight averaging, GPTQ to int6/int8, brotli, sliding-window scoring.
Run: torchrun --standalone --nproc_per_node=8 train_gpt.py   (every hyper-parameter is an environment variable)"""
import glob, io, math, os, sys, time
from pathlib import Path
import brotli, numpy as np, sentencepiece, torch, torch.distributed as dist, torch.nn.functional as F
from torch import nn

DEFAULTS = dict(
    compile_model=1, compressor="brotli", data_dir="./data/datasets/fineweb10B_sp8192", ema_decay=0.997, embed_bits=8,
    embed_clip_sigmas=20.0, embed_lr=0.03, embed_wd=0.085, eval_batch_seqs=32, eval_seq_len=2048, eval_stride=64,
    gptq_calibration_batches=64, gptq_damping=0.01, gptq_reserve_seconds=12.0, grad_clip_norm=0.3, iterations=20000,
    logit_softcap=30.0, matrix_bits=6, matrix_clip_sigmas=12.85, matrix_lr=0.02, matrix_wd=0.085,
    max_wallclock_seconds=600.0, mlp_mult=4, model_dim=512, muon_backend_steps=5, muon_momentum=0.97, num_heads=8,
    num_kv_heads=4, num_layers=11, quantized_model_path="final_model.int6.ptz", rope_base=10000.0, run_id="train",
    scalar_lr=0.02, seed=1337, tokenizer_path="./data/tokenizers/fineweb_8192_bpe.model", train_batch_tokens=786432,
    train_log_every=100, train_seq_len=2048, val_loss_every=2000, vocab_size=8192, warmdown_frac=0.667, warmup_steps=20)
H = type("Hyperparameters", (), {k: type(v)(os.environ.get(k.upper(), v)) for k, v in DEFAULTS.items()})
RANK, WORLD = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
CUDA = torch.cuda.is_available()
DEV = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if CUDA else torch.device("cpu")


def log(text):
    if RANK == 0:
        print(text, flush=True)
        with open(f"logs/{H.run_id}.txt", "a") as f:
            print(text, file=f)


def now_ms():
    if CUDA:
        torch.cuda.synchronize()
    return 1000.0 * time.perf_counter()


def reduced(t, op=dist.ReduceOp.SUM):
    if WORLD > 1:
        dist.all_reduce(t, op)
    return t


# Data: shards of 256 int32 header words (word 2 = token count) and uint16 tokens.
def read_shard(path):
    return np.fromfile(path, dtype="<u2", offset=1024, count=int(np.fromfile(path, dtype="<i4", count=3)[2]))


def train_batches(rows):
    """Endless (x, y) of [rows, train_seq_len] for this rank, the ranks taking turns along the shards."""
    files, take, turn = sorted(glob.glob(f"{H.data_dir}/fineweb_train_*.bin")), rows * H.train_seq_len, 0
    assert files, f"no training shards below {H.data_dir}"
    while True:
        for path in files:
            tokens = read_shard(path)
            for start in range(0, len(tokens) - take, take):
                turn += 1
                if turn % WORLD == RANK:
                    t = torch.from_numpy(tokens[start:start + take + 1].astype(np.int64)).to(DEV, non_blocking=True)
                    yield t[:-1].view(rows, -1), t[1:].view(rows, -1)


def byte_tables():
    """Per piece: UTF-8 bytes without the leading space, whether it has one, whether it swallows one behind it."""
    sp = sentencepiece.SentencePieceProcessor(model_file=H.tokenizer_path)
    size, space, edge = np.zeros(H.vocab_size, "i8"), np.zeros(H.vocab_size, "i8"), np.ones(H.vocab_size, "i8")
    for i in range(min(sp.vocab_size(), H.vocab_size)):
        if not (sp.is_control(i) or sp.is_unknown(i) or sp.is_unused(i)):
            piece, edge[i] = sp.id_to_piece(i), 0
            space[i] = piece.startswith("\u2581")
            size[i] = 1 if sp.is_byte(i) else len(piece.removeprefix("\u2581").encode())
    return [torch.from_numpy(a).to(DEV) for a in (size, space, edge)]


# Model
def norm(x):
    return F.rms_norm(x, (x.size(-1),))


def rotate(x):  # x: [batch, heads, time, head_dim]
    half = x.size(-1) // 2
    freq = H.rope_base ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angle = torch.arange(x.size(2), device=x.device, dtype=torch.float32)[:, None] * freq
    cos, sin, a, b = angle.cos().to(x.dtype), angle.sin().to(x.dtype), x[..., :half], x[..., half:]
    return torch.cat((a * cos + b * sin, b * cos - a * sin), -1)


class Block(nn.Module):
    def __init__(self, depth):
        super().__init__()
        d, self.hd = H.model_dim, H.model_dim // H.num_heads
        self.q, self.o = nn.Linear(d, d, bias=False), nn.Linear(d, d, bias=False)
        self.k, self.v = (nn.Linear(d, H.num_kv_heads * self.hd, bias=False) for _ in range(2))
        self.up, self.down = nn.Linear(d, H.mlp_mult * d, bias=False), nn.Linear(H.mlp_mult * d, d, bias=False)
        self.q_gain = nn.Parameter(torch.full((H.num_heads, 1, 1), 4.0))
        self.attn_scale, self.mlp_scale = (nn.Parameter(torch.ones(d)) for _ in range(2))
        self.depth_scale = 1 / math.sqrt(depth + 1)
        for w in (self.o.weight, self.down.weight):
            nn.init.zeros_(w)

    def forward(self, x):
        b, t, d = x.shape
        h = norm(x) * self.depth_scale
        q, k, v = (f(h).view(b, t, -1, self.hd).transpose(1, 2) for f in (self.q, self.k, self.v))
        q, k = rotate(norm(q)) * self.q_gain.to(q.dtype), rotate(norm(k))
        k, v = (z.repeat_interleave(H.num_heads // H.num_kv_heads, 1) for z in (k, v))
        h = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, d)
        x = x + self.attn_scale.to(x.dtype) * self.o(h)
        return x + self.mlp_scale.to(x.dtype) * self.down(F.relu(self.up(norm(x) * self.depth_scale)).square())


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(H.vocab_size, H.model_dim)
        nn.init.normal_(self.emb.weight, std=0.005)
        self.blocks = nn.ModuleList(Block(i) for i in range(H.num_layers))
        self.head_in = nn.Identity()  # a place to read the tied head's input from

    def forward(self, x, y, reduction="mean"):
        h = norm(self.emb(x))
        for block in self.blocks:
            h = block(h)
        logits = F.linear(self.head_in(norm(h)), self.emb.weight).float()
        logits = H.logit_softcap * torch.tanh(logits / H.logit_softcap)
        return F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction=reduction)


def amp():
    return torch.autocast(DEV.type, dtype=torch.bfloat16)


# Optimizer: momentum orthogonalized by a quintic Newton-Schulz iteration, for matrices.
class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr, weight_decay):
        super().__init__(params, dict(lr=lr, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p.grad))
                m.lerp_(p.grad, 1 - H.muon_momentum)
                u = p.grad.lerp(m, H.muon_momentum).bfloat16()
                u = (u.T if u.size(0) > u.size(1) else u) / (u.norm() + 1e-7)
                for _ in range(H.muon_backend_steps):
                    g = u @ u.T
                    u = 3.4445 * u + (2.0315 * g @ g - 4.775 * g) @ u
                u = (u.T if p.size(0) > p.size(1) else u).to(p.dtype)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(u, alpha=-group["lr"] * max(1, p.size(0) / p.size(1)) ** 0.5)


# Scoring: every validation token is predicted once, from the tokens before it only.
@torch.inference_mode()
def evaluate(model, tokens, tables, stride):
    start_ms, n, length = now_ms(), len(tokens) - 1, H.eval_seq_len
    size, space, edge = tables
    total = torch.zeros(2, dtype=torch.float64, device=DEV)  # nats, bytes
    starts = list(range(0, n - length + 1, stride))[RANK::WORLD]
    for i in range(0, len(starts), H.eval_batch_seqs):
        part = torch.stack([tokens[s:s + length + 1] for s in starts[i:i + H.eval_batch_seqs]]).long()
        x, y = part[:, :-1], part[:, 1:]
        with amp():
            nats = model(x, y, "none").view_as(y)
        new = torch.zeros_like(y, dtype=torch.bool)
        new[:, -stride:] = True
        if starts[i] == 0:
            new[0] = True  # the first window has nobody before it
        total[0] += nats[new].double().sum()
        total[1] += (size[y] + space[y] * (1 - edge[x]))[new].sum()
    nats, count = reduced(total).tolist()
    return nats / n, nats / math.log(2) / count, now_ms() - start_ms


def report(name, result):
    log(f"{name} val_loss:{result[0]:.8f} val_bpb:{result[1]:.8f} eval_time:{result[2]:.0f}ms")


# Quantization: symmetric, one scale per row set by the row's standard deviation; GPTQ moves each column's rounding
# error onto the columns not yet rounded, weighted by the inputs seen on training data.
@torch.no_grad()
def hessians(model, batches):
    sums, hooks = {}, []
    layers = {n: m for n, m in model.named_modules() if isinstance(m, nn.Linear)} | {"emb": model.head_in}
    for name, layer in layers.items():
        def hook(_, inputs, __, name=name):
            with torch.autocast(DEV.type, enabled=False):  # in bf16 the sums would not stay positive definite
                x = inputs[0].flatten(0, -2).float()
                sums[name] = sums.get(name, 0) + x.T @ x
        hooks.append(layer.register_forward_hook(hook))
    for _ in range(max(1, H.gptq_calibration_batches // WORLD)):
        with amp():
            model(*next(batches))
    for h in hooks:
        h.remove()
    return {name + ".weight": reduced(s) for name, s in sums.items()}


@torch.no_grad()
def gptq(w, hess, bits, sigmas, block=128):
    w, top = w.float().clone(), 2 ** (bits - 1) - 1
    scale = (sigmas * w.std(1, keepdim=True) / top).clamp_min(1e-8).half().float()
    hess = hess + torch.eye(len(hess), device=DEV) * (H.gptq_damping * hess.diagonal().mean() + 1e-6)
    up = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(hess)), upper=True)
    codes = torch.empty_like(w, dtype=torch.int8)
    for a in range(0, w.size(1), block):
        b = min(a + block, w.size(1))
        errors = torch.zeros_like(w[:, a:b])
        for c in range(a, b):
            q = (w[:, c] / scale[:, 0]).round().clamp(-top, top)
            codes[:, c] = q.to(torch.int8)
            errors[:, c - a] = (w[:, c] - q * scale[:, 0]) / up[c, c]
            w[:, c:b] -= errors[:, c - a, None] * up[c, c:b]
        w[:, b:] -= errors @ up[a:b, b:]
    return codes, scale.half()


def quantize(state, hess):
    out, used = {}, {}
    for name, w in state.items():
        if name in hess:
            bits, sigmas = H.matrix_bits, H.matrix_clip_sigmas
            if name == "emb.weight":
                bits, sigmas = H.embed_bits, H.embed_clip_sigmas
            out[name] = gptq(w, hess[name], bits, sigmas)
        else:
            bits, out[name] = 0, w.half()
        short = "blocks." + name.split(".", 2)[2] if name.startswith("blocks.") else name
        used.setdefault(f"gptq (int{bits})" if bits else "passthrough (float16)", set()).add(short)
    log("Quantized weights:")
    for kind, names in used.items():
        log(f"  {kind}: {', '.join(sorted(names))}")
    return {k: tuple(t.cpu() for t in v) if isinstance(v, tuple) else v.cpu() for k, v in out.items()}


def packed(obj):
    buffer = io.BytesIO()
    torch.save(obj, buffer)
    return buffer.getvalue()


def main():
    os.makedirs("logs", exist_ok=True)
    if CUDA:
        torch.cuda.set_device(DEV)
    if WORLD > 1:
        dist.init_process_group("nccl" if CUDA else "gloo")
    log("Hyperparameters:")
    for key, value in sorted({**{k: getattr(H, k) for k in DEFAULTS}, "rank": RANK, "world_size": WORLD}.items()):
        log(f"  {key}: {value}")
    log("=" * 100 + f"\nRunning Python {sys.version}\nRunning PyTorch {torch.__version__}\n" + "=" * 100)
    torch.manual_seed(H.seed)
    val = np.concatenate([read_shard(p) for p in sorted(glob.glob(f"{H.data_dir}/fineweb_val_*.bin"))])
    val = torch.from_numpy(val[:(len(val) - 1) // H.eval_seq_len * H.eval_seq_len + 1].astype(np.int32)).to(DEV)
    raw, tables = GPT().to(DEV), byte_tables()
    model = torch.compile(raw, dynamic=False) if H.compile_model else raw
    log(f"train_shards: {len(glob.glob(f'{H.data_dir}/fineweb_train_*.bin'))}\nval_tokens: {len(val) - 1}")
    log(f"model_params:{sum(p.numel() for p in raw.parameters())}")
    matrices = [p for p in raw.blocks.parameters() if p.ndim == 2]
    scalars = [p for p in raw.blocks.parameters() if p.ndim != 2]
    opts = [Muon(matrices, H.matrix_lr, H.matrix_wd),
            torch.optim.AdamW([dict(params=[raw.emb.weight], lr=H.embed_lr, weight_decay=H.embed_wd),
                               dict(params=scalars, lr=H.scalar_lr, weight_decay=0.0)], betas=(0.9, 0.95), eps=1e-8)]
    base = [[g["lr"] for g in o.param_groups] for o in opts]
    rows = max(1, H.train_batch_tokens // H.train_seq_len // WORLD)
    batches, params = train_batches(rows), list(raw.parameters())

    def step(lr_scale):
        with amp():
            loss = model(*next(batches))
        loss.backward()
        for p in params:
            reduced(p.grad).div_(WORLD)
        nn.utils.clip_grad_norm_(params, H.grad_clip_norm)
        for o, lrs in zip(opts, base):
            for g, lr in zip(o.param_groups, lrs):
                g["lr"] = lr * lr_scale
            o.step()
            o.zero_grad(set_to_none=True)
        return loss.detach()

    # Warm-up compiles the kernels on training data; weights and optimizer then start over.
    first = {k: v.clone() for k, v in raw.state_dict().items()}
    for i in range(1, H.warmup_steps + 1):
        step(1.0)
        if i <= 5 or i % 10 == 0:
            log(f"warmup_step: {i}/{H.warmup_steps}")
    raw.load_state_dict(first)
    for o in opts:
        o.state.clear()
    ema, batches = [p.detach().clone() for p in params], train_batches(rows)
    cap_ms = 1000 * (H.max_wallclock_seconds - H.gptq_reserve_seconds)
    log(f"gptq:reserving {H.gptq_reserve_seconds:.0f}s, effective={cap_ms:.0f}ms")

    done, spent, last = 0, 0.0, False
    began = now_ms()
    while True:
        last = last or done == H.iterations
        if last or done % H.val_loss_every == 0:
            spent += now_ms() - began
            loss, bpb, _ = evaluate(model, val, tables, H.eval_seq_len)
            log(f"{done}/{H.iterations} val_loss: {loss:.4f} val_bpb: {bpb:.4f}")
            began = now_ms()
        if last:
            break
        left = 1 - max((spent + now_ms() - began) / cap_ms, done / H.iterations)
        loss = step(min(1.0, max(left, 0.0) / H.warmdown_frac))
        torch._foreach_lerp_(ema, [p.detach() for p in params], 1 - H.ema_decay)
        done += 1
        t = spent + now_ms() - began
        if done <= 5 or done % H.train_log_every == 0:
            log(f"{done}/{H.iterations} train_loss: {loss.item():.4f} train_time: {t / 60000:.1f}m "
                f"tok/s: {done * H.train_batch_tokens / t * 1000:.0f}")
        last = reduced(torch.tensor(float(t >= cap_ms), device=DEV), dist.ReduceOp.MAX).item() > 0
    if done < H.iterations:
        log(f"stopping_early: wallclock_cap train_time: {spent:.0f}ms step: {done}/{H.iterations}")
    if CUDA:
        log(f"peak memory allocated: {torch.cuda.max_memory_allocated() >> 20} MiB "
            f"reserved: {torch.cuda.max_memory_reserved() >> 20} MiB")

    log("ema:applying EMA weights")
    with torch.no_grad():
        torch._foreach_copy_(params, ema)
    report("pre-quantization post-ema", evaluate(model, val, tables, H.eval_seq_len))
    state, code_bytes = raw.state_dict(), len(Path(__file__).read_bytes())
    log(f"Serialized model: {len(packed(state))} bytes\nCode size: {code_bytes} bytes")
    log("GPTQ:collecting Hessians from calibration data...")
    began = now_ms()
    hess = hessians(raw, train_batches(rows))
    log(f"GPTQ:collected {len(hess)} Hessians in {(now_ms() - began) / 1000:.1f}s")
    small = quantize(state, hess)
    if RANK == 0:
        Path(H.quantized_model_path).write_bytes(brotli.compress(packed(small), quality=11))
    if WORLD > 1:
        dist.barrier()
    blob = Path(H.quantized_model_path).read_bytes()
    log(f"Serialized model quantized+brotli: {len(blob)} bytes")
    log(f"Total submission size quantized+brotli: {len(blob) + code_bytes} bytes")

    # The score is that of the file just written, read back.
    loaded = torch.load(io.BytesIO(brotli.decompress(blob)), weights_only=True)
    raw.load_state_dict({k: v[0].float() * v[1].float() if isinstance(v, tuple) else v.float() for k, v in loaded.items()})
    report("quantized", evaluate(model, val, tables, H.eval_seq_len))
    report("quantized_sliding_window", evaluate(model, val, tables, H.eval_stride))
    if WORLD > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
