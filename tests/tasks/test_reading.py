"""Files as people write them: whatever the format, the same rows, and a sentence about what is unusual."""

import gzip
import io
import json
import re
import warnings
import zipfile
from collections.abc import Callable
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lawsmith.tasks import InputError, read_dataset
from lawsmith.tasks.frames import frame_bytes
from lawsmith.tasks.reading.cells import NumberNotation, convert
from lawsmith.tasks.reading.formats import parse_table

N, LOSS = [1000, 20000, 300000, 4000000, 5000000, 60000000], [3.5, 2.25, 2.125, 2.0625, 2.05, 2.01]
ROWS = list(zip(N, LOSS, strict=True))
FRAME = pd.DataFrame({"N": N, "loss": LOSS})


def lines(separator: str, header: str = "", end: str = "", decimal: str = ".") -> str:
    cells = (f"{n}{separator}{loss}{end}" for n, loss in ROWS)
    return "\n".join([header or f"N{separator}loss{end}", *(line.replace(".", decimal) for line in cells)]) + "\n"


def zipped(name: str = "in/side.csv") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, lines(","))
    return content.getvalue()


def workbook() -> bytes:
    pytest.importorskip("openpyxl")
    content = io.BytesIO()
    FRAME.to_excel(content, index=False)
    return content.getvalue()


def second_sheet() -> bytes:
    """A sheet of remarks, then a table below a title that begins in the second column."""
    openpyxl = pytest.importorskip("openpyxl")
    book, content = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["made by hand"])
    for row in ([], [None, "Runs of May"], [], [None, "N", "loss"], *([None, n, v] for n, v in ROWS)):
        book["data"].append(row) if "data" in book.sheetnames else book.create_sheet("data")
    book.save(content)
    return content.getvalue()


SAME: dict[str, tuple[str, Callable[[], str | bytes]]] = {
    "semicolon": ("t.csv", lambda: lines(";")),
    "semicolon and comma": ("t.csv", lambda: lines(";", decimal=",")),
    "Excel's hint": ("t.csv", lambda: "sep=;\n" + lines(";")),
    "cells of several lines": (
        "t.csv",
        lambda: '"N","loss","note"\n' + "".join(f'"{n}","{v}","a\nb, c"\n' for n, v in ROWS),
    ),
    "carriage returns": ("t.csv", lambda: lines(",").replace("\n", "\r")),
    "hard blanks": ("t.csv", lambda: "N;loss\n" + "".join(f"{n:,};{v}\n".replace(",", "\u00a0") for n, v in ROWS)),
    "tab": ("t.csv", lambda: lines("\t")),
    "bar": ("t.txt", lambda: lines("|")),
    "blanks": ("t.dat", lambda: lines("   ")),
    "blank after comma": ("t.csv", lambda: lines(", ")),
    "markdown": ("t.txt", lambda: "| N | loss |\n|--:|:--|\n" + "".join(f"| {n} | {v} |\n" for n, v in ROWS)),
    "comments": ("t.csv", lambda: "# made by hand\n" + lines(",").replace("\n20000", "\n# half way\n20000")),
    "names in a comment": ("t.dat", lambda: lines(" ", header="# N loss")),
    "title": ("t.csv", lambda: "Runs of May\n\n" + lines(",")),
    "trailing commas": ("t.csv", lambda: lines(",", end=",")),
    "trailing commas in rows": ("t.csv", lambda: lines(",", header="N,loss", end=",")),
    "trailing commas in some rows": ("t.csv", lambda: lines(",").replace("2.25\n", "2.25,,\n")),
    "several trailing semicolons": ("t.csv", lambda: lines(";", header="N;loss", end=";;")),
    "remarks as MATLAB marks them": ("t.csv", lambda: "% by hand\n%% twice\n" + lines(",")),
    "remarks as C marks them": ("t.dat", lambda: "// by hand, N\n" + lines(" ")),
    "names in such a remark": ("t.dat", lambda: "% by hand\n" + lines(" ", header="% N loss")),
    "decimal commas of three digits between commas": (
        "t.csv",
        lambda: "N,loss\n" + "".join(f'{n},"{v:.{4 if n == 4000000 else 3}f}"\n'.replace(".", ",") for n, v in ROWS),
    ),
    "powers as they are printed": (
        "t.csv",
        lambda: "N,loss\n10³,3.5\n2×10⁴,2.25\n3·10⁵,2.125\n4×10⁶,2.0625\n5×10⁺⁶,2.05\n60000000,201×10⁻²\n",
    ),
    "hard blanks around names": ("t.csv", lambda: lines(",", header="\n\u00a0N\u00a0,\u00a0loss\u00a0")),
    "remarks behind rows": ("t.csv", lambda: lines(",", header="N,loss", end=" # run 7, again")),
    "units": ("t.csv", lambda: lines(",").replace("loss\n", "loss\nparams,nats\n")),
    "footer": ("t.csv", lambda: lines(",") + "\nmean,2.3\n"),
    "remark": ("t.csv", lambda: lines(",") + "source: the lab,\n"),
    "bom": ("t.csv", lambda: lines(",").encode("utf-8-sig")),
    "utf-16": ("t.csv", lambda: lines(",").encode("utf-16")),
    "utf-16 without mark": ("t.csv", lambda: lines(",").encode("utf-16-le")),
    "gz": ("t.csv.gz", lambda: gzip.compress(lines(",").encode())),
    "zip": ("t.zip", zipped),
    "xlsx": ("t.xlsx", workbook),
    "array": ("t.json", lambda: FRAME.to_json(orient="records")),
    "columns": ("t.json", lambda: FRAME.to_json()),
    "lists": ("t.json", lambda: json.dumps({"N": N, "loss": LOSS})),
    "second sheet": ("t.xlsx", second_sheet),
    "rows below names": ("t.json", lambda: json.dumps([["N", "loss"], *([n, v] for n, v in ROWS)])),
    "rows by number": ("t.json", lambda: FRAME.to_json(orient="index")),
    "pandas' own table": ("t.json", lambda: FRAME.to_json(orient="table")),
    "names and rows": ("t.json", lambda: FRAME.to_json(orient="split")),
    "lines": ("t.json", lambda: FRAME.to_json(orient="records", lines=True)),
    "suffixes": ("t.csv", lambda: "N,loss\n1k,3.5\n20K,2.25\n0.3M,2.125\n4M,2.0625\n5e6,2.05\n0.06B,2.01\n"),
    "commas of thousands": (
        "t.csv",
        lambda: 'N,loss\n"1,000",3.5\n"20,000",2.25\n"300,000",2.125\n"4,000,000",2.0625\n5000000,2.05\n6e7,2.01\n',
    ),
    "points of thousands": (
        "t.csv",
        lambda: "N;loss\n1.000;3,5\n20.000;2,25\n300.000;2,125\n4.000.000;2,0625\n5000000;2,05\n60000000;2,01\n",
    ),
    "blanks of thousands": (
        "t.csv",
        lambda: "N;loss\n1 000;3.5\n20 000;2.25\n300 000;2.125\n4 000 000;2.0625\n5000000;2.05\n6e7;2.01\n",
    ),
}


