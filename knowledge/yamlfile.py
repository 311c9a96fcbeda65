"""YAML as this project reads and writes it: safe, fast, Chinese as it is, order kept."""

from __future__ import annotations

from typing import Any

import yaml

# libyaml's loader is ten times faster; PyYAML's wheels carry it, a source build may not.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
LINE = 100_000  # never fold a line: people compare card files line by line


def load_yaml(text: str) -> Any:
    """The YAML document in a text; raises yaml.YAMLError."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - both loaders are the safe ones


def dump_yaml(value: Any) -> str:
    """A value as YAML text."""
    dumped: str = yaml.dump(value, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=LINE)
    return dumped
