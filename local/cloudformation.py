"""template.yaml as data, and the one change made to it for local runs."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import yaml

Node: TypeAlias = "str | int | float | bool | list[Node] | dict[str, Node] | None"
Template: TypeAlias = "dict[str, Node]"

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"

LEFT_OUT = {
    "AWS::Events::Archive": "MiniStack does not know it",
    "AWS::EventSchemas::Registry": "MiniStack does not know it",
    "AWS::EventSchemas::Schema": "MiniStack does not know it",
    "AWS::S3::BucketPolicy": "it demands TLS, which the local run has not",
    "AWS::CloudWatch::Alarm": "MiniStack knows no metric math",
}
"""Resource types of the template that the local run goes without, and why (MiniStack 1.5.33)."""

CONTEXT_CONDITION = {"Null": {"kms:EncryptionContext:account_id": "false"}}
"""A condition MiniStack cannot evaluate, so it would refuse every use of the key. The context itself it does check."""

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


def mappings(node: Node) -> list[Template]:
    """`node`, which must be a list of mappings. Raises TypeError."""
    if not isinstance(node, list):
        raise TypeError(f"expected a list, got {node!r}")
    return [mapping(entry) for entry in node]


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
    for name, original in resources(template).items():
        why_not = LEFT_OUT.get(str(original["Type"]))
        if why_not:
            changes.append(f"{name} ({original['Type']}) is left out: {why_not}")
            continue
        resource = copy.deepcopy(original)
        changes += [f"{name}.{change}" for change in _change(properties(resource), uploaded)]
        kept[name] = resource
    return {**template, "Resources": kept}, changes


def _change(resource_properties: Template, uploaded: Mapping[str, str]) -> Iterator[str]:
    for place in CODE_PROPERTIES:
        if place in resource_properties:
            resource_properties[place] = uploaded[str(resource_properties[place])]
            yield f"{place} is {resource_properties[place]}"
    for statement in statements(resource_properties):
        if statement.get("Condition") == CONTEXT_CONDITION:
            del statement["Condition"]
            yield f"Policies: {statement['Sid']} has no condition on the encryption context"


def statements(function_properties: Template) -> list[Template]:
    """A function's own policy statements, in the order of the template; not those of policies it only refers to."""
    policies = function_properties.get("Policies", [])
    documents = [mapping(policy) for policy in policies] if isinstance(policies, list) else []
    return [
        statement for document in documents if "Ref" not in document for statement in mappings(document["Statement"])
    ]
