"""What is known of P300 data sets of MOABB: a description each, as its loaders hand them out.

Read off the loaders of MOABB 1.7 (``loader`` names the module below ``moabb.datasets``) and off its
own documentation. Its loaders turn every data set into Target and NonTarget; which flash it was,
most of them drop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from p300.recordings.layout import MATRIX_6X6, Layout


@dataclass(frozen=True)
class MoabbSet:
    """A P300 data set, as MOABB hands it out."""

    screen: str
    """What is on the screen, and what flashes together."""
    loader: str
    """Module of MOABB below ``moabb.datasets`` that this was read off."""
    signal: str
    """In which unit the files are, and what MOABB makes of it."""
    sfreq: float
    licence: str
    references: tuple[str, ...] = ()
    """Keys of :mod:`p300.references`."""
    electrodes: tuple[str, ...] = ()
    """Empty where the files name them."""
    layouts: tuple[Layout, ...] = ()
    """Those that its flash codes may be of; empty where MOABB drops the codes."""
    lost: str = ""
    """Where MOABB drops the codes: what it keeps, and what holds them."""
    faults: tuple[str, ...] = ()
    """What is wrong, or not what it seems."""

    def layout_of(self, codes: set[int]) -> Layout | None:
        """Return the layout that has exactly these flash codes, if any."""
        return next((one for one in self.layouts if set(one.groups) == codes), None)


_BNCI = "CC BY-NC-ND 4.0"

_BNCI2014_008 = MoabbSet(
    screen="6x6 matrix; rows and columns; people with ALS",
    loader="bnci.bnci_2014",
    signal="microvolts, made volts",
    sfreq=256.0,
    licence=_BNCI,
    references=("riccio2013",),
    electrodes=("Fz", "Cz", "Pz", "Oz", "P3", "P4", "PO7", "PO8"),
    layouts=(MATRIX_6X6,),
    faults=(
        "MOABB drops what the codes stand for (classes_stim) and where trials begin: columns first "
        "and the usual letters are assumed, characters are counted by pauses. The share of "
        "characters spelled right depends on neither letters nor order; the source bnci2014_008 "
        "reads order and trials from the files",
    ),
)

_CAP_2014_009 = (
    "Fz", "FCz", "Cz", "CPz", "Pz", "Oz", "F3", "F4", "C3", "C4", "CP3", "CP4", "P3", "P4", "PO7",
    "PO8",
)  # fmt: skip

_BRAIN_INVADERS = MoabbSet(
    screen="36 aliens; 12 random groups of 6 a repetition, 2 of them with the target",
    loader="braininvaders",
    signal="microvolts, made volts",
    sfreq=512.0,
    licence="CC BY 4.0",
    lost="its files mark targets and non-targets alone, not which group flashed",
)
_CAP_2012 = (
    "F7", "F3", "F4", "F8", "T7", "C3", "Cz", "C4", "T8", "P7", "P3", "Pz", "P4", "P8", "O1", "O2",
)  # fmt: skip
_CAP_16 = (
    "Fp1", "Fp2", "F5", "AFz", "F6", "T7", "Cz", "T8", "P7", "P3", "Pz", "P4", "P8", "O1", "Oz",
    "O2",
)  # fmt: skip
_CAP_32 = (
    "Fp1", "Fp2", "AFz", "F7", "F3", "F4", "F8", "FC5", "FC1", "FC2", "FC6", "T7", "C3", "Cz",
    "C4", "T8", "CP5", "CP1", "CP2", "CP6", "P7", "P3", "Pz", "P4", "P8", "PO7", "O1", "Oz", "O2",
    "PO8", "PO9", "PO10",
)  # fmt: skip

_HUEBNER2017 = MoabbSet(
    screen="matrix of letters and # (blanks that nobody attends); several symbols at a time",
    loader="huebner_llp",
    signal="BrainVision, in volts as MNE reads it",
    sfreq=1000.0,
    licence="CC BY 4.0",
    references=("huebner2017",),
    lost=(
        "MOABB replaces the markers of the symbols lit (1 to 42, and 101 to 142 where the target "
        "is among them) by Target and NonTarget; the .vhdr files in its folder hold them"
    ),
    faults=(
        "sessions are blocks of one afternoon, 0 to 2, not days",
        "flashes without exactly one optical marker (two where the second is feedback) are left "
        "out without a word, and the signal beyond 2 s of the first and last flash is cut off",
    ),
)

_BIGP3BCI = MoabbSet(
    screen="6x6 or 9x8 matrix; rows and columns, checkerboard and others",
    loader="mainsah2025",
    signal="EDF, in volts as MNE reads it",
    sfreq=256.0,
    licence="CC BY 4.0",
    references=("mainsah2025",),
    lost=(
        "MOABB keeps StimulusBegin and StimulusType alone; the EDF files in its folder have "
        "StimulusCode, CurrentTarget and a channel for each symbol"
    ),
    faults=(
        "runs are numbered by the paths of the files, in which Test comes before Train: run 0 is "
        "not the first one recorded, and training and test runs have no names of their own",
        "a file that MOABB cannot read is left out with a line in its log, and later runs move up",
        "MOABB's table of matrices and its descriptions contradict each other (study A: 9x8, 6x6)",
    ),
)
_STUDIES = (*"ABCDEFGHIJKLMNOPQR", "S1", "S2")

MOABB_SETS: Mapping[str, MoabbSet] = {
    "BI2012": replace(
        _BRAIN_INVADERS,
        sfreq=128.0,
        references=("vanveen2019",),
        electrodes=_CAP_2012,
        faults=("the file's Fz is the ground; MOABB leaves it out",),
    ),
    "BI2013a": replace(
        _BRAIN_INVADERS,
        signal="as in the files, taken for volts",
        licence="CC BY 1.0",
        references=("vaineau2019",),
        electrodes=_CAP_16,
        faults=(
            "alone of its kind MOABB multiplies nothing by 1e-6: values that cannot be volts are "
            "refused, and microvolts_per_unit: 1 reads them",
            "by default the training runs without adaptation alone",
        ),
    ),
    "BI2014a": replace(
        _BRAIN_INVADERS,
        references=("korczowski2019a",),
        electrodes=tuple({"F5": "F3", "F6": "F4"}.get(name, name) for name in _CAP_16),
        faults=(
            "MOABB's loader calls two electrodes F3 and F4, its documentation F5 and F6; rename "
            "tells which they are",
        ),
    ),
    "BI2014b": replace(
        _BRAIN_INVADERS,
        references=("korczowski2019b",),
        electrodes=_CAP_32,
        faults=("the games that two people play together MOABB does not load",),
    ),
    "BI2015a": replace(
        _BRAIN_INVADERS,
        references=("korczowski2019c",),
        electrodes=_CAP_32,
        faults=("sessions 0 to 2 are flashes of different lengths on one day",),
    ),
    "BI2015b": replace(
        _BRAIN_INVADERS,
        references=("korczowski2019d",),
        electrodes=_CAP_32,
        lost=(
            "MOABB replaces the files' markers 20 to 45 (non-targets) and 60 to 85 (targets) by "
            "NonTarget and Target"
        ),
        faults=(
            "two people play at once: subjects 1 and 2, 3 and 4 and so on come from the same files "
            "and have the same flashes and targets, where each had a target of their own, too",
        ),
    ),
    "BNCI2014_008": _BNCI2014_008,
    "BNCI2014_009": replace(
        _BNCI2014_008,
        screen="6x6 matrix; rows and columns",
        signal="tenths of microvolts, made volts",
        references=("arico2014",),
        electrodes=_CAP_2014_009,
        faults=(
            *(fault.replace("_008", "_009") for fault in _BNCI2014_008.faults),
            "the values are ten times too large for microvolts "
            "(https://github.com/NeuroTechX/moabb/issues/275); early MOABB took them for these",
        ),
    ),
    "BNCI2015_003": MoabbSet(
        screen="6x6 matrix; rows and columns, or single symbols",
        loader="bnci.bnci_2015",
        signal="microvolts, made volts",
        sfreq=256.0,
        licence=_BNCI,
        references=("guger2009",),
        electrodes=("Fz", "Cz", "P3", "Pz", "P4", "PO7", "Oz", "PO8"),
        # In which order single symbols are counted nobody says; reading order is assumed.
        layouts=(MATRIX_6X6, Layout.single_cell(MATRIX_6X6.symbols)),
        faults=(
            "MOABB describes an auditory study of 21 people (AMUSE) in its place",
            "the training run of subject 3 lacks codes: detected, not spelled",
        ),
    ),
    "Huebner2017": _HUEBNER2017,
    "Huebner2018": replace(
        _HUEBNER2017,
        references=("huebner2018",),
        faults=(
            *_HUEBNER2017.faults,
            "each block was spelled with another classifier (EM, LLP, MIX), in another order for "
            "each person",
        ),
    ),
    "Lee2019_ERP": MoabbSet(
        screen="36 symbols; random groups of them, as faces",
        loader="Lee2019",
        signal="microvolts, made volts",
        sfreq=1000.0,
        licence="CC BY 4.0 by its article, GPL-3.0 by MOABB",
        references=("lee2019",),
        lost="MOABB keeps target or non-target (y_dec) of each flash alone",
        faults=(
            "the numbers of samples (t) are taken as they are, though MATLAB counts from 1: "
            "flashes may be a sample (1 ms) late",
        ),
    ),
    **{
        f"Mainsah2025_{study}": replace(
            _BIGP3BCI, screen=f"bigP3BCI, study {study}: {_BIGP3BCI.screen}"
        )
        for study in _STUDIES
    },
}
"""Name in MOABB -> what is known of it. Others are read as well, as MOABB gives them."""