@pytest.mark.parametrize("kind", SAME)
def test_the_same_rows_in_every_file(kind: str, tmp_path: Path):
    name, make = SAME[kind]
    content = make()
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    train = read_dataset(tmp_path / name, ["loss"]).task.train
    assert train.features["N"].tolist() == N
    assert train.targets["loss"].tolist() == LOSS


TITLED = "Batch 7;;\nN;loss;v\nmM;nats;m/s\n1;3,5;5\n2;2,5;3\n3;1,5;9\n4;1,2;8\n5;1,3;7\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (lines(",").replace("loss", "Größe").encode("latin1"), "is not UTF-8 text; lawsmith read it as Latin-1"),
        (lines(",").replace("loss\n", "loss\nparams,nats\n"), "the first row holds units (N in params, loss in nats)."),
        (lines(",") + "\nmean,2.3\n", "lawsmith left out the last line, a summary or remark: 'mean, 2.3'."),
        (lines(",") + "\nLSD(0.05),2.3\n", "lawsmith left out the last line, a summary or remark: 'LSD(0.05), 2.3'."),
        ("Runs of May\n\n" + lines(","), "lawsmith left out the line 'Runs of May' above the header."),
        (TITLED, "lawsmith left out the line 'Batch 7' above the header."),
        (TITLED.replace("7;;", "7;;\nTemp;37;"), "lawsmith left out 2 lines above the table, the first 'Batch 7;;'."),
        (lines(" ", header="# N loss"), "lawsmith read the names of the columns from the comment '# N loss'."),
        (lines(";", decimal=","), "loss: lawsmith read '3,5' as 3.5."),
        (lines(",", header="N,loss", end=" # a"), "lawsmith left out the remarks after # behind 6 rows."),
        ("p,loss\n15%,3\n20%,2\n30%,1\n40%,1.5\n", "p: lawsmith read text as numbers ('15%' is 0.15)."),
        ("p,loss\n15 ms,3\n20 ms,2\n30 ms,1\n40 ms,4\n", "p: every cell holds 'ms'"),
        (
            "date,loss\n20200101,3\n20210702,2\n20220131,1\n20231231,4\n",
            "date: lawsmith turned dates into decimal years (20220601",
        ),
        (
            "p,q,loss\n1 ms,1.5,3\n20 ms,2,2\n3 s,1,1\n40,3,4\n",
            "lawsmith left out p: it holds numbers in different units (ms, s and none);",
        ),
        ("p,loss\n1/2,3\n3/8,2\n1 1/4,1\n5/8,4\n2,5\n", "p: lawsmith turned fractions into numbers ('1/2' is 0.5)."),
        ("p,loss\n512Mi,3\n1Gi,2\n2Gi,1\n4Gi,4\n", "p: lawsmith turned different units into bytes ('512Mi' is 5.36"),
        ("p,loss\n1 core,3\n2 cores,2\n4 cores,1\n8 cores,4\n", "p: lawsmith read text as numbers ('1 core' is 1)."),
        ("p;loss\n1 200;3\n2 400;2\n3 100;1\n4 900;4\n", "p: lawsmith read '1 200' as 1200."),
        ("p,loss\n1,3\n2,-999\n3,1\n4,4\n5,5\n6,6\n", "loss is -999 in 1 row and between 1 and 6 in all others."),
        ("p,q,loss\n1,5,3\n#VALUE!,2,2\n3,7,1\n4,4,4\n5,3,5\n6,9,6\n", "left out data row 2, without a value of p;"),
        (
            "family,p,loss\n" + "".join(f"{'GPT' if k < 4 else 'gpt'},{k % 4},{k * 1.5}\n" for k in range(8)),
            "The groups GPT and gpt differ only in case; they count as 2 groups.",
        ),
        ("p,loss\n1,3\n2,-1\n3,1\n4,-1\n5,5\n6,6\n7,2\n", "loss is -1 in 2 rows and between 1 and 6 in all"),
        (
            "kind,p,loss\n" + "".join(f"{'GPT' if k < 4 else 'gpt'},{k % 4},{k * 1.5}\n" for k in range(8)),
            "The labels GPT and gpt differ only in case; they count as 2 labels.",
        ),
        ("p,loss\n2020-01-01,3\n2021-07-02,2\n2022-01,1\n2023-01-01,4\n", "p: lawsmith turned dates into dec"),
    ],
)
def test_what_is_unusual_is_said(text: str | bytes, said: str, tmp_path: Path):
    (tmp_path / "t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    target = "Größe" if isinstance(text, bytes) else "loss"
    notices = read_dataset(tmp_path / "t.csv", [target]).notices
    assert any(said in notice for notice in notices), notices


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lines(",", header="1,2"), "has no header: its first line (1 and 2) holds only numbers. Write a line above it"),
        (
            "N;loss\n1.000;3.5\n20.000;2.25\n300.000;2.2\n4.000;2\n",
            "'1.000' in column 'N' is 1 if the point marks decimals, and 1000 if it marks thousands; say which with",
        ),
        (
            "N;loss\n900;3.5\n20.000;2.25\n300;2.2\n4.000;2\n",
            "'20.000' in column 'N' is 20 if the point marks decimals, and 20000 if it marks thousands;",
        ),
        (
            "N;loss\n1,000;3\n20,000;2\n300,000;2\n4,000;1\n",
            "'1,000' in column 'N' is 1 if the comma marks decimals, and 1000 if it marks thousands;",
        ),
        (
            "N,loss\n1,35%\n2,0.3\n3,28%\n4,25%\n",
            "column 'loss' holds '0.3' in data row 2, but its other cells have another notation or unit;",
        ),
        (
            "N,loss\n1,#DIV/0!\n2,3\n3,2\n4,*****\n5,2\n",
            "column 'loss' has no value in data rows 1 and 4; fill the cells in, drop the rows, or give drop",
        ),
        ("N,loss\n1,3;\n2,3;\n3,2;\n4,1;\n", "column 'loss' holds text ('3;') in data rows 1, 2, 3 and 4;"),
        (
            "4,oak,3.1\n5,oak,2.2\n6,oak,2.4\n7,oak,2.9\n",
            "If the first line is a row, write a line of column names above it.",
        ),
        ("N,loss\n1,abc\n2,3\n3,2\n4,1\n", "column 'loss' holds text ('abc') in data row 1;"),
    ],
)
def test_what_could_mean_two_things_is_refused(text: str, message: str, tmp_path: Path):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=re.escape(message)):
        read_dataset(tmp_path / "t.csv", ["loss"])


