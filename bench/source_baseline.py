#!/usr/bin/env python3
"""bench/source_baseline.py FOLDER [PROCESSES]: Python's ast.parse over every *.py in FOLDER (made by source_front_end ROOT 2 FOLDER).

Prints wall and processor seconds and the number of files that do not parse. Reading the files is not timed.
"""
import ast
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path


def parse(paths):
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(20000)
    sources = [Path(p).read_bytes() for p in paths]
    start, processor, failed = time.perf_counter(), time.process_time(), 0
    for source in sources:
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            failed += 1
    return time.perf_counter() - start, time.process_time() - processor, failed


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    processes = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    paths = sorted(str(p) for p in Path(sys.argv[1]).glob("*.py"))
    with ProcessPoolExecutor(processes) as pool:
        results = list(pool.map(parse, [paths[i::processes] for i in range(processes)]))
    print(f"ast.parse: {max(r[0] for r in results):.2f} s wall, {sum(r[1] for r in results):.2f} s processor, "
          f"{len(paths)} files, {sum(r[2] for r in results)} do not parse")


if __name__ == "__main__":
    main()
