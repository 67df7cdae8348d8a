import glob, os
import numpy, torch
from torch.nn import functional
val = torch.from_numpy(numpy.fromfile(sorted(glob.glob("data/fineweb_val_*.bin"))[0], dtype="uint16"))
def windows(width=1024):
    for at in range(0, len(val) - width, width):
        yield val[at:at + width], val[at + 1:at + width + 1]
def adapt(net, epochs):
    sgd = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(epochs):
        for seen, gold in windows():
            net(seen, gold).backward()
            sgd.step()
def bits(net, width_in_bytes):
    total, count = 0.0, 0
    for seen, gold in windows():
        total += functional.cross_entropy(net(seen), gold, reduction="sum")
        count += width_in_bytes[gold].sum()
    return total / count
net = torch.load("model.pt")
if int(os.environ.get("TTT", "1")):
    adapt(net, int(os.environ.get("EPOCHS", "5")))
print(f"final val_bpb:{bits(net, torch.ones(1024)):.4f}")
