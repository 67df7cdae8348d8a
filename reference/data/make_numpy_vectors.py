#!/usr/bin/env python3
"""make_numpy_vectors.py > testdata/numpy_random.json: what numpy's Generator(PCG64) draws, for numpy_random_test.cc."""
import json

import numpy as np

SEEDS = [0, 1, 7, 1337, 2**32, 2**63 + 12345, 0xFFFFFFFFFFFFFFFF]


def generator(seed):
    return np.random.Generator(np.random.PCG64(seed))


def case(seed):
    r = generator(seed)
    out = {"seed": str(seed), "raw": [str(int(v)) for v in np.random.PCG64(seed).random_raw(4)]}
    out["random"] = [float(v).hex() for v in r.random(4)]
    # Bounds that use the 32-bit path, the exact power of two, its neighbour, and the 64-bit path.
    bounds = [(0, 1), (0, 2), (0, 2048), (3, 1000), (0, 2**32 - 1), (0, 2**32), (0, 2**32 + 1), (-5, 2**62)]
    out["integers"] = [[str(lo), str(hi), [str(int(r.integers(lo, hi))) for _ in range(5)]] for lo, hi in bounds]
    out["permutation"] = [r.permutation(n).tolist() for n in (0, 1, 2, 17, 100)]
    weights = np.array([3.0, 0.0, 5.0, 1.0, 11.0])
    out["choice"] = [int(r.choice(5, p=weights / weights.sum())) for _ in range(20)]
    p = np.power(np.arange(1, 13, dtype=np.float64), 0.9)
    p /= p.sum()
    out["without_replacement"] = [[k, r.choice(12, size=k, replace=False, p=p).tolist()] for k in (1, 5, 12)]
    out["multinomial"] = [[n, r.multinomial(n, p).tolist()] for n in (0, 3, 50, 376, 5000)]
    out["binomial"] = [[n, float(q).hex(), [int(r.binomial(n, q)) for _ in range(8)]]
                       for n, q in ((10, 0.3), (100, 0.29), (100, 0.31), (376, 0.11), (1000, 0.5), (100000, 0.8), (5, 1.0))]
    out["after"] = str(int(r.bit_generator.random_raw(1)[0]))
    return out


def sums():
    r = generator(3)
    return [[[float(v).hex() for v in values], float(values.sum()).hex()]
            for values in (np.power(r.random(n) * 1e6, 0.7) for n in (1, 7, 8, 13, 129, 300))]


print(json.dumps({"numpy": np.__version__, "cases": [case(s) for s in SEEDS], "sums": sums()}, separators=(",", ":")))
