"""What is told of the sources of recordings, without importing what reads them.

``p300 datasets`` lists these. Each loader makes its ``INFO`` of its entry and of how it treats
files. A source that is not here says all in its ``INFO``, and is imported to be asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from p300.references import cited_text


@dataclass(frozen=True)
class SourceInfo:
    """What ``p300 datasets`` tells about a source.

    A format that may hold anybody's data (BIDS, a flash table) says so in ``subjects``,
    ``electrodes`` and ``sfreq``.
    """

    title: str
    subjects: str
    electrodes: str
    sfreq: str
    licence: str
    citation: str = ""
    """What to cite, in words, beside :attr:`references`."""
    obtain: str = ""
    """How a user gets the files and how they must lie in the folder."""
    files: Mapping[str, str | None] = field(default_factory=dict)
    """Addresses that :mod:`p300.recordings.fetch` may load from -> SHA-256 of the file, None where
    the authors of this package have not seen it. Empty where a user must get the files."""
    endings: tuple[str, ...] = ()
    """How the names of its files end, in lower case; of a folder it takes no others."""
    by_content: tuple[str, ...] = ()
    """Endings that others' files have as well: only what ``recognise`` knows is claimed."""
    folders: bool = False
    """Whether a folder of folders, one a subject, is read as one data set."""
    from_files: bool = True
    """False where recordings are generated, or come through another library: no path is needed."""
    contained: bool = False
    """Whether recordings follow from the options and from what lies at the path, below it and
    beside it, and from nothing else: while these files stay as they are, recordings need not be
    read again (:mod:`p300.recordings.footprint`)."""
    references: tuple[str, ...] = ()
    """Keys of :mod:`p300.references`: what the recordings are cited by. Empty where they may be
    anybody's."""
    format_references: tuple[str, ...] = ()
    """The same of the format, or of the software that reads it."""
    people: bool = True
    """False where nobody was recorded."""
    assumed: tuple[str, ...] = ()
    """What its files do not tell and is taken as users report it; sentences."""

    @property
    def cited(self) -> str:
        """What to cite, in full."""
        known = cited_text([*self.references, *self.format_references])
        return " And: ".join(filter(None, (known, self.citation))) or "none"


ANNOTATED = SourceInfo(
    title="Annotated: any recording that MNE reads, flashes from its annotations or stim channel",
    subjects="from the file names: sub-01_ses-1_run-2; or the option 'subject', or a guess",
    electrodes="as in the recording; standard 10-05 names, or named with the option 'rename'",
    sfreq="as in the recording",
    licence="your own",
    format_references=("mne",),
    obtain=(
        "Give a recording (.edf, .bdf, .vhdr, .set, .fif, .cnt and so on) or a folder of them, and "
        "say with the options 'target' and 'nontarget' which of its marks are which flashes"
    ),
)

BCI2_IIB = SourceInfo(
    title="BCI Competition II (2003) IIb: P300 speller, 6x6 matrix, 64 electrodes",
    subjects="1; sessions 10 (5 runs), 11 (6 runs) and the test session 12 (8 runs)",
    electrodes="64: FC5 FC3 ... O2 Iz",
    sfreq="240 Hz",
    licence="none stated; free for research, with citation",
    references=("blankertz2004",),
    obtain=(
        "Get the MATLAB files of data set IIb from https://www.bbci.de/competition/ii and put "
        "AAS010R01.mat to AAS012R08.mat (any case) into one folder"
    ),
)

BCI2000 = SourceInfo(
    title="BCI2000: recordings of its P3Speller, or an oddball of its StimulusPresentation (.dat)",
    subjects="from the file names (sub-01_...), or SubjectName in the file",
    electrodes="ChannelNames of the file, often empty; the option 'electrodes' names them",
    sfreq="as in the recording",
    licence="your own",
    format_references=("schalk2004",),
    obtain="Put the .dat files that BCI2000 wrote into one folder",
)

BCI3_II = SourceInfo(
    title="BCI Competition III II: P300 speller, 6x6 matrix, 64 electrodes",
    subjects="2 (A, B), each with a training run (1, 85 characters) and a test run (2, 100)",
    electrodes="64: FC5 FC3 ... O2 Iz",
    sfreq="240 Hz",
    licence="free for research after registration, with citation; not to be passed on",
    references=("blankertz2006",),
    obtain=(
        "Register at https://www.bbci.de/competition/iii (data set II), get the MATLAB files and "
        "put Subject_A_Train.mat, Subject_A_Test.mat, Subject_B_Train.mat and Subject_B_Test.mat "
        "into one folder"
    ),
)

