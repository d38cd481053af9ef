"""The command line: parse, call, print."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from p300 import __version__
from p300.commands.completion import config_names, labels_in_config, source_names
from p300.commands.configs import configs, read_config, schema
from p300.commands.detectors import detectors
from p300.commands.online import online, replay, timing
from p300.commands.recordings import cache, datasets, init, inspect
from p300.commands.sharing import card, export
from p300.commands.speller import speller
from p300.commands.stopping import INTERRUPTED, TERMINATED, Terminated, stoppable
from p300.commands.telling import take_everywhere
from p300.commands.terminal import (
    print_comparison,
    print_letters,
    print_means,
    print_plan,
    progress_bars,
    say,
)
from p300.errors import P300Error
from p300.showing import shown_by

if TYPE_CHECKING:
    from p300.runs import RunFolder
    from p300.runs.config import Experiment

_FULL = (errno.ENOSPC, errno.EDQUOT)  # these come without a file name


class _Commands(TyperGroup):
    """Print the errors that a user can mend without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            with shown_by(), stoppable():
                return super().invoke(ctx)
        except P300Error as error:
            say(f"Error: {error}", "red", err=True)
            raise typer.Exit(1) from error
        except OSError as error:
            if not (error.filename or isinstance(error, PermissionError) or error.errno in _FULL):
                raise
            hint = "check that it exists, may be written to and has room, or name another place"
            say(f"Error: {error}; {hint}", "red", err=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as stop:
            told = isinstance(stop, Terminated)
            what = "Terminated" if told else "Interrupted"
            again = "A run goes on where it stopped when started again."
            say(f"{what}. {again}", "yellow", err=True)
            raise typer.Exit(TERMINATED if told else INTERRUPTED) from stop


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="P300 detection in EEG: from raw recordings to an honest cross-subject report.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"p300 {__version__}")
        raise typer.Exit


@app.callback()
def general(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Tell the version."),
    ] = False,
) -> None:
    """Take the options that need no command."""


Config = Annotated[
    str | None,
    typer.Argument(
        help="YAML config, or a name of `p300 configs`; the quickstart without one.",
        autocompletion=config_names,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.KEY=VALUE", help="Override a setting (repeatable)."),
]
Data = Annotated[
    Path, typer.Option(envvar="P300_DATA", help="Folder that the config's paths start from.")
]
Out = Annotated[Path | None, typer.Option(help="Run folder; reports/NAME without it.")]
Jobs = Annotated[
    int, typer.Option(min=1, help="Worker processes, one thread each; by default one a core.")
]
Cluster = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Dask scheduler whose workers fit the folds instead."),
]
Authority = Annotated[
    Path | None, typer.Option(help="For --cluster tls://...: the authority's certificate (PEM).")
]
Certificate = Annotated[Path | None, typer.Option(help="The same: this client's certificate.")]
Key = Annotated[
    Path | None,
    typer.Option(help="The same: its private key, if the certificate's file lacks it."),
]
DeviceName = Annotated[
    str, typer.Option("--device", help="Where networks learn: cpu, cuda, mps, or auto.")
]
Fitted = Annotated[Path, typer.Argument(help="Folder of a fitted detector.")]
Recorded = Annotated[Path, typer.Argument(help="File or folder of the recording.")]
SourceName = Annotated[
    str,
    typer.Option(
        help="What the recording is, see `p300 datasets`.",
        autocompletion=source_names,
    ),
]
Subjects = Annotated[
    list[str] | None, typer.Option("--subject", help="Subject wanted (repeatable).")
]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="KEY=VALUE", help="Option of the source (repeatable)."),
]
Verify = Annotated[
    bool,
    typer.Option("--verify", help="Read all recordings, those too whose files look unchanged."),
]
CORES = os.cpu_count() or 1


@app.command()
def run(
    config: Config = None,
    overrides: Overrides = None,
    data: Data = Path("data"),
    out: Out = None,
    jobs: Jobs = CORES,
    cluster: Cluster = None,
    tls_ca_file: Authority = None,
    tls_cert: Certificate = None,
    tls_key: Key = None,
    device: DeviceName = "cpu",
    verify: Verify = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print config and folds, compute nothing.")
    ] = False,
) -> None:
    """Run an experiment: recordings to report. Started again, it goes on where it stopped."""
    experiment = read_config(config, overrides)
    if dry_run:
        print_plan(experiment, data)
        return
    certificates = {"ca_file": tls_ca_file, "cert": tls_cert, "key": tls_key}
    folder = _evaluate(experiment, out, data, jobs, cluster, certificates, device, verify)
    from p300.report import write_report

    if not folder.report_file.is_file():
        write_report(folder.path, jobs=jobs)
    print_means(folder)
    say(f"Report: {folder.report_file}")


@app.command()
def prepare(
    config: Config = None,
    overrides: Overrides = None,
    data: Data = Path("data"),
    out: Out = None,
    jobs: Jobs = CORES,
    verify: Verify = False,
) -> None:
    """Preprocess the recordings of an experiment, for its run and all others on the same data."""
    from p300.runs.runner import prepare_run
    from p300.signal.epochs import Epochs

    experiment = read_config(config, overrides)
    folder = out or Path("reports") / experiment.name
    with progress_bars() as progress:
        prepared = prepare_run(
            experiment, folder, data=data, jobs=jobs, progress=progress, verify=verify
        )
    for name, place in prepared.items():
        say(f"{name}: {Epochs.load(place)} in {place}")


