#!/usr/bin/env python3
"""What somebody would write in an afternoon instead of pgverify: parse every submission*.json, scan every log with a few regular
expressions, print one JSON line per folder. No run is told from another, no metric is chosen, no code is unwrapped, no rule is applied
and no file is hashed: it is the lower bound of the work, the peer in bench_archive.

usage: archive_baseline.py ROOT [--processes N]      lines on stdout; "peak_rss_kb N" (sum over its processes) on stderr
"""
import argparse
import json
import multiprocessing
import os
import re
import resource
import sys

METRIC = re.compile(r"^(\S+).*?val_loss:\s*([0-9.]+) val_bpb:\s*([0-9.]+)(?:.*?eval_time:(\d+)ms)?", re.M)
STOP = re.compile(r"^stopping_early: wallclock_cap train_time:\s*(\d+)ms", re.M)
SIZE = re.compile(r"^(Total submission size|Serialized model|Code size)([^:\n]*): (\d+) bytes", re.M)
SEED = re.compile(r"^\s*seed:\s*(\d+)$", re.M)


def folders(root):
    """records/track_*/* of a checkout, track_*/* of records/, else the folders directly below ROOT."""
    for base in (os.path.join(root, "records"), root):
        tracks = [e.path for e in os.scandir(base) if e.is_dir() and e.name.startswith("track_")] if os.path.isdir(base) else []
        if tracks:
            return sorted(e.path for track in tracks for e in os.scandir(track) if e.is_dir())
    return sorted(e.path for e in os.scandir(root) if e.is_dir())


def examine(folder):
    out = {"folder": os.path.basename(folder), "claimed": None, "logs": []}
    for where, _, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.join(where, name)
            if name.startswith("submission") and name.endswith(".json"):
                try:
                    with open(path, encoding="utf-8", errors="replace") as file:
                        claim = json.load(file)
                    out["claimed"] = claim.get("val_bpb") if isinstance(claim, dict) else None
                except ValueError:
                    out["claimed"] = "unreadable"
            elif name.endswith((".log", ".txt")):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text = file.read()
                metrics = METRIC.findall(text)
                out["logs"].append({"log": name, "metric": metrics[-1] if metrics else None, "seeds": SEED.findall(text)[-1:],
                                    "stop_ms": STOP.findall(text)[-1:], "sizes": SIZE.findall(text)[-3:]})
    return json.dumps(out), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, os.getpid()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    peaks = {}
    with multiprocessing.Pool(arguments.processes) as pool:
        for line, rss, pid in pool.imap(examine, folders(arguments.root), chunksize=8):
            peaks[pid] = rss
            print(line)
    peaks[os.getpid()] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print("peak_rss_kb", sum(peaks.values()), file=sys.stderr)


if __name__ == "__main__":
    main()
