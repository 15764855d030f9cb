#!/usr/bin/env python3
"""Documents in YAML against a JSON Schema, by other people's code: validate_yaml.py SCHEMA FILE...

Prints FILE for each file with a document that does not validate, and what is wrong on standard error.
"""

import json
import sys

import jsonschema
import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        documents = list(yaml.safe_load_all(file))
    errors = [error.message for document in documents for error in validator.iter_errors(document)]
    if errors:
        print(path)
        print(path, *errors[:3], sep="\n  ", file=sys.stderr)