def test_units_in_brackets_and_dates_of_another_kind(tmp_path: Path):
    (tmp_path / "t.csv").write_text(lines(",", header="N (M),loss [nats]"))
    columns = read_dataset(tmp_path / "t.csv", ["loss"]).task.schema.columns
    assert {name: column.unit for name, column in columns.items()} == {"N (M)": "M", "loss [nats]": "nats"}
    (tmp_path / "t.csv").write_text("when,loss\n" + "".join(f"{k + 1}-3-22,{v}\n" for k, v in enumerate(LOSS)))
    with pytest.raises(InputError, match=r"when \(dates that can be read in two ways, or spans; write"):
        read_dataset(tmp_path / "t.csv", ["loss"])


def test_notations_that_contradict_themselves(tmp_path: Path):
    (tmp_path / "t.csv").write_text(lines(","))
    with pytest.raises(InputError, match=r"^decimal and thousands are both ','; give two different characters"):
        read_dataset(tmp_path / "t.csv", ["loss"], decimal=",", thousands=",")
    with pytest.raises(InputError, match=r"^decimal may be '\.' or ','"):
        read_dataset(tmp_path / "t.csv", ["loss"], decimal="x")


def test_names_in_any_script_are_names(tmp_path: Path):
    rows = "".join(f"{2.0**k},{k % 3},{9 / (k + 1) + k % 3}\n" for k in range(12))
    (tmp_path / "t.csv").write_text(f"模型大小,温度,损失\n{rows}")
    assert read_dataset(tmp_path / "t.csv", ["损失"]).task.schema.features == ("模型大小", "温度")


