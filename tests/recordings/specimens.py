"""Small valid recordings of every source.

A new source gets an entry in ``SPECIMENS``; ``test_bad_input`` demands it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import specimen_epochs as epochs
import specimen_files as files
import specimen_formats as formats
import specimen_programs as programs
import specimen_sessions as sessions
import specimen_tables as tables
from specimen_files import Content, Write, make_content

from p300.recordings.formats.bci2_iib import ELECTRODES as WADSWORTH
from p300.recordings.formats.bnci2014_009 import ELECTRODES as SIXTEEN

EIGHT = ("Fz", "Cz", "P3", "Pz", "P4", "PO7", "Oz", "PO8")


@dataclass(frozen=True)
class Specimen:
    """How to write a recording of a source.

    Parameters
    ----------
    name
        The source, with the kind of file after a hyphen where it reads several.
    write
        Writes the content into a folder, without the part named; gives the path to load.
    electrodes
        Names of the rows of the signal.
    parts
        What can be left out.
    options
        For the loader.
    cannot
        Fault -> why the format cannot express it.
    unread
        Endings of files whose content does not matter.
    needs
        A package without which the source cannot be read.
    """

    name: str
    write: Write
    electrodes: tuple[str, ...] = EIGHT
    parts: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    cannot: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    needs: str = "mne"

    @property
    def source(self) -> str:
        return self.name.split("-")[0]

    @property
    def content(self) -> Content:
        return make_content(self.electrodes)


_COPIED = "targets follow from the text to copy, too"
_ONE_MARK = {"duplicate events": "there is one mark a sample"}
_IN_ROWS = {**_ONE_MARK, "events out of range": "marks are stored with the samples"}
_INTEGERS = {"NaN": "samples are integers"}
_STATES = ("signal", "Flashing", "StimulusCode")
_TABLE = ("table", "target")
_MARKS = {"target": ["*Target"], "nontarget": ["*NonTarget"]}
_NUMBERS = {"target": [2], "nontarget": [1]}
_NAMED = {"target": ["Target"], "nontarget": ["NonTarget"]}
_CUT = {"events out of range": "epochs came cut, from a signal of any length"}
_ARRAYS = ("X", "y", "electrodes", "sfreq", "tmin")
_FIELDS = ("channels", "X", "y", "y_stim", "trial")

SPECIMENS = [
    Specimen(
        "annotated-fif",
        files.write_fif,
        parts=("annotations",),
        options=_NAMED,
        cannot={"events out of range": "MNE neither writes nor reads such annotations"},
    ),
    Specimen(
        "annotated-edf", files.write_edf, parts=("annotations",), options=_NAMED, cannot=_INTEGERS
    ),
    Specimen(
        "annotated-bdf",
        files.write_bdf,
        parts=("Status",),
        options={"stim_channel": "Status", "target": [5], "nontarget": [3]},
        cannot={**_INTEGERS, **_IN_ROWS},
    ),
    Specimen(
        "annotated-vhdr",
        files.write_vhdr,
        parts=("DataFile", "MarkerFile", "NumberOfChannels", "SamplingInterval", "BinaryFormat"),
        options={"target": ["Stimulus/Target"], "nontarget": ["Stimulus/NonTarget"]},
    ),
    Specimen(
        "annotated-gdf",
        programs.write_gdf,
        parts=("stimulations",),
        options={"target": ["33285"], "nontarget": ["33286"]},
    ),
    Specimen(
        "annotated-set",
        files.write_set,
        parts=("data", "chanlocs", "event", "srate", "nbchan"),
        options=_NAMED,
    ),
    Specimen(
        "annotated-cnt",
        formats.write_cnt,
        parts=("events",),
        options={"target": [5], "nontarget": [3]},
        cannot=_INTEGERS,
    ),
    Specimen(
        "annotated-ant",
        formats.write_ant,
        parts=("triggers",),
        options={"target": ["rare"], "nontarget": ["often"]},
        cannot={**_INTEGERS, **_ONE_MARK},
        needs="antio",
    ),
    Specimen(
        "annotated-mff",
        formats.write_mff,
        parts=("signal1.bin", "epochs.xml", "info.xml", "info1.xml", "Events_ECI.xml"),
        options={
            "target": ["targ"],
            "nontarget": ["nont"],
            "rename": {f"E{k + 1}": name for k, name in enumerate(EIGHT)},
            "drop": [*(f"E{k}" for k in range(9, 33)), "Vertex Reference"],
        },
        needs="mffpy",
    ),
    Specimen(
        "annotated-set73",
        formats.write_set73,
        parts=("data", "chanlocs", "event", "srate", "nbchan"),
        options=_NAMED,
        needs="pymatreader",
    ),
    Specimen(
        "annotated-hdf5",
        formats.write_gtec_hdf5,
        parts=("RawData/Samples", "RawData/AcquisitionTaskDescription", "AsynchronData/Time"),
        options={"target": ["Target/1"], "nontarget": ["NonTarget/1"]},
        needs="h5py",
    ),
    Specimen("bci2_iib", files.write_bci2_iib, tuple(WADSWORTH), _STATES, cannot=_ONE_MARK),
    Specimen(
        "bci2000",
        programs.write_bci2000,
        parts=("HeaderLen", "StimulusCode", "SamplingRate", "SourceChOffset", "SourceChGain"),
        cannot={**_IN_ROWS, "no targets": _COPIED},
    ),
    Specimen(
        "bci3_ii",
        files.write_bci3_ii,
        tuple(WADSWORTH),
        ("Signal", "Flashing", "StimulusCode"),
        cannot=_ONE_MARK,
    ),
    Specimen(
        "bids",
        files.write_bids,
        parts=("dataset_description.json", "trial_type", "onset", "duration", "DataFile"),
        # The events table tells what the markers tell.
        unread=("dataset_description.json", "participants.tsv", ".vmrk"),
    ),
    Specimen(
        "bnci2014_008",
        partial(files.write_bnci2014, name="A01.mat", unit=1e-6, cell=False),
        parts=_FIELDS,
        cannot=_ONE_MARK,
    ),
    Specimen(
        "bnci2014_009",
        partial(files.write_bnci2014, name="A01S.mat", unit=1e-7, cell=True),
        tuple(SIXTEEN),
        _FIELDS,
        cannot=_ONE_MARK,
    ),
    Specimen("bnci2015_003", files.write_bnci2015_003, parts=("train", "test"), cannot=_IN_ROWS),
    Specimen(
        "epochs-fif",
        epochs.write_fif,
        cannot={**_CUT, "duplicate events": "MNE makes no epochs of them"},
    ),
    Specimen(
        "epochs-set",
        epochs.write_set,
        parts=("data", "chanlocs", "event", "srate", "nbchan", "trials", "xmin"),
        cannot=_CUT,
    ),
    Specimen("epochs-npz", epochs.write_npz, parts=_ARRAYS, cannot=_CUT),
    Specimen("epochs-mat", epochs.write_mat, parts=_ARRAYS, cannot=_CUT),
    Specimen(
        "flash_table-fif", partial(files.write_with_table, write=files.write_fif), parts=_TABLE
    ),
    Specimen(
        "flash_table-edf",
        partial(files.write_with_table, write=files.write_edf),
        parts=_TABLE,
        cannot=_INTEGERS,
    ),
    Specimen(
        "flash_table-set",
        partial(files.write_with_table, write=files.write_set),
        parts=(*_TABLE, "data", "chanlocs"),
    ),
    Specimen("gtec_br41n", files.write_gtec, parts=("y", "trig", "fs"), cannot=_ONE_MARK),
    Specimen(
        "muse_csv",
        programs.write_muse,
        ("TP9", "AF7", "AF8", "TP10"),
        ("timestamps", "Marker"),
        cannot=_IN_ROWS,
    ),
    Specimen(
        "table-titles",
        tables.write_table,
        parts=("Time", "PO7", "Event"),
        options={"eeg": list(EIGHT), "time": "Time", "marker": "Event", **_NUMBERS},
        cannot=_IN_ROWS,
    ),
    Specimen(
        "table-openbci",
        tables.write_openbci,
        parts=("EXG Channel", "Timestamp", "Marker Channel"),
        options={"electrodes": list(EIGHT), **_NUMBERS},
        cannot=_IN_ROWS,
    ),
    Specimen(
        "table-openvibe",
        tables.write_openvibe,
        parts=("Time:250Hz", "Event Id", "Event Date"),
        cannot=_IN_ROWS,
    ),
    Specimen("openvibe", programs.write_gdf, parts=("stimulations",)),
    Specimen(
        "openvibe-ov",
        formats.write_ov,
        parts=("streams", "signal header", "signal", "stimulations"),
    ),
    Specimen(
        "session",
        sessions.write_session,
        parts=("EEG header", "notes header", "EEG", "notes"),
        needs="pyxdf",
    ),
    Specimen(
        "xdf",
        programs.write_xdf,
        parts=("EEG header", "marker header", "EEG", "markers"),
        needs="pyxdf",
    ),
]