BIDS = SourceInfo(
    title="BIDS: any EEG data set whose events.tsv marks targets and non-targets",
    subjects="as in the data set",
    electrodes="as in the data set; standard 10-05 names",
    sfreq="as in the data set",
    licence="as in dataset_description.json",
    format_references=("pernet2019", "mne-bids"),
    obtain=(
        "Give the root folder of the data set, with dataset_description.json and sub-*/eeg. Each "
        "events.tsv has the columns onset, trial_type (Target or NonTarget) and, if known, "
        "stimulus_code, character and repetition; other kinds are named with the options"
    ),
)

BNCI2014_008 = SourceInfo(
    title="BNCI Horizon 2020 008-2014: P300 speller, people with ALS, 6x6 matrix, 8 electrodes",
    subjects="8 (01 to 08), one run of 35 characters each, the first 15 without feedback",
    electrodes="Fz Cz Pz Oz P3 P4 PO7 PO8",
    sfreq="256 Hz",
    licence="CC BY-NC-ND 4.0",
    references=("riccio2013",),
    obtain=(
        "Get A01.mat to A08.mat of data set 008-2014 from "
        "https://bnci-horizon-2020.eu/database/data-sets and put them into one folder"
    ),
)

BNCI2014_009 = SourceInfo(
    title="BNCI Horizon 2020 009-2014: P300 speller, 6x6 matrix, 16 electrodes, three sessions",
    subjects="10 (01 to 10), three sessions of 6 characters each",
    electrodes="16: Fz FCz Cz CPz Pz Oz F3 F4 C3 C4 CP3 CP4 P3 P4 PO7 PO8",
    sfreq="256 Hz",
    licence="CC BY-NC-ND 4.0",
    references=("arico2014",),
    obtain=(
        "Get A01S.mat to A10S.mat of data set 009-2014 from "
        "https://bnci-horizon-2020.eu/database/data-sets and put them into one folder"
    ),
)

BNCI2015_003 = SourceInfo(
    title="BNCI Horizon 2020 003-2015: P300 speller, 6x6 matrix, 8 electrodes",
    subjects="10 (01 to 10), each with a training run (1) and a test run (2) of 5 characters",
    electrodes="Fz Cz P3 Pz P4 PO7 Oz PO8",
    sfreq="256 Hz",
    licence="CC BY-NC-ND 4.0",
    references=("guger2009",),
    obtain=(
        "Get s1.mat to s10.mat of data set 003-2015 from "
        "https://bnci-horizon-2020.eu/database/data-sets and put them into one folder"
    ),
)

EPOCHS = SourceInfo(
    title="Epochs that were cut already: -epo.fif, EEGLAB's epoched .set, X and y in .npz or .mat",
    subjects="in the file, or from its name: sub-01_ses-1_run-2; or the option 'subject'",
    electrodes="as in the file, or the option 'electrodes'",
    sfreq="as in the file, or the option 'sfreq'",
    licence="your own",
    obtain=(
        "Give a file of epochs (-epo.fif, .set with several trials, .npz or .mat with X and y) or "
        "a folder of them, and say with the options 'target' and 'nontarget' which is which"
    ),
)

FLASH_TABLE = SourceInfo(
    title="Flash table: any recording that MNE reads, with a CSV table of its flashes",
    subjects="from the file names: sub-01_ses-1_run-2; or the option 'subject', or a guess",
    electrodes="as in the recording; standard 10-05 names, or named with the option 'rename'",
    sfreq="as in the recording",
    licence="your own",
    format_references=("mne",),
    obtain=(
        "Put a table NAME_flashes.csv (or NAME.csv) beside each recording NAME.edf, .vhdr, .fif "
        "and so on. One row a flash; columns sample or onset (seconds), target (1 or 0) and, if "
        "known, code, character and repetition (numbers)"
    ),
)

GTEC_BR41N = SourceInfo(
    title="g.tec BR41N.IO hackathon: P300 speller, target marks without flash codes",
    subjects="5 (1 to 5), one run of 5 characters each",
    electrodes="Fz C3 Cz C4 Pz PO7 Oz PO8, in the order that users report; not confirmed",
    assumed=("its electrodes are named in the order that users report, which no file confirms",),
    sfreq="250 Hz",
    licence="none stated; handed out to participants of the hackathon",
    references=("br41n",),
    obtain=(
        "Get S1.mat to S5.mat of the P300 speller project from https://www.br41n.io "
        "and put them into one folder"
    ),
)

