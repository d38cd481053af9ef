from __future__ import annotations

import time

import pandas as pd
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings.readers.csv_table import read_head, read_table, to_numbers


@pytest.fixture
def save(tmp_path):
    def write(content, encoding="utf-8"):
        path = tmp_path / "a.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_tables(save, end):
    rows = [b"a, b", b"1, n/a", b"2, x"]
    found = read_table(save(end.join(rows) + end))
    assert found["a"].tolist() == [1, 2]
    assert found["b"].isna().tolist() == [True, False]
    assert read_table(save(b"a\tb\n1\t2\n"), "\t")["b"].tolist() == [2]


TABLE = pd.DataFrame({"a": [1.5, -2.25, 3e-5], "b, in uV": [1, 2, 3]})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    "how",
    [
        {"sep": ","},
        {"sep": ";"},
        {"sep": "\t"},
        {"sep": ";", "decimal": ","},
        {"sep": "\t", "decimal": ","},
        {"sep": ",", "quoting": 1},
        {"sep": ",", "lineterminator": "\r\n"},
    ],
)
@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("before", ["", "\n# made with care, twice\n\n% rate; 250 Hz\n\n"])
def test_however_a_table_is_written(save, encoding, how, index, before):
    path = save(before + TABLE.to_csv(index=index, **how) + "\n\n", encoding)
    pd.testing.assert_frame_equal(read_table(path), TABLE, check_column_type=False)


def test_a_comma_beside_decimal_points_is_none(save):
    table = read_table(save("a;b\n1,5;2.5\n3,25;0.5\n"))
    assert table["b"].tolist() == [2.5, 0.5]
    with pytest.raises(RecordingError, match=r"'1,5' found in column 'a', row 1"):
        to_numbers(table, save("a"))


def test_big_endian(save):
    path = save(b"\xfe\xff" + "a,b\n1,2\n".encode("utf-16-be"))
    assert read_table(path).to_dict("list") == {"a": [1], "b": [2]}


def test_a_first_column_without_a_title_that_counts_nothing_stays(save):
    assert list(read_table(save(",a\n0.5,1\n"))) == ["", "a"]
    assert list(read_table(save("Unnamed: 0,a\n7,1\n"))) == ["a"]
    assert list(read_table(save("a,b,\n1,2,\n3,4,\n"))) == ["a", "b"]


def test_rows_with_a_field_more_than_titles(save):
    path = save("a,b\n1,2\n3,4,5\n")
    found = read_table(path, untitled=True)
    assert found[""].isna().tolist() == [True, False]
    with pytest.raises(RecordingError, match="cannot be read as a CSV table"):
        read_table(path)


def test_tables_without_titles(save):
    head = read_head(save("0\t1.5\t2\n1\t2.5\t2\n"))
    assert (head.titles, head.titled, len(head.rows)) == (("1", "2", "3"), False, 2)
    assert read_table(save("0,5;1,5\n1,5;2,5\n")).to_dict("list") == {
        "1": [0.5, 1.5], "2": [1.5, 2.5],
    }  # fmt: skip
    # numpy.savetxt; pandas without names of columns
    assert list(read_table(save("# sample,target\n1,0\n2,1\n"))) == ["sample", "target"]
    assert read_table(save("0,1\n5,6\n")).to_dict("list") == {"0": [5], "1": [6]}


def test_wanted_columns(save):
    path = save("a,b,b,c\n1,2,3,x\n")
    found = read_table(path, columns=[3, 2, 0])
    assert list(found) == ["c", "b", "a"]
    assert found.to_numpy().tolist() == [["x", 3, 1]]
    with pytest.raises(RecordingError, match=r"columns \['b'\] are there twice"):
        read_table(path)


def test_a_table_cut_short(save):
    for encoding in ("utf-8", "utf-16"):
        with pytest.warns(DataWarning, match=r"a\.csv: the last row has no line break"):
            read_table(save("a,b\n1,2\n3,4", encoding))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it has no rows"),
        (b"# a,b\n\n", "it has no rows"),
        (b"a,b\n1,2,3\n", "Length of header"),
        (b"a,b\n1,2\n1,2,3\n", "Expected 2 fields in line 2, saw 3"),
        (b'a,b\n"1,2\n', "a quotation mark without its other one"),
        (b"a,b\n" + b"1,2\n" * 1000 + b'"1,2\n', "EOF inside string"),
        (b"caf\xe9\n1\n", "byte e9 is not utf-8; save it as UTF-8"),
        (b"a,b\n1,\xb5\n", "byte b5 is not utf-8"),
        ("a,b\n1,2\n".encode("utf-16-le"), "zero bytes; if it is text in UTF-16"),
        ("a,b\n1,2\n".encode("utf-32"), "it is in UTF-32"),
        (b"\xff\xfea", "is not utf-16"),
        (",".join(f"c{k}" for k in range(2001)).encode() + b"\n1\n", "2001 columns found"),
    ],
)
def test_what_is_no_table(save, content, reason):
    path = save(content)
    with pytest.raises(RecordingError, match="cannot be read as a CSV table") as caught:
        read_table(path)
    assert str(caught.value).startswith(str(path))
    assert reason in str(caught.value)


def test_millions_of_columns_are_refused_at_once(save):
    row = b",".join([b"x"] * 3_000_000)
    for content in (row, b"a,b\n" + row, b"a,b\n" + b"1,2\n" * 2000 + row):
        path = save(content)
        started = time.perf_counter()
        with pytest.raises(RecordingError, match="cannot be read as a CSV table"):
            read_table(path)
        assert time.perf_counter() - started < 1


@pytest.mark.parametrize("found", ["x", "inf", "-inf", "1e400", "0,5", "1 2"])
def test_numbers(save, found):
    table = read_table(save(f'a,b\n1,\n2,"{found}"\n'))
    with pytest.raises(RecordingError, match=r"found in column 'b', row 2; expected a number"):
        to_numbers(table, save("a"))
    assert to_numbers(table[:1], save("a"))["b"].isna().all()


@pytest.mark.parametrize("digits", [300, 5000])
def test_numbers_of_digits_without_end(save, digits):
    with pytest.raises(RecordingError, match=f"a number of {digits} digits in row 2, column 2"):
        read_table(save(f"a,b\n1,\n2,{'9' * digits}\n3,x\n"))
