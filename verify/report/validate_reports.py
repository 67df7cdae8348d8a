#!/usr/bin/env python3
"""Validates pgverify reports against the schema with a complete JSON Schema implementation (Debian: python3-jsonschema).

usage: validate_reports.py SCHEMA.json REPORTS.jsonl...
Each file holds one report per line. Exit 0 valid, 1 a violation, 77 where python3-jsonschema is not installed (ctest: skipped).
"""
import json
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)


def main(schema_path, *paths):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    reports = violations = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                reports += 1
                for error in validator.iter_errors(json.loads(line)):
                    violations += 1
                    print(f"{path}:{number}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    print(f"{reports} reports, {violations} violations")
    return 1 if violations or not reports else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) > 2 else 2)
