"""The commands about recordings, before any experiment: parse, call, print."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from p300.commands.completion import fetched_names, source_names
from p300.commands.tables import print_table, wrapped
from p300.commands.terminal import print_parameters, progress_bars, say

Source = Annotated[
    str | None,
    typer.Option(
        help="What the recordings are, see `p300 datasets`; recognised without it.",
        autocompletion=source_names,
    ),
]
SourceOptions = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="KEY=VALUE", help="Option of the source (repeatable)."),
]

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
    from p300.recordings.registry import SOURCES, source_info

    infos, origin = {key: source_info(key) for key in SOURCES}, SOURCES.package
    columns = ["source", "title", "subjects", "electrodes", "Hz", "licence", "citation", "package"]
    print_table(
        columns,
        [
            [k, i.title, i.subjects, i.electrodes, i.sfreq, i.licence, i.cited, origin(k)]
            for k, i in infos.items()
        ],
    )


@datasets.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of a source.", autocompletion=source_names)],
) -> None:
    """Describe about one source, how to get its files, and the options of its loader."""
    from p300.recordings import SOURCES, described_options, source_module

    info = source_module(name).INFO
    told = {"package": SOURCES.package(name), **vars(info), "citation": info.cited}
    if info.files:
        told["fetch"] = f"p300 datasets fetch {name} ({len(info.files)} files)"
    for label, text in told.items():
        if isinstance(text, str):
            say(wrapped(text, indent=" " * 12, first=f"{label:>10}: "))
    if options := described_options(name):
        say("\nOptions")
        print_parameters(options)


@datasets.command()
def fetch(
    name: Annotated[str, typer.Argument(help="Name of a source.", autocompletion=fetched_names)],
    data: Annotated[
        Path, typer.Option(envvar="P300_DATA", help="Folder of all recordings.")
    ] = Path("data"),
) -> None:
    """Load the files of an open data set; started again, it goes on where it was cut off."""
    from p300.recordings import source_module
    from p300.recordings.fetch import HASHES, fetch_files

    info = source_module(name).INFO
    with progress_bars() as advance:
        files = fetch_files(name, data, advance)
    say(f"{len(files)} files in {files[0].parent}")
    unseen = sum(known is None for known in info.files.values())
    if unseen:
        say(
            f"p300 does not know the SHA-256 of {unseen} of them: they were trusted the first "
            f"time, written down in {files[0].parent / HASHES} and are checked from now on."
        )
    say(f"Licence: {info.licence}. Cite: {info.cited}")


def init(
    folder: Annotated[Path, typer.Argument(help="Folder of recordings, or one recording.")],
    out: Annotated[
        Path | None, typer.Option(help="Config to write; the folder's name.yaml without it.")
    ] = None,
    source: Source = None,
    options: SourceOptions = None,
) -> None:
    """Recognise the recordings in a folder, tell what they hold, write a config that runs."""
    from p300.arguments import parse_options
    from p300.commands.starting_config import unused_config, write_starting_config
    from p300.commands.survey import survey_place
    from p300.commands.terminal_recordings import print_surveys, print_unread

    config = unused_config(folder, out)
    with progress_bars() as progress:
        found = survey_place(folder, source, parse_options(options or []), progress)
    print_surveys(found.surveys)
    print_unread(found)
    write_starting_config(found.surveys, config, folder)
    say(f"\nConfig: {config}\nIt runs as it is: p300 run {shlex.quote(str(config))}")


def inspect(
    file: Annotated[Path, typer.Argument(help="A recording, or a folder of them.")],
    source: Source = None,
    options: SourceOptions = None,
    out: Annotated[Path, typer.Option(help="Folder for inspect.html and inspect.png.")] = Path(),
) -> None:
    """Look at recordings: electrodes, line noise, flash timing, averages, separability."""
    from p300.arguments import parse_options
    from p300.commands.inspect_recording import grand_average, inspect_data, write_inspected
    from p300.commands.survey import find_one
    from p300.commands.terminal_recordings import print_inspected

    found = find_one(file, source, parse_options(options or []))
    with progress_bars() as progress:
        inspected = inspect_data(found, progress)
        average = grand_average(inspected)
    print_inspected(inspected, average)
    say(f"Page: {write_inspected(inspected, average, out, found.path.name)}")


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove all entries.")] = False,
) -> None:
    """Show the cache of preprocessed epochs, its entries and their size; with --clear, empty it."""
    from p300.files import cache_folder
    from p300.runs.cache import clear_cache, entry_sizes

    sizes = entry_sizes()
    total = f"{len(sizes)} entries, {sum(sizes.values()) / 1e6:.1f} MB in {cache_folder()}"
    if clear:
        clear_cache()
        say(f"Removed {total}")
        return
    if sizes:
        rows = [[e.parent.name, e.name, f"{size / 1e6:.1f}"] for e, size in sizes.items()]
        print_table(["data set and settings", "content", "MB"], rows)
    say(total)
