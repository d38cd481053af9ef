"""A simulated speller study: no download, no account, the same for everyone.

A 6x6 row/column speller with the timing of Cecotti & Gräser (2011): 2.5 s before each character,
then a flash of 100 ms and a gap of 75 ms, 12 flashes a repetition in random order. A checkerboard
or single cells can take the place of rows and columns. The signal is
that of :mod:`p300.recordings.simulated.eeg`. Use it to try things out and to test them; what a
method is worth, only real recordings tell.

How hard it is was matched to BNCI Horizon 003-2015, subjects 3 to 8. ROC-AUC of single flashes,
shrinkage LDA on 16 window means of 0-650 ms, zero-phase 0.1-20 Hz:

===========================  ====================  ============================
                             BNCI Horizon          this study, default options
===========================  ====================  ============================
run 1 to run 2, LDA          .68-.89, mean .80     .68-.94, mean .81
left-out subject, LDA        mean .71              .60-.89, mean .71
run 1 to run 2, CNN-1                              .68-.90, mean .79
===========================  ====================  ============================

``tests/recordings/test_simulated.py`` measures the LDA rows; the last is one fit of the detector
``cnn1`` as it comes (another seed and validation part, in ``p300 run``: mean .77). Four other
studies, seeds 1 to 4, gave means of .77-.82 and .68-.77 in the LDA rows.

Background against that of subjects 6 to 8: robust amplitude in 1-20 Hz 4.4-7.4 uV (there 4.7-7.3),
spectral slope -1.6 to -1.8 (there -1.7 to -1.9), correlation of Cz and Pz .87-.91 (there .89-.96)
and of Fz and Oz .26-.48 (there .52-.78).

Mean absolute correlation of two electrodes, 1-20 Hz, samples beyond six robust deviations left out,
by their distance seen from the middle of the head (default options but ``shared``):

===========================================  ======  =======  ========  ==========
                                             30-60   60-90    90-120    over 120
===========================================  ======  =======  ========  ==========
BNCI Horizon, subjects 6-8, 8 electrodes     .87     .78      .68       .52
this study, shared: .6 (default)             .88     .74      .66       .49
this study, shared: .7                       .90     .77      .70       .54
BCI Competition II IIb, 64 electrodes        .76     .64      .52       .41
this study, its electrodes, shared: .6       .89     .79      .71       .63
this study, its electrodes, shared: .2       .82     .66      .52       .37
===========================================  ======  =======  ========  ==========

Paradigms differ in what flashes when. The response to a flash is the same in all of them and that
to flashes in succession adds up: it does not grow where targets are rarer, as in single cells (1 in
36), nor does it recover from a target shortly before, and flashes of neighbours distract nobody.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from p300.arguments import did_you_mean
from p300.errors import DataWarning, RecordingError
from p300.ranges import Natural, NonNegative, Positive, Probability, Seed, Size
from p300.recordings.described import SIMULATED
from p300.recordings.recording import Recording, build_recording
from p300.recordings.registry import select_subjects
from p300.recordings.simulated.eeg import SHARED_VARIANCE, Subject, draw_subject, simulate_eeg
from p300.recordings.simulated.head import REFERENCE, known_electrodes
from p300.recordings.simulated.paradigm import PARADIGMS, Paradigm, ParadigmName

if TYPE_CHECKING:
    import pandas as pd

ELECTRODES = ("Fz", "Cz", "P3", "Pz", "P4", "PO7", "Oz", "PO8")
"""The eight of Krusienski et al. (2008), as in BNCI Horizon 003-2015."""

PAUSE = 2.5
"""Seconds before the first flash of each character."""

TAIL = 1.0
"""Seconds after the last flash."""

ALPHA_AWAY = 2.0
"""By what alpha grows while the subject looks away."""

INFO = replace(SIMULATED, from_files=False, contained=True)


def load(
    path: Path | None = None,  # noqa: ARG001 - every loader takes it
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    n_subjects: Size = 8,
    seed: Seed = 2011,
    n_runs: Size = 2,
    characters_per_run: Size = 5,
    repetitions: Size = 15,
    rests: Annotated[Natural, Field(le=1024)] = 0,
    paradigm: ParadigmName = "row_column",
    electrodes: list[str] | None = None,
    sfreq: Annotated[Positive, Field(le=20_000)] = 240.0,
    onset_interval: Annotated[Positive, Field(le=10)] = 0.175,
    weak: Annotated[NonNegative, Field(le=1)] = 0.25,
    latency_spread: Annotated[NonNegative, Field(le=2)] = 1.0,
    shared: Probability = SHARED_VARIANCE,
) -> Iterator[Recording]:
    """Generate the study, run by run.

    Some subjects are hard ones: small late responses of varying latency. A subject's
    signals do not depend on how many subjects or runs there are or which are wanted.

    Parameters
    ----------
    path
        Not used.
    dataset
        Name to give the data set.
    subjects
        Subjects wanted among "1" to ``n_subjects``, by default all.
    n_subjects
        Number of subjects, named "1", "2" and so on.
    seed
        Another seed is another study with other subjects.
    n_runs
        Runs of each subject; two by default, as in BNCI Horizon 003-2015.
    characters_per_run
        Characters spelled in a run; five by default, as in BNCI Horizon 003-2015.
    repetitions
        How often each group of symbols flashes for a character; 15 by default, as in the paper.
    rests
        Characters a run, beyond those, at which nobody attends: the flashes are the same, all of
        them non-targets, and evoke what every flash does. They lie anywhere in the run. During
        every other one the subject looks away, and alpha is twice as large.
    paradigm
        Which symbols flash together and in which order: ``row_column``, ``checkerboard`` or
        ``single_cell``, see :data:`p300.recordings.simulated.paradigm.PARADIGMS`. A repetition of
        them has 12, 18 or 36 flashes, of which 2, 2 or 1 are targets.
    electrodes
        Names of the 10-05 system, by default :data:`ELECTRODES`; referenced to the right ear lobe.
    sfreq
        Sampling rate in Hz.
    onset_interval
        Seconds from flash to flash, a whole number of samples.
    weak
        Share of hard subjects, evenly among the others: every fourth.
    latency_spread
        What the distance of subjects' late responses from the usual latency is multiplied by: 2
        has P300s from .22 to .54 s.
    shared
        Part of the background's variance that is equal at all electrodes.

    Raises
    ------
    RecordingError
        When an electrode or a wanted subject does not exist, or the onset interval is no whole
        number of samples.
    """
    where = f"{dataset} (simulated)"
    _check_electrodes(names := list(ELECTRODES if electrodes is None else electrodes), where)
    step = _onset_samples(onset_interval, sfreq, where)
    shown = PARADIGMS[paradigm]
    wanted = select_subjects([str(k + 1) for k in range(n_subjects)], subjects, where)

    def generate() -> Iterator[Recording]:
        for label in wanted:
            generator = _generator(seed, int(label))
            # The share of the first k subjects is a whole number more where the k-th is hard.
            hard = int(int(label) * weak) > int((int(label) - 1) * weak)
            subject = draw_subject(
                generator, names, hard=hard, latency_spread=latency_spread, shared=shared
            )
            for run in range(1, n_runs + 1):
                rng = _generator(seed, int(label), run)
                flashes = _flash_table(
                    rng, shown, characters_per_run, repetitions, rests, sfreq, step
                )
                with warnings.catch_warnings():
                    warnings.filterwarnings("ignore", ".*nobody attended them", DataWarning)
                    recording = build_recording(
                        _signal(rng, subject, flashes, sfreq),
                        names,
                        sfreq,
                        flashes,
                        dataset=dataset,
                        subject=label,
                        run=str(run),
                        layout=shown.layout,
                        source=f"simulated study, seed {seed}",
                    )
                yield recording

    return generate()


def _generator(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _check_electrodes(electrodes: list[str], where: str) -> None:
    known = known_electrodes()
    if not electrodes:
        raise RecordingError(f"{where}: no electrodes found, expected at least one")
    if REFERENCE in electrodes:
        raise RecordingError(f"{where}: electrode {REFERENCE!r} found, which is the reference")
    for name in electrodes:
        if name not in known:
            raise RecordingError(
                f"{where}: electrode {name!r} found, expected a name of the standard 10-05 "
                f"system such as Fz, Cz, PO7{did_you_mean(name, known)}"
            )


def _onset_samples(onset_interval: float, sfreq: float, where: str) -> int:
    """Return the samples from flash to flash."""
    samples = onset_interval * sfreq
    if not (samples >= 1 - 1e-6 and abs(samples - round(samples)) < 1e-6):
        raise RecordingError(
            f"{where}: onset_interval = {onset_interval:g} s is {samples:g} samples at sfreq = "
            f"{sfreq:g} Hz, expected a whole number; change either (0.175 s goes with 240 Hz)"
        )
    return round(samples)


def _flash_table(
    rng: np.random.Generator,
    paradigm: Paradigm,
    n_characters: int,
    repetitions: int,
    rests: int,
    sfreq: float,
    step: int,
) -> pd.DataFrame:
    """Draw the letters and the order of the flashes of a run; see :class:`Recording`."""
    import pandas as pd

    layout, n_codes = paradigm.layout, len(paradigm.layout.groups)
    per_character = repetitions * n_codes
    pause = round(PAUSE * sfreq)
    total = n_characters + rests
    # Nothing is drawn without rests: the study is then what it was before there were any.
    resting = set(rng.permutation(total)[:rests].tolist()) if rests else set()
    tables = []
    for character in range(total):
        symbol = layout.symbols[rng.integers(len(layout.symbols))]
        order = paradigm.draw_order(rng, repetitions).ravel()
        first = character * (pause + per_character * step) + pause
        tables.append(
            pd.DataFrame(
                {
                    "sample": first + step * np.arange(per_character),
                    "target": np.isin(order, list(layout.codes_of(symbol)))
                    & (character not in resting),
                    "code": order,
                    "character": character + 1,
                    "repetition": np.repeat(np.arange(1, repetitions + 1), n_codes),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _signal(
    rng: np.random.Generator, subject: Subject, flashes: pd.DataFrame, sfreq: float
) -> npt.NDArray[np.float64]:
    samples = flashes["sample"].to_numpy()
    n_samples = int(samples[-1]) + round(TAIL * sfreq)
    return simulate_eeg(
        rng,
        subject,
        onsets=samples / sfreq,
        targets=flashes["target"].to_numpy(),
        n_samples=n_samples,
        sfreq=sfreq,
        alpha_gain=_alpha_gain(flashes, n_samples),
    )


def _alpha_gain(flashes: pd.DataFrame, n_samples: int) -> npt.NDArray[np.float64]:
    """Return by what alpha is multiplied, [sample]: more while the subject looks away."""
    gain = np.ones(n_samples)
    attended = flashes.groupby("character")["target"].any()
    for character in attended.index[~attended][::2]:
        shown = flashes.loc[flashes["character"] == character, "sample"]
        gain[shown.iloc[0] : shown.iloc[-1] + 1] = ALPHA_AWAY
    return gain
