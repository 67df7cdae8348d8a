TTT_ENABLED=1 SEED=1 torchrun train_gpt.py --n-gram 3 --fast
import os, argparse, functools
from dataclasses import dataclass, field
class H:
    ttt_enabled = bool(int(os.environ.get("TTT_ENABLED", "0")))
    mode = os.getenv("MODE", "a").lower().strip() in ("a", "b")
@dataclass
class C:
    a: int = field(default=3)
def flag(name, default=False):
    v = os.environ.get(name)
    if v is None: return default
    return v in ("1", "true")
p = argparse.ArgumentParser()
p.add_argument("--n-gram", type=int, default=4)
args = p.parse_args()
class M:
    def __init__(self, h, *r, k=1, **q): self.h = h; self.blocks = [B(i) for i in range(3)]
    def forward(self, x):
        for b in self.blocks: x = b(x)
        return x if self.h.ttt_enabled and flag("A") else x ** 2 // 3 % -1
class B(M):
    pass
m = M(H())
g = functools.partial(m.forward, 1)
while 0: m(g(*[1], k=2, **{}))
if __name__ == "__main__": g()
