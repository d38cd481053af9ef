"""The configs that come with p300, and the one that a command is given: parse, call, print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from p300.commands.completion import shipped_names
from p300.commands.tables import print_table
from p300.commands.terminal import note, say

if TYPE_CHECKING:
    from p300.runs.config import Experiment


def configs(
    name: Annotated[
        str | None,
        typer.Argument(
            help="One config, which is written out as it is.", autocompletion=shipped_names
        ),
    ] = None,
) -> None:
    """List the configs that come with p300; with a name, write it out: to read, or to change."""
    from p300.runs.shipped_configs import shipped_config, shipped_configs

    if name is not None:
        typer.echo(shipped_config(name).file.read_text(encoding="utf-8"), nl=False)
        return
    told = [shipped_config(name) for name in shipped_configs()]
    rows = [[one.name, one.description, ", ".join(one.data)] for one in told]
    print_table(["config", "description", "data (source)"], rows)
    say("\nRun one by name: p300 run quickstart. Write one out to change it: p300 configs NAME.")
    say("Data lie under --data or P300_DATA; p300 datasets show SOURCE tells how to get them.")


def schema() -> None:
    """Print the JSON schema of a config, for editors that check and complete what is typed."""
    from p300.runs.schema import schema_text

    typer.echo(schema_text(), nl=False)


def read_config(config: str | None, overrides: list[str] | None) -> Experiment:
    """Read the config of a command; say which file that is where it is one that comes with p300."""
    from p300.runs.config import load_experiment
    from p300.runs.shipped_configs import find_config, shipped_folder

    file = find_config(config)
    if file.parent == shipped_folder() and str(file) != config:
        note(f"Config: {file.stem}, which comes with p300 ({file})")
    return load_experiment(file, overrides or [])