MOABB = SourceInfo(
    title="MOABB: any of its P300 data sets by name, such as BI2013a or EPFLP300",
    subjects="as in the data set; MOABB counts them from 1",
    electrodes="as in the data set; standard 10-05 names, or named with the option 'rename'",
    sfreq="as in the data set",
    licence="as in the data set; https://moabb.neurotechx.com tells",
    format_references=("moabb",),
    citation="the paper of the data set itself",
    obtain=(
        "Install MOABB with pip install 'p300[moabb]'. It loads the files itself, into the folder "
        "that the variable MNE_DATA names (~/mne_data without it)"
    ),
)

MUSE_CSV = SourceInfo(
    title="Muse and others: CSV files with a marker column, as EEG notebooks and muse-lsl write",
    subjects="from the folders subject1/session1; each file is a run, in the order of the names",
    electrodes="TP9 AF7 AF8 TP10, or as the columns of another headset",
    sfreq="as the time stamps tell, usually 256 Hz",
    licence="your own; the recordings of EEG notebooks: BSD-3-Clause",
    format_references=("krigolson2017",),
    obtain=(
        "Put the .csv files of a visual oddball into folders subject1/session1 and so on. Columns "
        "timestamps (s), electrodes such as TP9, AF7, AF8, TP10 (uV), and Marker, Marker0, stim "
        "or a last one without a title (1 non-target, 2 target, 0 between)"
    ),
)

OPENVIBE = SourceInfo(
    title="OpenViBE: recordings of its P300 speller as .ov or GDF, with their stimulations",
    subjects="from the file names: sub-01_ses-1_run-2; or the option 'subject', or a guess",
    electrodes="as in the recording, often without names; the option 'electrodes' names them",
    sfreq="as in the recording",
    licence="your own",
    format_references=("renard2010",),
    obtain=(
        "Write signal and stimulations with OpenViBE's 'Generic stream writer' (.ov) or its 'GDF "
        "file writer', and put the .ov or .gdf files into one folder"
    ),
)

SESSION = SourceInfo(
    title="Sessions of p300 online: EEG before any filter, flashes where they were online, as XDF",
    subjects="from the file names: sub-01_ses-1_run-2; or the option 'subject', or a guess",
    electrodes="labels of the EEG stream",
    sfreq="as the EEG stream states",
    licence="your own",
    citation="none: cite this package",
    obtain="p300 online writes one a session",
)

SIMULATED = SourceInfo(
    title="Simulated 6x6 speller study",
    subjects="8 (1-8), two runs of 5 characters each",
    electrodes="Fz Cz P3 Pz P4 PO7 Oz PO8, or any of the 10-05 system",
    sfreq="240 Hz",
    licence="none needed: generated on the spot",
    citation="none: cite this package",
    people=False,
    obtain="Nothing to obtain; it has no path.",
)

TABLE = SourceInfo(
    title="Table: any CSV, TSV or .txt with a row a sample (OpenBCI, Unicorn, OpenViBE and so on)",
    subjects="from the file names: sub-01_ses-1_run-2; or the option 'subject', or a guess",
    electrodes="as the columns are called, or named with the options 'electrodes' or 'rename'",
    sfreq="as the time stamps tell, or the option 'sfreq'",
    licence="your own",
    obtain=(
        "Give a table with a row a sample, or a folder of them, and say with the options 'eeg', "
        "'time' or 'sfreq', and 'marker' what its columns are. Tables of the OpenBCI GUI, Unicorn, "
        "OpenViBE and Mind Monitor are known"
    ),
)

XDF = SourceInfo(
    title="XDF: recordings of the lab streaming layer, a stream of EEG and one of markers",
    subjects="from the file names: sub-01_ses-1_run-2; or the option 'subject', or a guess",
    electrodes="labels of the EEG stream; the option 'electrodes' names them",
    sfreq="as the EEG stream states; as it is where that is more than 1 % off",
    licence="your own",
    format_references=("kothe2025",),
    obtain=(
        "Put the .xdf files of LabRecorder into one folder. Each has a stream of EEG and one of "
        "markers that tell targets from non-targets, such as 'target' and 'nontarget'"
    ),
)

DESCRIBED = {
    "annotated": ANNOTATED,
    "bci2_iib": BCI2_IIB,
    "bci2000": BCI2000,
    "bci3_ii": BCI3_II,
    "bids": BIDS,
    "bnci2014_008": BNCI2014_008,
    "bnci2014_009": BNCI2014_009,
    "bnci2015_003": BNCI2015_003,
    "epochs": EPOCHS,
    "flash_table": FLASH_TABLE,
    "gtec_br41n": GTEC_BR41N,
    "moabb": MOABB,
    "muse_csv": MUSE_CSV,
    "openvibe": OPENVIBE,
    "session": SESSION,
    "simulated": SIMULATED,
    "table": TABLE,
    "xdf": XDF,
}
"""Source name -> what is told of it."""