@app.command()
def evaluate(
    config: Config = None,
    overrides: Overrides = None,
    data: Data = Path("data"),
    out: Out = None,
    jobs: Jobs = CORES,
    cluster: Cluster = None,
    tls_ca_file: Authority = None,
    tls_cert: Certificate = None,
    tls_key: Key = None,
    device: DeviceName = "cpu",
    verify: Verify = False,
) -> None:
    """Compute the score table and the metrics of an experiment, without a report."""
    experiment = read_config(config, overrides)
    certificates = {"ca_file": tls_ca_file, "cert": tls_cert, "key": tls_key}
    folder = _evaluate(experiment, out, data, jobs, cluster, certificates, device, verify)
    print_means(folder)
    say(f"Scores: {folder.scores_file}")


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="A finished run folder.")],
    jobs: Jobs = CORES,
) -> None:
    """Write the report of a finished run again, from its score table."""
    from p300.report import write_report

    say(f"Report: {write_report(run, jobs=jobs)}")


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Finished run folders, one or several.")],
    metric: Annotated[
        str,
        typer.Option(
            help="Such as log_loss, characters@5 (after 5 repetitions), characters@5:posterior, "
            "characters@dynamic, characters@chosen or characters@5:post-hoc."
        ),
    ] = "roc_auc",
    reference: Annotated[
        str | None,
        typer.Option(help="Detector that the others are compared with; all pairs without it."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="HTML page to write; only the table without it.")
    ] = None,
) -> None:
    """Compare detectors of finished runs, paired over subjects: differences, p, effect sizes."""
    from p300.report import compare_runs, write_comparison

    comparison = compare_runs(runs, metric, reference)
    print_comparison(comparison)
    if out is not None:
        say(f"Page: {write_comparison(comparison, out)}")


@app.command()
def train(
    config: Config = None,
    detector: Annotated[
        str | None,
        typer.Option(
            help="A detector of the config; recommended, or the first that fits, without.",
            autocompletion=labels_in_config,
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write the fitted detector to.")] = Path(
        "detector"
    ),
    dataset: Annotated[
        str | None, typer.Option(help="Data set of the config; its first one without it.")
    ] = None,
    overrides: Overrides = None,
    data: Data = Path("data"),
    device: DeviceName = "cpu",
) -> None:
    """Fit one detector on all labelled flashes of a data set and store it in a folder."""
    from p300.commands.stored_detectors import choose_detector, fit_on_all
    from p300.detectors.device import training_on

    experiment = read_config(config, overrides)
    label = detector or choose_detector(experiment, dataset, data)
    with training_on(device):
        fitted = fit_on_all(experiment, label, out, data=data, dataset=dataset)
    say(f"Detector: {label}, in {fitted}")


@app.command()
def predict(
    detector: Fitted,
    recording: Recorded,
    source: SourceName,
    subjects: Subjects = None,
    options: Options = None,
    out: Annotated[Path | None, typer.Option(help="CSV file; standard output without it.")] = None,
) -> None:
    """Score a recording with a fitted detector: CSV with one row a flash."""
    from p300.commands.stored_detectors import predict_recordings

    table = predict_recordings(detector, recording, source, subjects, options or [])
    if out is None:
        typer.echo(table.to_csv(index=False), nl=False)
        return
    from p300.files import written_whole

    with written_whole(out) as temporary:
        table.to_csv(temporary, index=False)
    say(f"{len(table)} flashes in {out}")


@app.command()
def spell(
    detector: Fitted,
    recording: Recorded,
    source: SourceName,
    subjects: Subjects = None,
    options: Options = None,
    language_model: Annotated[
        Path | None, typer.Option(help="File of n-gram counts; without it all symbols are alike.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file, one row a character.")] = None,
) -> None:
    """Spell a recording letter by letter, each as soon as the detector is sure enough."""
    from dataclasses import asdict

    import pandas as pd

    from p300.commands.stored_detectors import spell_recordings
    from p300.files import written_whole

    spelled = spell_recordings(detector, recording, source, subjects, options or [], language_model)
    decisions = print_letters(spelled)
    if out is not None:
        with written_whole(out) as temporary:
            pd.DataFrame([asdict(d) for d in decisions]).to_csv(temporary, index=False)
        say(f"{len(decisions)} characters in {out}")


def _evaluate(
    experiment: Experiment,
    out: Path | None,
    data: Path,
    jobs: int,
    cluster: str | None,
    certificates: dict[str, Path | None],
    device: str,
    verify: bool,
) -> RunFolder:
    from p300.detectors.device import training_on
    from p300.pipeline import evaluate as evaluate_into
    from p300.runs import RunFolder
    from p300.runs.cluster import read_security

    folder = out or Path("reports") / experiment.name
    security = read_security(cluster, **certificates)
    with training_on(device), progress_bars() as progress:
        evaluate_into(
            experiment,
            folder,
            data=data,
            jobs=jobs,
            cluster=cluster,
            security=security,
            progress=progress,
            verify=verify,
        )
    return RunFolder(folder)


app.command()(detectors)
for command in (init, inspect, cache, export, card, online, replay, speller, timing):
    app.command()(command)
app.add_typer(datasets, name="datasets")
app.command()(configs)
app.command()(schema)
take_everywhere(app)


def run_command_line() -> None:
    """Run the command line."""
    app()
