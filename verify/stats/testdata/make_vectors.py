#!/usr/bin/env python3
"""make_vectors.py > vectors.json: reference numbers for verify/stats from scipy, R and slow code of its own.

Needs scipy and Rscript (Debian: python3-scipy, r-base-core). The numbers committed were made with the versions that
vectors.json names. Inputs are scores printed by logs of the contest's merged records, by the logs of a modded-nanogpt
record, or drawn here; nothing is read from outside.
"""
import json
import math
import random
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import scipy
from scipy import integrate, optimize, stats

ALPHA = 0.01
MERGED = {  # claimed seeds' scores in bits per byte; the number is the pull request's
    "549": [1.11922988, 1.11888882, 1.12002032],
    "1019": [1.1150812, 1.11437394, 1.11475014],
    "1493": [1.08079, 1.08103, 1.08118],
    "1514": [1.07928348, 1.07996676, 1.08024795],
    "1736": [1.0661, 1.06473, 1.06563],
    "1769": [1.06356801, 1.0641313, 1.06466993, 1.06509678, 1.06516558],
    "1855": [1.05989454, 1.06124613, 1.06208695],
    "1868": [1.06128183, 1.06086831, 1.06220261],
}
# Final validation losses of the 13 runs of modded-nanogpt, track 1, 2026-07-17.
NANOGPT = [3.2775, 3.2779, 3.2793, 3.2791, 3.2769, 3.2781, 3.2772, 3.2775, 3.2783, 3.2775, 3.2806, 3.2816, 3.2773]


def welch_cases():
    for new, old in (("1019", "549"), ("1514", "1493"), ("1769", "1736"), ("1855", "1868")):
        for margin in (0.0, 0.005, 0.005 / math.log(2)):
            yield f"pr{new}_over_pr{old}_margin_{margin:.4f}", MERGED[new], MERGED[old], margin
    draw = random.Random(20260502)
    for i, (n, m, gap, spread) in enumerate([(2, 2, 0.001, 1.0), (2, 9, 0.0, 3.0), (20, 3, 0.004, 0.1), (50, 40, 0.002, 1.5),
                                             (3, 3, 0.2, 1.0), (5, 5, -0.003, 1.0), (300, 2, 0.0005, 10.0)]):
        old = [round(draw.gauss(1.08, 0.0007), 8) for _ in range(m)]
        new = [round(draw.gauss(1.08 - gap, 0.0007 * spread), 8) for _ in range(n)]
        yield f"drawn_{i}_{n}v{m}", new, old, 0.002 if i % 2 else 0.0


def r_numbers(lines):
    script = Path(__file__).with_name("make_vectors.R")
    text = subprocess.run(["Rscript", script], input="\n".join(lines) + "\n", text=True, capture_output=True, check=True).stdout
    out = {}
    for line in text.splitlines():
        name, key, value = line.split()
        out.setdefault(name, {})[key] = float(value)
    return out


def r_line(kind, name, margin, a, b):
    return f"{kind} {name} {margin!r} {ALPHA!r} | {' '.join(map(repr, a))} | {' '.join(map(repr, b))}"


def welch(lines):
    cases = []
    for name, new, old, margin in welch_cases():
        moved = [v + margin for v in new]
        less = stats.ttest_ind(moved, old, equal_var=False, alternative="less")
        plain = stats.ttest_ind(new, old, equal_var=False, alternative="less")
        both = stats.ttest_ind(new, old, equal_var=False).confidence_interval(0.99)
        expected = {"t": less.statistic, "df": less.df, "p": less.pvalue,
                    "p_upper": stats.ttest_ind(moved, old, equal_var=False, alternative="greater").pvalue,
                    "p_two_sided": stats.ttest_ind(moved, old, equal_var=False).pvalue,
                    "upper_bound": plain.confidence_interval(1 - ALPHA).high, "ci_low": both.low, "ci_high": both.high}
        cases.append({"name": name, "new": new, "old": old, "margin": margin, "scipy": expected})
        lines.append(r_line("welch", name, margin, new, old))
    return cases


def one_sample(lines):
    cases = []
    for name, values, bar, margin in (("modded_nanogpt_2026_07_17", NANOGPT, 3.28, 0.0), ("pr1514_against_pr1493_mean", MERGED["1514"], 1.081, 0.0),
                                      ("pr1855_with_margin", MERGED["1855"], 1.0634, 0.0019)):
        less = stats.ttest_1samp(values, bar - margin, alternative="less")
        cases.append({"name": name, "new": values, "bar": bar, "margin": margin, "scipy": {"t": less.statistic, "df": less.df, "p": less.pvalue}})
        lines.append(r_line("one_sample", name, margin, values, [bar]))
    return cases


