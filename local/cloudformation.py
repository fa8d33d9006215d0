"""template.yaml as data, and the one change made to it for local runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import yaml

Node: TypeAlias = "str | int | float | bool | list[Node] | dict[str, Node] | None"
Template: TypeAlias = "dict[str, Node]"

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"

REFUSED_TYPES = ("AWS::Events::Archive", "AWS::EventSchemas::Registry", "AWS::EventSchemas::Schema")
"""MiniStack refuses a stack that has these (1.5.33). Nothing of ours reads them when it runs."""

CODE_PROPERTIES = ("CodeUri", "ContentUri")
"""Folders in the template, which `sam deploy` would upload; here the stack uploads them itself."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, read into their long form."""


def _long_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Template:
    value: Node
    if isinstance(node, yaml.ScalarNode):
        value = str(loader.construct_scalar(node))
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = {str(key): item for key, item in loader.construct_mapping(node, deep=True).items()}
    else:
        raise yaml.YAMLError(f"unexpected node for !{tag}")
    if tag in ("Ref", "Condition"):
        return {tag: value}
    if tag == "GetAtt" and isinstance(value, str):
        resource, _, attribute = value.partition(".")
        value = [resource, attribute]
    return {f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _long_form)


def load(path: Path = TEMPLATE) -> Template:
    """The template with `!Ref x` as `{"Ref": "x"}` and so on. Raises yaml.YAMLError, TypeError."""
    # A subclass of SafeLoader: it builds plain data only.
    return mapping(yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader))  # noqa: S506


def mapping(node: Node) -> Template:
    """`node`, which must be a mapping. Raises TypeError."""
    if not isinstance(node, dict):
        raise TypeError(f"expected a mapping, got {node!r}")
    return node


def resources(template: Template) -> dict[str, Template]:
    """The resources by logical id."""
    return {name: mapping(resource) for name, resource in mapping(template["Resources"]).items()}


def properties(resource: Template) -> Template:
    """A resource's properties."""
    return mapping(resource.get("Properties", {}))


def code_folders(template: Template) -> list[str]:
    """Every folder of code the template names, relative to it."""
    return sorted(
        {
            str(value)
            for resource in resources(template).values()
            for name, value in properties(resource).items()
            if name in CODE_PROPERTIES
        }
    )


def for_local_run(template: Template, uploaded: Mapping[str, str]) -> tuple[Template, list[str]]:
    """The template as it is deployed locally, and in words each thing that differs from the original.

    `uploaded` gives the S3 address of every folder in `code_folders`. Raises KeyError if one is missing.
    """
    changes: list[str] = []
    kept: Template = {}
    for name, resource in resources(template).items():
        if resource["Type"] in REFUSED_TYPES:
            changes.append(f"{name} ({resource['Type']}) is left out")
            continue
        changed = dict(properties(resource))
        for place in CODE_PROPERTIES:
            if place in changed:
                changed[place] = uploaded[str(changed[place])]
                changes.append(f"{name}.{place} is {changed[place]}")
        kept[name] = {**resource, "Properties": changed} if "Properties" in resource else resource
    return {**template, "Resources": kept}, changes