def test_a_range_in_per_cent_of_a_target_in_per_cent(tmp_path: Path):
    (tmp_path / "t.csv").write_text("N,acc\n" + "".join(f"{2.0**k},{50 + k}%\n" for k in range(12)))
    for stated in ("acc=0:100", "acc=0:1"):
        found = read_dataset(tmp_path / "t.csv", ["acc"], ranges=[stated])
        assert found.task.knowledge.ranges == {"acc": (0.0, 1.0)}
    half = read_dataset(tmp_path / "t.csv", ["acc"], ranges=["acc=20:"])
    assert half.task.knowledge.ranges["acc"] == (0.2, np.inf)
    assert "acc is written in per cent; lawsmith made it shares, in the range 0.2 to inf." in half.notices


class Column(str, Enum):  # noqa: UP042  # as older Pythons write it
    KIND = "kind"


class Kind(StrEnum):
    SMALL = "small"
    LARGE = "large"


def test_a_dataframe_of_any_kinds_of_columns():
    frame = pd.DataFrame(
        {
            0: [1, 2, 3, 4],
            "decimal": [Decimal("1.5"), Decimal("2.5"), Decimal("3.25"), None],
            Column.KIND: [Kind.SMALL, Kind.LARGE, Kind.SMALL, Kind.LARGE],
            "category": pd.Categorical(["a", "b", "a", "b"]),
            "codes": pd.Categorical([4, 2, 4, 2]),
            "flag": pd.array([True, False, None, True], dtype="boolean"),
            "count": pd.array([1, None, 3, 4], dtype="Int64"),
            "when": pd.to_datetime(["2020-01-01", "2021-01-01", "2022-01-01", "2023-01-01"]),
        },
        index=pd.Index([10.0, 20.0, 30.0, 40.0], name="N"),
    )
    read = parse_table(frame_bytes(frame), "t.parquet", "t").frame
    assert list(read) == ["N", "0", "decimal", "kind", "category", "codes", "flag", "count", "when"]
    assert read["N"].tolist() == [10, 20, 30, 40]
    assert read["kind"].tolist() == ["small", "large", "small", "large"]
    assert read["decimal"].tolist()[:3] == ["1.5", "2.5", "3.25"]
    assert np.isnan(read["flag"].tolist()[2]) and np.isnan(read["count"].tolist()[1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # pandas gives up names now and then
        assert convert(read, "", NumberNotation(), "t").dates == {"when"}
    with pytest.raises(InputError, match="two columns called '1'"):
        frame_bytes(pd.DataFrame([[1, 2]], columns=[1, "1"]))


def test_a_parquet_file_that_means_more_than_it_holds_is_refused():
    many = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, dtype=np.int32)), pa.array(["x" * 30_000]))
    for table, message in (
        (pa.table({"note": many}), "texts of column 'note' may unpack to 2861 MiB; the limit is 1024"),
        (pa.table([[1.0], [2.0]], names=["y", "y"]), "names the column 'y' twice"),
    ):
        content = io.BytesIO()
        pq.write_table(table, content)
        assert len(content.getvalue()) < 1 << 17
        with pytest.raises(InputError, match=message):
            parse_table(content.getvalue(), "t.parquet", "t")


