from __future__ import annotations

import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings.readers.csv_table import read_table


@pytest.fixture
def save(tmp_path):
    def write(content):
        path = tmp_path / "a.csv"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_tables(save, end):
    rows = [b"a, b", b"1, n/a", b"2, x"]
    found = read_table(save(end.join(rows) + end))
    assert found["a"].tolist() == [1, 2]
    assert found["b"].isna().tolist() == [True, False]
    assert read_table(save(b"a\tb\n1\t2\n"), "\t")["b"].tolist() == [2]


def test_a_table_cut_short(save):
    with pytest.warns(DataWarning, match=r"a\.csv: the last row has no line break"):
        read_table(save(b"a,b\n1,2\n3,4"))


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2,3\n", b"a,b\n1,2\n1,2,3\n", b'a,b\n"1,2\n', b"caf\xe9\n1\n"]
)
def test_what_is_no_table(save, content):
    path = save(content)
    with pytest.raises(RecordingError, match="cannot be read as a CSV table") as caught:
        read_table(path)
    assert str(caught.value).startswith(str(path))
