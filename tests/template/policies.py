"""Every statement about who may do what, wherever it stands in the template."""

from collections.abc import Iterator
from dataclasses import dataclass

from translated import shown


@dataclass(frozen=True)
class Statement:
    """One statement of a policy: of which resource, under which name, and what it says."""

    owner: str
    name: str
    says: dict

    @property
    def label(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def actions(self) -> list:
        return as_list(self.says["Action"])

    @property
    def resources(self) -> list:
        return as_list(self.says.get("Resource", []))

    @property
    def leading_keys(self) -> list:
        """Which partitions of a table it is about; none where it is about all."""
        return self._compared("dynamodb:LeadingKeys")

    @property
    def attributes(self) -> list:
        """Which attributes of items it is about; none where it is about all."""
        return self._compared("dynamodb:Attributes")

    def _compared(self, key: str) -> list:
        compared = self.says.get("Condition", {}).values()
        return [value for each in compared for value in as_list(each.get(key, []))]


def statements(template: dict) -> Iterator[Statement]:
    for owner, resource in template["Resources"].items():
        for place, document in documents(resource.get("Properties", {}), ()):
            for number, says in enumerate(document["Statement"]):
                yield Statement(owner, says.get("Sid", f"{place}{number}"), shown(says))


def documents(node, path: tuple) -> Iterator[tuple]:
    """The policy documents below a node, each with the name of the property it stands in."""
    if isinstance(node, dict):
        if "Statement" in node:
            yield path[-1], node
        else:
            for key, inner in node.items():
                yield from documents(inner, (*path, key))
    elif isinstance(node, list):
        for inner in node:
            yield from documents(inner, path)


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]
