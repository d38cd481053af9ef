"""The commands about recordings, before any experiment: parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

from p300.terminal import print_table

datasets = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    help="The sources of recordings: what can be read, and where to get it.",
)


@datasets.callback()
def list_sources(context: typer.Context) -> None:
    """List the sources of recordings: subjects, electrodes, rate, licence, citation."""
    if context.invoked_subcommand is not None:
        return
    from p300.recordings import SOURCES, source_module

    infos = {key: source_module(key).INFO for key in SOURCES}
    columns = ["source", "title", "subjects", "electrodes", "Hz", "licence", "citation"]
    print_table(
        columns,
        [
            [key, i.title, i.subjects, i.electrodes, i.sfreq, i.licence, i.citation]
            for key, i in infos.items()
        ],
    )


@datasets.command()
def show(name: Annotated[str, typer.Argument(help="Name of a source.")]) -> None:
    """Tell about one source, how to get its files, and the options of its loader."""
    from p300.arguments import accepted_arguments
    from p300.recordings import source_module

    module = source_module(name)
    for label, text in vars(module.INFO).items():
        typer.echo(f"{label:>10}: {text}")
    options = accepted_arguments(module.load, ("path", "dataset", "subjects"))
    for key, parameter in options.items():
        typer.echo(f"    option: {key} = {parameter.default!r}")
