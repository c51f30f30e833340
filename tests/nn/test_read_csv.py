"""Tables out of CSV files, as people have them."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn import MLP, SGD, OneHotEncoder, StandardScaler, fit
from nn.datasets import Frame, read_csv


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "data.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


PLAIN = "a,b,c\n1,0.5,x\n2,-3e2,y\n"
FORMS: dict[str, str | bytes] = {
    "plain": PLAIN,
    "no line end": PLAIN.rstrip(),
    "CRLF": PLAIN.replace("\n", "\r\n"),
    "CR": PLAIN.replace("\n", "\r"),
    "BOM": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "semicolons": PLAIN.replace(",", ";"),
    "semicolons and decimal commas": "a;b;c\n1;0,5;x\n2;-300;y\n",
    "tabs": PLAIN.replace(",", "\t"),
    "bars": PLAIN.replace(",", "|"),
    "quotes": '"a","b","c"\n"1","0.5","x"\n"2","-300","y"\n',
    "blanks": "a, b ,c\n 1,0.5, x\n2 ,-300,y\n",
    "empty lines": "\na,b,c\n\n1,0.5,x\n,,\n2,-300,y\n\n",
    "trailing delimiters": PLAIN.replace("\n", ",\n"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_table_is_read_in_every_usual_form(write: Any, form: str) -> None:
    frame = read_csv(write(FORMS[form]))
    assert frame.columns == ["a", "b", "c"]
    assert frame["a"].tolist() == [1, 2]
    assert frame["b"].tolist() == [0.5, -300.0]
    assert frame["c"].tolist() == ["x", "y"]
    assert [frame[name].dtype.kind for name in "abc"] == ["i", "f", "U"]


def test_quoted_cells_hold_delimiters_quotes_and_line_ends(write: Any) -> None:
    frame = read_csv(write('name,n\n"Smith, ""Al""\nJr.",1\nBo;C,2\n'))
    assert frame["name"].tolist() == ['Smith, "Al"\nJr.', "Bo;C"]
    with pytest.raises(ValueError, match="line 4, column 'n'"):
        read_csv(write('name,n\n"a\nb",1\nc,\n'))


def test_kinds_of_columns(write: Any) -> None:
    frame = read_csv(write("w,f,t,z,big\n1,1.,true,007,1e999\n-2,.5,False,a1,3\n"))
    assert [frame[name].dtype.kind for name in frame.columns] == ["i", "f", "b", "U", "f"]
    assert frame["t"].tolist() == [True, False]
    assert read_csv(write("a\n1_000\n2\n"))["a"].dtype.kind == "U"
    assert read_csv(write("a\n12345678901234567890\n2\n"))["a"].dtype.kind == "f"
    assert read_csv(write("a,b\n1,2\n"))["a"].tolist() == [1]


def test_the_first_line_is_a_header_unless_a_cell_is_a_number(write: Any) -> None:
    assert read_csv(write("1,x\n2,y\n")).columns == ["column_1", "column_2"]
    assert read_csv(write("u,x\nv,y\n")).shape == (1, 2)
    assert read_csv(write("u,x\nv,y\n"), header=False).shape == (2, 2)
    assert read_csv(write("2019,2020\n1,2\n"), header=True).columns == ["2019", "2020"]
    assert read_csv(write(",b\n0,1\n")).columns == ["column_1", "b"]


def test_text_of_windows_is_read_and_any_encoding_may_be_given(write: Any) -> None:
    for encoding in ("cp1252", "utf-8", "latin-1", "utf-16-le"):
        given = encoding if encoding == "utf-16-le" else None
        path = write("größe,ort\n1,Köln\n".encode(encoding))
        assert read_csv(path, encoding=given)["ort"].tolist() == ["Köln"]


def test_a_target_is_taken_out_by_name_and_learned(write: Any) -> None:
    rows = "".join(f"{i * 100},{'ab'[i % 2]},{'yes' if i % 2 else 'no'}\n" for i in range(12))
    path = write("size,kind,bought\n" + rows)
    X, y = read_csv(path, target="bought")
    assert isinstance(X, Frame)
    assert (X.columns, y[:2].tolist()) == (["size", "kind"], ["no", "yes"])
    model = MLP([3, 2], seed=0)
    optimizer = SGD(model.parameters(), lr=1.0)
    steps = [OneHotEncoder(), StandardScaler()]
    fit(
        model, X, y, loss="cross_entropy", optimizer=optimizer, epochs=9, batch_size=4,
        preprocessing=steps,
    )  # fmt: skip
    assert np.array_equal(model.predict_classes(read_csv(path)[["kind", "size"]]), y)


def test_lines_with_gaps_are_told_or_left_out(write: Any) -> None:
    path = write("age,sex\n1,m\n,f\nNA,?\n4,m\n")
    gaps = "line 3, column 'age'; line 4, column 'age'; line 4, column 'sex'"
    with pytest.raises(ValueError, match=rf"{gaps}\. Fill them, .*drop_missing=True"):
        read_csv(path)
    kept = read_csv(path, drop_missing=True)
    assert (kept["age"].tolist(), kept.dropped) == ([1, 4], 2)
    with pytest.raises(ValueError, match="and 4 more"):
        read_csv(write("a,b,c\n" + "1,2,?\n" * 9))
    with pytest.raises(ValueError, match="drop_missing leaves none"):
        read_csv(write("a,b\n1,?\n"), drop_missing=True)


def test_columns_are_chosen_before_gaps_are_looked_for(write: Any) -> None:
    path = write("a,b,c,d\n1,,2,?\n3,x,4,5\n")
    assert read_csv(path, columns=["c", "a"]).columns == ["c", "a"]
    X, y = read_csv(path, columns=["c"], target="a")
    assert (X["c"].tolist(), X.columns, y.tolist()) == ([2, 4], ["c"], [1, 3])
    X, y = read_csv(path, ignore=["b", "d"], target="a")
    assert (X.columns, y.tolist(), X.dropped) == (["c"], [1, 3], 0)
    assert read_csv(path, ignore=["b"], drop_missing=True)["d"].tolist() == [5]
    assert read_csv(path, columns=(name for name in "ca")).columns == ["c", "a"]
    assert read_csv(path, columns=np.array(["a", "c"])).shape == (2, 2)
    with pytest.raises(TypeError, match=r"write columns=\['a', 'b'\]"):
        read_csv(path, columns="a, b")
    for wrong in (True, {"a", "c"}):
        with pytest.raises(TypeError, match="columns is a list of names, in order; got"):
            read_csv(path, columns=wrong)
    with pytest.raises(ValueError, match="columns names no column: leave it out"):
        read_csv(path, columns=[])
    with pytest.raises(ValueError, match="columns names 'a' twice"):
        read_csv(path, columns=["a", "a"])
    with pytest.raises(ValueError, match="ignore leaves out 'a', which is asked for as well"):
        read_csv(path, columns=["a", "c"], ignore=["a"])
    for word in ("columns", "ignore"):
        with pytest.raises(TypeError, match=rf"write {word}=\['a'\]"):
            read_csv(path, **{word: "a"})
        with pytest.raises(ValueError, match="no column is called 'e'"):
            read_csv(path, **{word: ["a", "e"]})


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", {}, "the file holds no line"),
        ("\n\n", {}, "the file holds no line"),
        ("a,b\n", {}, "no line below the one that names the columns"),
        ("a,b\n1,2\n3\n", {}, r"line 3 has 1 cell\(s\) and the first has 2, cut at ','"),
        ("a,a,b\n1,2,3\n", {}, "several columns are called 'a'"),
        ('a,b\n1,"2\n', {}, "about line 2: unexpected end of data"),
        ('a,b\n1,"2"x\n', {}, "about line 2: ',' expected after"),
        (b"a,b\n1,\0\n", {}, "found binary data"),
        (b"\x89PNG\r\n\x1a\n\0\0", {}, "found binary data"),
        (b"a,b\n\x81,1\n", {}, "no text in UTF-8 and Windows-1252"),
        ("ä,b\n1,2\n", {"encoding": "ascii"}, "no text in ascii"),
        ("a,b\n1,2\n", {"encoding": "utf-9"}, "no encoding is called 'utf-9'"),
        ("a,b\n1,2\n", {"delimiter": ", "}, "a delimiter is one character"),
        ("a,b\n1,2\n", {"target": "sort"}, r"no column is called 'sort'\. There are 'a', 'b'"),
        ("a\n" + "x" * 200_000 + "\n", {}, "field larger than field limit"),
    ],
)
def test_what_is_no_table_is_named(write: Any, content: Any, options: Any, message: str) -> None:
    path = write(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_csv(path, **options)
    assert {"encoding", "delimiter"} & options.keys() or str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_csv(tmp_path / "none.csv")
    with pytest.raises(TypeError, match="the name of a column"):
        read_csv(tmp_path / "none.csv", target=3)  # type: ignore[call-overload]


@given(st.one_of(st.binary(max_size=60), st.text('ab1.,;\n\r"\t|?', max_size=60).map(str.encode)))
def test_any_bytes_are_a_table_or_refused(tmp_path_factory: Any, content: bytes) -> None:
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    path.write_bytes(content)
    with contextlib.suppress(ValueError):
        assert min(read_csv(path).shape) > 0
