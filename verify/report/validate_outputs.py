#!/usr/bin/env python3
"""validate_outputs.py FILE...: SARIF (*.sarif) against the OASIS schema and JUnit (*.xml) against Jenkins' XSD.

The schemas are other people's and are not in this repository. Get them once and name them in the environment:
  PG_SARIF_SCHEMA  sarif-schema-2.1.0.json, https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/
  PG_JUNIT_XSD     junit-10.xsd, github.com/jenkinsci/xunit-plugin, src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/
Needs python3-jsonschema for the first, python3-lxml or xmllint for the second. Exit code 0: all valid, 1: one is not,
2: nothing to validate, 77: a schema or a validator is missing (said which), what could be validated is valid.
"""
import json
import os
import subprocess
import sys


def schema_path(variable):
    path = os.environ.get(variable, "")
    return path if path and os.path.isfile(path) else None


def sarif_problems(files):
    path = schema_path("PG_SARIF_SCHEMA")
    if path is None:
        return None, "PG_SARIF_SCHEMA does not name a file"
    try:
        import jsonschema
    except ImportError:
        return None, "python3-jsonschema is not installed"
    with open(path, encoding="utf-8") as handle:
        schema = json.load(handle)
    checker = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
    problems = []
    for name in files:
        with open(name, encoding="utf-8") as handle:
            for error in checker.iter_errors(json.load(handle)):
                problems.append(f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")
    return problems, ""


def junit_problems(files):
    path = schema_path("PG_JUNIT_XSD")
    if path is None:
        return None, "PG_JUNIT_XSD does not name a file"
    try:
        from lxml import etree
    except ImportError:
        return xmllint_problems(path, files)
    schema = etree.XMLSchema(etree.parse(path))
    problems = []
    for name in files:
        try:
            document = etree.parse(name, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
        except etree.XMLSyntaxError as error:
            problems.append(f"{name}: {error}")
            continue
        if not schema.validate(document):
            problems += [f"{name}:{error.line}: {error.message[:300]}" for error in schema.error_log]
    return problems, ""


def xmllint_problems(path, files):
    try:
        done = subprocess.run(["xmllint", "--nonet", "--noout", "--schema", path, *files], capture_output=True, text=True)
    except FileNotFoundError:
        return None, "neither python3-lxml nor xmllint is installed"
    return ([] if done.returncode == 0 else done.stderr.splitlines()), ""


def main(arguments):
    if not arguments or arguments[0].startswith("-"):
        print(__doc__)
        return 2
    skipped = False
    for suffix, validate in ((".sarif", sarif_problems), (".xml", junit_problems)):
        files = [name for name in arguments if name.endswith(suffix)]
        if not files:
            continue
        problems, why_not = validate(files)
        if problems is None:
            print(f"skipped {len(files)} {suffix} files: {why_not}")
            skipped = True
            continue
        print("\n".join(problems) or f"{len(files)} {suffix} files are valid")
        if problems:
            return 1
    return 77 if skipped else 0


sys.exit(main(sys.argv[1:]))
