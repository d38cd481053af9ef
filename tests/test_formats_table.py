"""Each row of the table of formats in docs/recordings.md, tried with a recording of that format."""

from __future__ import annotations

import re
import shlex
import warnings
from pathlib import Path

import pytest
from specimens import SPECIMENS

from p300.arguments import accepted_arguments, parse_options
from p300.commands.finding import find_data, open_found
from p300.commands.unread import find_unread
from p300.recordings import SOURCES, open_recordings, source_module

PAGE = Path(__file__).parent.parent / "docs" / "recordings.md"

TRIED = {
    "EDF, EDF+": ["annotated-edf"],
    "BDF (BioSemi)": ["annotated-bdf"],
    "BrainVision `.vhdr`": ["annotated-vhdr"],
    "EEGLAB `.set`": ["annotated-set"],
    "EEGLAB `.set` of MATLAB 7.3": ["annotated-set73"],
    "FIF": ["annotated-fif"],
    "GDF": ["annotated-gdf"],
    "Neuroscan `.cnt`": ["annotated-cnt"],
    "ANT `.cnt`": ["annotated-ant"],
    "EGI `.mff`": ["annotated-mff"],
    "g.Recorder `.hdf5`": ["annotated-hdf5"],
    "any of these with `NAME_flashes.csv`": [
        "flash_table-fif", "flash_table-edf", "flash_table-set",
    ],
    "OpenViBE `.ov`, `.gdf`": ["openvibe", "openvibe-ov"],
    "BCI2000 `.dat`": ["bci2000"],
    "XDF (LSL)": ["xdf"],
    "sessions of `p300 online`": ["session"],
    "BIDS": ["bids"],
    "Muse, EEG-ExPy, muse-lsl `.csv`": ["muse_csv"],
    "OpenBCI GUI `.txt`": ["table-openbci"],
    "OpenViBE `.csv`": ["table-openvibe"],
    "Unicorn, Mind Monitor, BrainFlow, other `.csv`, `.tsv`, `.txt`": ["table-titles"],
    "MNE `-epo.fif`": ["epochs-fif"],
    "EEGLAB epochs `.set`": ["epochs-set"],
    "`.npz`, `.mat` with X and y": ["epochs-npz", "epochs-mat"],
    "BCI Competition II IIb": ["bci2_iib"],
    "BCI Competition III II": ["bci3_ii"],
    "BNCI Horizon 008-2014, 009-2014, 003-2015": ["bnci2014_008", "bnci2014_009", "bnci2015_003"],
    "g.tec BR41N": ["gtec_br41n"],
}  # fmt: skip
"""Format -> the specimens that stand for it."""


def rows():
    """Give the cells of each row: format -> source, read, guessed, must be said, not read."""
    text = PAGE.read_text(encoding="utf-8").split("## Formats")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines]
    return {row[0]: row[1:] for row in cells}


ROWS = rows()


def words(cell):
    """Give the options, or sources, that a cell names."""
    return {word.split(":")[0] for word in re.findall(r"`([a-z_0-9]+(?:: [^`]*)?)`", cell)}


def specimen_of(name):
    return next(one for one in SPECIMENS if one.name == name)


def test_each_row_is_tried_and_each_source_of_files_has_one():
    assert list(ROWS) == list(TRIED)
    tried = {name for names in TRIED.values() for name in names}
    assert tried == {one.name for one in SPECIMENS}
    told = {source for row in ROWS.values() for source in words(row[0])}
    assert told == {name for name in SOURCES if source_module(name).INFO.from_files}


@pytest.mark.parametrize(
    ("format_", "name"), [(row, name) for row, names in TRIED.items() for name in names]
)
def test_a_recording_of_the_format_is_recognised_as_the_row_says(format_, name, tmp_path):
    specimen = specimen_of(name)
    if specimen.needs not in ("mne", "pyxdf"):
        pytest.importorskip(specimen.needs)
    source, _, guessed, said, _ = ROWS[format_]
    path = specimen.write(tmp_path, specimen.content, "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = find_data(tmp_path)
        if not found:  # of too few flashes nothing is guessed: the command says what is missing
            (unread, *_), _ = find_unread(tmp_path, found)
            command = shlex.split(unread.command)
            given = parse_options(command[6::2])
            found = find_data(Path(command[2]), command[4], given)
            assert set(given) <= words(said) | words(guessed)
        (one,) = found
        assert one.source in words(source)
        assert set(one.guessed) <= words(guessed)
        recordings = list(
            open_found(one)
            if set(specimen.options) <= set(one.options)
            else open_recordings(specimen.source, path, **specimen.options)
        )
    assert all(r.flashes["target"].notna().all() for r in recordings)
    assert sum(len(r.flashes) for r in recordings) >= len(specimen.content.samples)


@pytest.mark.parametrize("format_", ROWS)
def test_options_of_a_row_are_options_of_its_source(format_):
    source, _, guessed, said, _ = ROWS[format_]
    accepted = set()
    for name in words(source):
        accepted |= set(accepted_arguments(source_module(name).load))
    assert words(guessed) | words(said) <= accepted
