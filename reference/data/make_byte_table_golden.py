#!/usr/bin/env python3
"""make_byte_table_golden.py TRAIN_GPT.py MODEL VOCAB_SIZE

Prints what the challenge's build_sentencepiece_luts (in its train_gpt.py, which stays outside) makes of a SentencePiece
model. testdata/tiny_tables.json is that of testdata/tiny.model with 8 ids of padding. Needs torch, numpy, sentencepiece."""
import ast
import json
import sys
from pathlib import Path

import numpy as np
import sentencepiece as spm
import torch

script, model, vocab_size = sys.argv[1:4]
tree = ast.parse(Path(script).read_text())
source = [node for node in tree.body if getattr(node, "name", None) == "build_sentencepiece_luts"]
scope = {"np": np, "torch": torch, "spm": spm, "Tensor": torch.Tensor}
exec("from __future__ import annotations\n" + ast.unparse(ast.Module(source, [])), scope)
sp = spm.SentencePieceProcessor(model_file=model)
base, leading, boundary = scope["build_sentencepiece_luts"](sp, int(vocab_size), torch.device("cpu"))
print(json.dumps({"vocab_size": int(vocab_size), "base_bytes": base.tolist(), "leading_space": leading.int().tolist(),
                  "boundary": boundary.int().tolist()}, separators=(",", ":")))