def fixed_sigma():
    cases = []
    for new, old, margin in (("1514", "1493", 0.0), ("1019", "549", 0.002), ("1855", "1868", 0.0)):
        a, b, sigma = MERGED[new], MERGED[old], 0.00072
        z = (sum(a) / len(a) - sum(b) / len(b) + margin) / (sigma * math.sqrt(1 / len(a) + 1 / len(b)))
        cases.append({"name": f"pr{new}_over_pr{old}", "new": a, "old": b, "margin": margin, "sigma": sigma, "scipy": {"t": z, "p": stats.norm.cdf(z)}})
    return cases


def permutation():
    tied = [1.0, 2.0, 2.0, 3.0, 5.0], [2.0, 2.0, 4.0, 4.0]
    pairs = [("pr1514_over_pr1493", MERGED["1514"], MERGED["1493"]), ("pr1769_over_pr1736", MERGED["1769"], MERGED["1736"]),
             ("ties", *tied), ("best_3v3", [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]), # As integers, in 1e-4: as fractions scipy tells equal sums apart by their rounding errors.
             ("nanogpt_halves", [float(round(v * 1e4)) for v in NANOGPT[:6]], [float(round(v * 1e4)) for v in NANOGPT[6:]])]
    cases = []
    for name, new, old in pairs:
        result = stats.permutation_test((new, old), lambda x, y: sum(x) / len(x) - sum(y) / len(y), vectorized=False,
                                        n_resamples=math.inf, alternative="less")
        cases.append({"name": name, "new": new, "old": old, "arrangements": math.comb(len(new) + len(old), len(new)), "scipy": {"p": result.pvalue}})
    return cases


def power(lines):
    cases = []
    for n, effect, wanted in ((3, 3.0, 0.8), (5, 1.5, 0.8), (10, 0.5, 0.9), (20, 2.0, 0.8), (3, 8.0, 0.5), (4, 5.0, 0.95)):
        name, df, root = f"n{n}_effect_{effect}", 2 * n - 2, math.sqrt(2 / n)
        critical = stats.t.isf(ALPHA, df)
        reach = optimize.brentq(lambda shift: stats.nct.sf(critical, df, shift) - wanted, 0.01, 100, xtol=1e-14, rtol=1e-14)
        cases.append({"name": name, "n": n, "gain": effect, "wanted": wanted,
                      "scipy": {"power": stats.nct.sf(critical, df, effect / root), "detectable": reach * root, "critical": critical * root}})
        lines.append(r_line("power", name, 0.0, [n, effect, wanted], [0]))
    return cases


def power_other():
    """A t test of one sample against a bar (n_old 0), and the z test of two samples and against a bar."""
    cases = []
    for n_new, n_old, sigma, known, gain, wanted in (
            (3, 0, 1.0, False, 3.0, 0.8), (5, 0, 0.00072, False, 0.0011, 0.8), (13, 0, 0.0013, False, 0.0012, 0.9), (2, 0, 1.0, False, 20.0, 0.5),
            (3, 3, 0.00072, True, 0.0012, 0.8), (3, 50, 0.00072, True, 0.001, 0.9), (3, 2, 1.0, True, 0.5, 0.8),
            (1, 1, 1.0, True, 5.0, 0.95), (3, 0, 0.00072, True, 0.0005, 0.8), (20, 0, 1.0, True, 0.1, 0.8)):
        def error(n, m):
            return sigma * math.sqrt(1 / n + (1 / m if m else 0))

        def tail(n, m, shift):
            df = n + m - (2 if m else 1)
            return stats.norm.sf(stats.norm.isf(ALPHA) - shift) if known else stats.nct.sf(stats.t.isf(ALPHA, df), df, shift)

        def fewest(sizes):
            low = 1 if known else 2
            return next((n for n in range(low, 1001) if tail(*sizes(n), gain / error(*sizes(n))) >= wanted), 0)

        critical = stats.norm.isf(ALPHA) if known else stats.t.isf(ALPHA, n_new + n_old - (2 if n_old else 1))
        reach = optimize.brentq(lambda shift: tail(n_new, n_old, shift) - wanted, 0.01, 1000, xtol=1e-14, rtol=1e-14)
        cases.append({"name": f"{'z' if known else 't'}_{n_new}v{n_old}_gain_{gain}", "n_new": n_new, "n_old": n_old, "sigma": sigma,
                      "known_sigma": known, "gain": gain, "wanted": wanted,
                      "scipy": {"power": tail(n_new, n_old, gain / error(n_new, n_old)), "critical": critical * error(n_new, n_old),
                                "detectable": reach * error(n_new, n_old), "seeds_new": fewest(lambda n: (n, n_old)),
                                "seeds_each": fewest(lambda n: (n, n)) if n_old else 0}})
    return cases


