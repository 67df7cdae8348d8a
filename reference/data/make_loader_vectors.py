#!/usr/bin/env python3
"""make_loader_vectors.py SEQUENTIAL.py SHUFFLED.py COPRIME.py SIMPLE.py > testdata/loaders.json

What the original loaders give, for loader_test.cc. The arguments are the challenge's train_gpt.py, #1394's
train_gpt_human.py, #1060's and #1465's train_gpt.py; their loaders' source is run as it is, on shards whose tokens tell
where they stand: token i of shard s is s * 1500 + i. Needs torch and numpy."""
import ast
import glob
import json
import math
import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

SIZES = {"few": [700, 333, 150, 1000, 412], "many": [10 if i == 5 else 300 + 37 * (i % 11) for i in range(40)]}
SEQ = 16


def loader_of(path, name):
    """The class `name` of the script and the module-level names it needs, nothing else of it run."""
    tree = ast.parse(Path(path).read_text())
    wanted = {name, "TokenStream", "load_data_shard", "_read_num_tokens", "_get_shard_memmap", "_SHARD_HEADER_BYTES",
              "_SHARD_NTOKENS_CACHE", "_MMAP_CACHE"}
    keep = []
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if getattr(node, "name", None) in wanted or getattr(target, "id", None) in wanted:
            keep.append(node)
    scope = {"np": np, "torch": torch, "Tensor": torch.Tensor, "Path": Path, "glob": glob, "math": math, "os": os}
    exec("from __future__ import annotations\n" + ast.unparse(ast.Module(keep, [])), scope)  # one's own copy of a script
    return scope[name]


def write_shards(sizes):
    for s, n in enumerate(sizes):
        header = np.zeros(256, dtype="<i4")
        header[:3] = 20240520, 1, n
        with open(f"fineweb_train_{s:06d}.bin", "wb") as f:
            f.write(header.tobytes() + (s * 1500 + np.arange(n)).astype("<u2").tobytes())


def make(kind, path, rank, world):
    pattern, cpu = "fineweb_train_*.bin", torch.device("cpu")
    if kind == "sequential":
        loader = loader_of(path, "DistributedTokenLoader")(pattern, rank, world, cpu)
        return lambda tokens: loader.next_batch(tokens, SEQ, 1)
    if kind == "shuffled":
        settings = SimpleNamespace(rank=rank, world_size=world, train_seq_len=SEQ, train_files=pattern)
        loader = loader_of(path, "ShuffledSequenceLoader")(settings, cpu)
        return lambda tokens: loader.next_batch(tokens, 1)
    if kind == "coprime":
        loader = loader_of(path, "DistributedTokenLoader")(pattern, rank, world, cpu)
        return lambda tokens: loader.next_batch(tokens, SEQ, 1)
    loader = loader_of(path, "SimpleTokenLoader")(pattern, cpu, rank, world)
    return lambda tokens: loader.next_batch(tokens // world // SEQ, SEQ)


def record(kind, path, shards, rank, world, sequences, keep):
    call, rows = make(kind, path, rank, world), []
    for i in range(max(keep) + 1):
        x, y = call(sequences * SEQ)
        if i in keep:
            rows.append([i, x[:, 0].tolist(), y[:, -1].tolist()])
    return {"kind": kind, "shards": shards, "rank": rank, "world": world, "sequences": sequences, "calls": rows}


cases = []
sequential, shuffled, coprime, simple = (str(Path(p).resolve()) for p in sys.argv[1:])
for shards, sizes in SIZES.items():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write_shards(sizes)
        if shards == "few":
            for rank, world in ((0, 1), (1, 2), (3, 4)):
                cases.append(record("sequential", sequential, shards, rank, world, 8, range(0, 40, 5)))
                cases.append(record("simple", simple, shards, rank, world, 8, range(0, 40, 5)))
            for rank, world in ((0, 1), (1, 2), (4, 5)):
                cases.append(record("shuffled", shuffled, shards, rank, world, 2 * world, [0, 1, 2, 17, 60, 61, 90]))
            cases.append(record("coprime", coprime, shards, 0, 1, 6, [0, 1, 2, 40, 41]))
        else:
            cases.append(record("shuffled", shuffled, shards, 0, 1, 12, [0, 1, 50]))
            cases.append(record("coprime", coprime, shards, 1, 2, 12, [0, 1, 2, 300, 1850]))
            cases.append(record("coprime", coprime, shards, 0, 4, 320, [0, 3]))
print(json.dumps({"sizes": SIZES, "seq_len": SEQ, "cases": cases}, separators=(",", ":")))
