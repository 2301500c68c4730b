"""Files with slips in any place are read or refused with a sentence: never a traceback, never a warning of numpy's."""

import random
from pathlib import Path

import pytest

from lawsmith.tasks import InputError, read_dataset

TABLES = (
    b"run,N,tokens,loss,loss_se\na,70M,2B,3.61,0.02\nb,16M,2B,3.32,0.02\nc,410M,8B,2.84,0.01\nd,1B,20B,2.52,0.01\n",
    b"size;task;trials;acc\n100M;arc;50;0,30\n100M;piqa;50;0,62\n300M;arc;40;0,35\n300M;piqa;40;0,65\n1B;arc;30;0,4\n",
    b"c (nM)\tRep A\tRep B\tday\n0.1\t99.8\t99.1\t2024-01-02\n1\t91.2\t90.8\t2024-01-03\n9\t52.4\t49.9\t2024-01-05\n",
    b"metric,step,value\nloss,1,4.2\nloss,2,3.9\nloss,4,3.5\nlr,1,0.001\nlr,2,0.001\nlr,4,0.0005\n",
    b"mix,model,year,bleu\n70/20/10,gpt-70m,2020,11.2\n60/30/10,gpt-160m,2021,14.9\n50/25/25,gpt-410m,2022,19.7\n",
)
CELLS = (
    b"", b"nan", b"inf", b"1e308", b"1e999", b"-", b"<0.5", b"n.d.", b"1.2\xc2\xb10.1", b"3.4(2)", b"7b-instruct",
    b"True",
    b"[1,2]",
    b"{'a':1}", b"2021-03-04", b"1,024", b"0x1F", b"9" * 40, b'"', b"\xff", b"total", b"x" * 300,
)  # fmt: skip
MARKS = (b",", b";", b"\t", b"|", b" ")


def spoilt(table: bytes, rng: random.Random) -> bytes:
    """The table with one to four slips: another cell, a row or column more or less, another separator, an early end."""
    for _ in range(rng.randint(1, 4)):
        mark = max(MARKS, key=table.count)
        rows = [row.split(mark) for row in table.split(b"\n")]
        row, cell = rng.choice(rows), rng.choice(CELLS)
        match rng.randrange(7):
            case 0 | 1:
                row[rng.randrange(len(row))] = cell
            case 2:
                rows.insert(rng.randrange(len(rows)), list(row))
            case 3:
                rows.remove(row)
            case 4:
                place = rng.randrange(len(rows[0]))
                rows = [one if k == 0 else [*one[:place], cell, *one[place + 1 :]] for k, one in enumerate(rows)]
            case 5:
                mark = rng.choice(MARKS)
            case 6:
                return table[: rng.randrange(len(table) + 1)]
        table = b"\n".join(map(mark.join, rows))
    return table


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(8))
def test_a_spoilt_file_is_read_or_refused_with_a_sentence(seed: int, tmp_path: Path):
    rng, path, read, told = random.Random(seed), tmp_path / "runs.csv", 0, list[str]()
    for _ in range(40):
        table = rng.choice(TABLES)
        path.write_bytes(spoilt(table, rng))
        targets = [name.decode() for name in (b"loss", b"acc", b"Rep B", b"bleu") if name in table]
        try:
            read_dataset(path, [rng.choice(targets)])
        except InputError as refusal:
            told.append(str(refusal))
        else:
            read += 1
    assert read and all(one.endswith((".", "?")) and "\n" not in one for one in told)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("d_model,loss,acc\n256,5.371,7b-instruct\n256,0,0.4\n", "acc"),
        ("N,total,loss\n70M,1e308,3.1\n70M,1e308,3.0\n160M,2e308,2.8\n", "total"),
        ("dose,Rep A,Rep B\n0.1,99.89,99.18\n", "Rep B"),
        (",1,2,year\nA,0.2group004,0.1,0.3\n", "year"),
        ("temperature\nloss\nloss\nloss\n", "loss"),
        ("size,task,acc\n1B,arc,0.3\n1B,piqa,1e308\n3B,arc,0.6\n3B,piqa,0.7\n", "acc"),
    ],
)
def test_these_slips_ended_in_a_traceback_once(content: str, target: str, tmp_path: Path):
    path = tmp_path / "runs.csv"
    path.write_text(content)
    with pytest.raises(InputError):
        read_dataset(path, [target])


LETTERS = [("粘度", "cp932", "Shift-JIS"), ("점도", "cp949", "EUC-KR"), ("黏度", "big5", "Big5")]


@pytest.mark.parametrize(("target", "encoding", "said"), LETTERS)
def test_letters_in_which_the_target_is_there(target: str, encoding: str, said: str, tmp_path: Path):
    rows = "".join(f"{x},{3 + 1 / x}\n" for x in range(1, 9))
    (tmp_path / "t.csv").write_bytes(f"x,{target}\n{rows}".encode(encoding))
    data = read_dataset(tmp_path / "t.csv", [target])
    assert data.task.schema.targets == (target,) and any(f"as {said}." in one for one in data.notices)