def test_texts_of_a_parquet_file_are_bounded():
    text = "x" * (1 << 20)
    table = pa.table({"note": pa.DictionaryArray.from_arrays(pa.array([0] * 3000), pa.array([text]))})
    content = io.BytesIO()
    pq.write_table(table, content)
    assert len(content.getvalue()) < 3 << 20
    with pytest.raises(InputError, match="column 'note' holds a text of more than 32768 bytes"):
        parse_table(content.getvalue(), "t.parquet", "t")


def test_lists_in_a_parquet_file_are_left_out():
    content = io.BytesIO()
    pq.write_table(pa.table({"N": [1, 2], "steps": [[1], [2, 3]]}), content)
    read = parse_table(content.getvalue(), "t.parquet", "t")
    assert list(read.frame) == ["N"]
    assert read.notices == ("t: lawsmith left out steps, because the cells hold lists or bytes.",)


def test_packed_files_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lawsmith.tasks.reading.formats.MAX_BYTES", 1000)
    with pytest.raises(InputError, match="unpacked, holds 0 MiB; the limit is 0 MiB"):
        parse_table(gzip.compress(b"N,loss\n" + b"1,2\n" * 1000), "t.csv.gz", "t")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "1,2\n" * 1000)
    with pytest.raises(InputError, match="unpacked, holds"):
        parse_table(content.getvalue(), "t.zip", "t")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("b.csv", "y")
    with pytest.raises(InputError, match="holds 2 files; pack a single table, or unpack it first"):
        parse_table(content.getvalue(), "t.zip", "t")


def test_a_workbook_with_one_cell_at_its_end_is_a_sentence(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active["ZZ900"] = 1
    book.save(tmp_path / "corner.xlsx")
    with pytest.raises(InputError, match=r"corner\.xlsx"):
        read_dataset(tmp_path / "corner.xlsx", ["y"])


def test_a_workbook_of_more_rows_than_excel_makes_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (("n", "y"), *((k, 2 * k) for k in range(40))):
        book.active.append(row)
    book.save(tmp_path / "rows.xlsx")
    assert len(read_dataset(tmp_path / "rows.xlsx", ["y"]).task.train) == 40
    monkeypatch.setattr("lawsmith.tasks.reading.binary_tables._ROWS_OF_A_SHEET", 40)
    with pytest.raises(InputError, match="more than 40 rows, the limit of Excel"):
        read_dataset(tmp_path / "rows.xlsx", ["y"])


def test_cyrillic_text_of_windows_is_read_and_told(tmp_path: Path):
    rows = "".join(f"{k},5;{k * k}\n" for k in range(1, 9))
    (tmp_path / "t.csv").write_bytes(("Нагрев;Вязкость\n" + rows).encode("cp1251"))
    data = read_dataset(tmp_path / "t.csv", ["Вязкость"])
    assert data.task.schema.features == ("Нагрев",)
    assert any("read it as Cyrillic (Windows-1251)" in said for said in data.notices)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("\ufeff", {}, "is empty; a table needs a header"),
        ("cost;loss;seed\nb;1.2;3", {}, "the category 'cost' is 'b' in every row"),
    ],
)
def test_what_is_no_table_is_a_sentence(tmp_path: Path, text: str, options: dict[str, str], message: str) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(message)):
        read_dataset(tmp_path / "t.csv", ["loss"], **options)  # type: ignore[arg-type]  # options pass through unchanged


def test_an_index_that_was_saved_twice_is_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": np.geomspace(1, 99, 8), "loss": np.geomspace(9, 2, 8)})
    frame.reset_index(names="Unnamed: 0").to_csv(tmp_path / "t.csv")
    assert read_dataset(tmp_path / "t.csv", ["loss"]).task.schema.features == ("n",)


def test_errors_of_any_size_are_weights(tmp_path: Path) -> None:
    rows = "".join(f"{k},{k * k},{k}e-{40 * k}\n" for k in range(1, 8))
    (tmp_path / "t.csv").write_text("n,loss,loss_err\n" + rows)
    weights = read_dataset(tmp_path / "t.csv", ["loss"]).task.train.weights
    assert weights is not None and np.isfinite(weights).all() and (weights > 0).all()
