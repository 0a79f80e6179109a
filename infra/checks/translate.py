"""Translates the SAM template into what CloudFormation is given, without an account.

Usage: translate.py TEMPLATE OUT.json
"""

import json
import logging
import sys
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# Names of the policies that a template may use by name; ours uses none.
MANAGED_POLICIES: dict[str, str] = {}


class Parameters:
    """The translator asks for defaults of parameters; a region is all that it can't know."""

    def __init__(self, template: dict) -> None:
        declared = template.get("Parameters", {})
        self.values = {name: p["Default"] for name, p in declared.items() if "Default" in p}


class Policies:
    """What the translator calls to learn the names of managed policies."""

    def load(self) -> dict[str, str]:
        return MANAGED_POLICIES


def translate(template: dict) -> dict:
    """The template without SAM's shorthand. Code that is a local path becomes a place in a bucket."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        code = properties.get("CodeUri")
        if resource["Type"] == "AWS::Serverless::Function" and isinstance(code, str):
            properties["CodeUri"] = {"Bucket": "packages", "Key": Path(code).name}
    return transform(template, Parameters(template).values, Policies())


def main() -> None:
    logging.disable(logging.ERROR)  # It warns of a feature toggle that only the service has.
    source, target = map(Path, sys.argv[1:])
    translated = translate(yaml_parse(source.read_text()))
    target.write_text(json.dumps(translated, indent=1, sort_keys=True))
    print(f"{source} translated: {len(translated['Resources'])} resources")


main()