def sign_flips():
    cases = []
    # As integers, in 1e-4, where equal sums occur: as fractions scipy tells them apart by their rounding errors.
    for name, values, bar, margin in (("modded_nanogpt_2026_07_17", [float(round(v * 1e4)) for v in NANOGPT], 32800.0, 0.0),
                                      ("pr1514_against_pr1493_mean", MERGED["1514"], 1.081, 0.0),
                                      ("pr1769_with_margin", MERGED["1769"], 1.0655, 0.0007), ("ties", [1.0, 2.0, 2.0, 4.0], 2.0, 0.0)):
        away = [v - (bar - margin) for v in values]
        result = stats.permutation_test((away,), lambda x: sum(x) / len(x), permutation_type="samples", vectorized=False,
                                        n_resamples=math.inf, alternative="less")
        cases.append({"name": name, "new": values, "bar": bar, "margin": margin, "scipy": {"p": result.pvalue}})
    return cases


def holm(lines):
    cases = []
    for name, p in (("short", [0.01, 0.04, 0.03, 0.005]), ("ties", [0.2, 0.2, 0.001, 1.0, 0.0, 0.6]), ("one", [0.3])):
        cases.append({"name": name, "p": p})
        lines.append(r_line("holm", name, 0.0, p, [0]))
    return cases


def online():
    """Straight from the definitions: every level is summed anew over all earlier discoveries."""
    def gamma(j):
        return 0.0772 * math.log(max(j, 2)) / (j * math.exp(math.sqrt(math.log(j))))
    p = [1e-6, 0.2, 0.0001, 0.004, 0.00002, 0.03, 0.0005, 0.9, 0.0007, 0.002]
    alpha, levels, found = 0.05, [], []
    for t in range(1, len(p) + 1):
        parts = [alpha / 2 * gamma(t)] + [(alpha / 2 if k == 0 else alpha) * gamma(t - tau) for k, tau in enumerate(found)]
        levels.append(math.fsum(parts))
        if p[t - 1] <= levels[-1]:
            found.append(t)
    return {"alpha": alpha, "p": p, "lord": levels, "rejected": found,
            "spending": [alpha * 6 / (math.pi * t) ** 2 for t in range(1, len(p) + 1)]}


def sequential():
    """Lan-DeMets O'Brien-Fleming boundaries by adaptive quadrature over the joint normal density of two or three looks."""
    def spent(t, alpha):
        return 2 * stats.norm.sf(stats.norm.isf(alpha / 2) / math.sqrt(t))

    def crossing(z, t, bounds, times):  # P(no boundary before, z crossed at t)
        phi, sf = stats.norm.pdf, stats.norm.sf
        if not bounds:
            return sf(z)
        s = lambda k: math.sqrt(times[k] - (times[k - 1] if k else 0))
        last = lambda x: sf((z * math.sqrt(t) - x) / math.sqrt(t - times[-1]))
        top = [b * math.sqrt(u) for b, u in zip(bounds, times)]
        inner = lambda x: phi(x / s(0)) / s(0)
        if len(bounds) == 1:
            return integrate.quad(lambda x: inner(x) * last(x), -12 * s(0), top[0], epsabs=1e-14, epsrel=1e-12, limit=500)[0]
        return integrate.quad(lambda x: inner(x) * integrate.quad(
            lambda y: phi((y - x) / s(1)) / s(1) * last(y), x - 12 * s(1), top[1], epsabs=1e-14, epsrel=1e-11, limit=200)[0],
            -12 * s(0), top[0], epsabs=1e-14, epsrel=1e-11, limit=200)[0]

    cases = []
    for seeds, alpha in (([3], 0.01), ([3, 6], 0.01), ([3, 5, 10], 0.01), ([4, 8], 0.05)):
        times = [s / seeds[-1] for s in seeds]
        bounds = []
        for k, t in enumerate(times):
            spend = spent(t, alpha) - (spent(times[k - 1], alpha) if k else 0)
            bounds.append(optimize.brentq(lambda z: crossing(z, t, bounds, times[:k]) - spend, 0, 12, xtol=1e-13, rtol=1e-14))
        cases.append({"seeds": seeds, "alpha": alpha, "z": bounds, "p": [stats.norm.sf(z) for z in bounds], "spent": [spent(t, alpha) for t in times]})
    return cases


def main():
    lines = []
    vectors = {"made_with": {"scipy": scipy.__version__, "R": subprocess.run(
        ["Rscript", "-e", "cat(R.version.string)"], text=True, capture_output=True, check=True).stdout}, "alpha": ALPHA,
        "welch": welch(lines), "one_sample": one_sample(lines), "fixed_sigma": fixed_sigma(), "permutation": permutation(),
        "sign_flips": sign_flips(), "power": power(lines), "power_other": power_other(), "holm": holm(lines), "online": online(), "sequential": sequential()}
    r = r_numbers(lines)
    for group in ("welch", "one_sample", "power", "holm"):
        for case in vectors[group]:
            case["r"] = r[case["name"]]
    json.dump(vectors, sys.stdout, indent=1, default=float)
    print()


main()
