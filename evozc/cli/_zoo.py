"""The command that lists known proxies."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from evozc._screen import say
from evozc.baselines import zoo as known_proxies


def zoo(
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON instead.")] = False,
) -> None:
    """List the known proxies: formula, source, and whether labels are needed.

    The formulas are turned where need be, so that higher is better.
    """
    if as_json:
        print(json.dumps([
            {
                "name": p.name, "formula": p.text, "direction": p.direction, "labels": p.needs_labels,
                "groups": p.groups, "source": p.source,
            }
            for p in known_proxies()
        ], indent=2))
        return
    for p in known_proxies():
        say(f"{p.name}: {p.direction} as published, {'needs' if p.needs_labels else 'no'} labels")
        say(f"    {p.text}")
        say(f"    {p.source}")
