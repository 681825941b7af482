"""How an answer leaves the program: nothing is lost, nothing breaks on odd values."""

import io
import json
from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from alvh_core.errors import ContractError
from flows.output import aligned, as_text, check_format, write_frame

FRAME = pd.DataFrame({
    "trade_date": [date(2026, 7, 16), date(2026, 7, 17)], "host": ["SPX", "[red]X[/nope] :smile:"],
    "s_ladder_frac": [0.0321, None], "price_usd": [7500.125, 1e-9], "units": pd.Series([4, None], dtype="Int64"),
    "is_armed": [True, False], "at": pd.to_datetime(["2026-07-16T20:15:00Z", None]), "legs": [[1, 2], None],
    "sum": [Decimal("12"), None], "text": ["a\nb", None],
})  # fmt: skip


def test_a_table_is_as_wide_as_it_needs_to_be():
    lines = as_text(FRAME).split("\n")
    assert len(lines) == 4
    assert lines[-1] == "2 rows"
    assert "[red]X[/nope] :smile:" in lines[2], "text is text"
    assert "7500.125" in lines[1]
    assert "2026-07-16 " in lines[1]
    assert "a b" in lines[1]
    assert "nan" not in as_text(FRAME).lower().replace("nope", "")
    assert lines[0].split()[:3] == ["trade_date", "host", "s_ladder_frac"]


def test_numbers_stand_to_the_right():
    lines = as_text(pd.DataFrame({"n": [1, 1000], "name": ["a", "b"]})).split("\n")
    assert lines[:3] == ["   n  name", "   1  a", "1000  b"]


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame({"a": [None]})])
def test_few_rows(frame, capsys):
    for output in ("table", "csv", "json"):
        write_frame(frame, output)
    assert f"{len(frame)} row" in capsys.readouterr().out


def test_wide_tables_are_not_cut(capsys):
    frame = pd.DataFrame({f"column_{i}": ["x" * 30] for i in range(30)})
    write_frame(frame, "table")
    assert max(map(len, capsys.readouterr().out.split("\n"))) == 30 * 30 + 29 * 2


def test_csv(capsys):
    write_frame(FRAME[["trade_date", "s_ladder_frac", "price_usd", "units", "text"]], "csv")
    text = capsys.readouterr().out
    assert text.startswith("trade_date,s_ladder_frac,price_usd,units,text\n2026-07-16,0.0321,7500.125,4,")
    assert pd.read_csv(io.StringIO(text))["s_ladder_frac"].tolist()[0] == 0.0321


def test_json_keeps_every_digit(capsys):
    write_frame(
        pd.DataFrame({"a": [0.1 + 0.2, None], "d": [date(2026, 7, 16), None], "s": ["\u00fc", "\u2028"]}), "json"
    )
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["a"] == pytest.approx(0.1 + 0.2, rel=1e-14)
    assert rows[0]["d"].startswith("2026-07-16")
    assert rows[1] == {"a": None, "d": None, "s": "\u2028"}


def test_parquet_round_trip(capsysbinary):
    frame = FRAME.drop(columns="legs")
    write_frame(frame, "parquet")
    back = pd.read_parquet(io.BytesIO(capsysbinary.readouterr().out))
    assert back["price_usd"].tolist() == [7500.125, 1e-9]
    assert back["units"].tolist()[0] == 4


@pytest.mark.parametrize("output", ["json", "parquet"])
def test_columns_of_one_name(output):
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"])
    with pytest.raises(ContractError, match=f"--format {output}: expected different column names, found a twice"):
        write_frame(frame, output)


def test_a_table_may_have_columns_of_one_name(capsys):
    write_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]), "table")
    assert capsys.readouterr().out.startswith("a  a\n1  2\n")


def test_an_unknown_format():
    with pytest.raises(ContractError, match="--format: expected one of table, csv, json, parquet, found 'xml'"):
        write_frame(FRAME, "xml")


def test_parquet_is_not_for_a_terminal(monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pytest.raises(ContractError, match="send them to a file"):
        check_format("parquet")


def test_aligned():
    assert aligned([["host", "SPX"], ["verdict", "INSUFFICIENT"]]) == "host  verdict\nSPX   INSUFFICIENT"
