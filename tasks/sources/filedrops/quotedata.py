"""The CSV that the exchange's web page downloads: calls and puts in one row under the same names twice.

Two lines stand above the names: the underlying with its price, and the moment of the download in the reader's language.
That moment is the clock of the quotes, so a file saved in the evening is after hours, whatever it shows.
"""

import csv
import re
from zoneinfo import ZoneInfo

import pandas as pd

from alvh_core.errors import SkippableError
from alvh_core.quotes import ChainHeader
from alvh_core.sessions import NEW_YORK, TradingCalendar
from alvh_core.universe import Asset
from tasks.sources.filedrops.layout import Drop, Part, wire_table
from tasks.sources.filedrops.localised import read_moment
from tasks.sources.filedrops.rows import read_rows
from tasks.sources.limits import MAX_CONTRACTS

_SIDE = {"bid": "Bid", "ask": "Ask", "iv": "IV", "delta": "Delta", "volume": "Volume", "open_interest": "Open Interest"}
_NAMES = b"Expiration Date,"
_LAST = re.compile(r"Last:\s*([0-9.]+)")


class QuoteData:
    """The layout; it is no plain table."""

    name = "cboe_quotedata"
    needs = ("Expiration Date", "Calls", "Puts", "Strike", "Bid", "Ask", "IV", "Delta", "Volume", "Open Interest")

    def split(self, body: bytes, where: str) -> list[Part]:
        """One file is one chain; whose, its first contract says."""
        _, rows = self._rows(body, where)
        root = rows["Calls"].fillna("").str.strip().str.slice(0, -15)
        return [Part(symbol=str(root.mode().iloc[0]), body=body)]

    def read(self, body: bytes, asset: Asset, url: str, calendar: TradingCalendar) -> Drop:
        """Read the chain.

        Raises
        ------
        SkippableError
            No date that can be told, or an expiry that contradicts its own contract.
        """
        where = f"{asset.symbol}: {url}"
        head, rows = self._rows(body, where)
        moment = read_moment(_date_line(head, where), where).astimezone(ZoneInfo(NEW_YORK))
        sides = [rows[["Calls", *_SIDE.values()]], rows[["Puts", *(f"{name}.1" for name in _SIDE.values())]]]
        option = pd.concat([side.iloc[:, 0] for side in sides], ignore_index=True).fillna("?").str.strip()
        values = pd.concat(
            [side.iloc[:, 1:].set_axis(list(_SIDE), axis="columns") for side in sides], ignore_index=True
        )
        if len(option) > MAX_CONTRACTS:
            raise SkippableError(f"{where}: expected at most {MAX_CONTRACTS} contracts, found {len(option)}; refused")
        _check_expiries(rows, where)
        last = _LAST.search(head)
        header = ChainHeader(
            symbol=asset.symbol, url=url, quote_at=moment.replace(tzinfo=None), contracts_count=len(option),
            underlying_price_usd=float(last[1]) if last and last[1].count(".") < 2 else float("nan"),
        )  # fmt: skip
        return Drop(header=header, table=wire_table(asset.symbol, option, values), venue_scope="cboe_page_download",
                    claimed=moment.date())  # fmt: skip

    def _rows(self, body: bytes, where: str) -> tuple[str, pd.DataFrame]:
        at = body.find(_NAMES)
        if at < 0:
            raise SkippableError(f"{where}: expected a line of names that begins with {_NAMES.decode()!r}")
        try:
            head = body[:at].removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        except UnicodeDecodeError as error:
            raise SkippableError(f"{where}: expected UTF-8 above the names: {error}") from error
        return head, read_rows(body[at:], where)[1]


def _date_line(head: str, where: str) -> str:
    """Return what stands after ``Date:``; older files quote it, younger ones do not, and dates hold commas."""
    for row in csv.reader(head.splitlines()):
        line = ",".join(row)
        if line.startswith("Date:"):
            return line.removeprefix("Date:").partition(",Bid:")[0].strip()
    raise SkippableError(f"{where}: expected a line that begins with 'Date:' above the names, found {head[:80]!r}")


def _check_expiries(rows: pd.DataFrame, where: str) -> None:
    """Refuse a file whose expiry column and contracts disagree: somebody has edited it."""
    said = pd.to_datetime(rows["Expiration Date"].str.strip(), format="%a %b %d %Y", errors="coerce")
    own = rows["Calls"].fillna("").str.strip().str.slice(-15, -9)
    wrong = said.notna() & (said.dt.strftime("%y%m%d") != own)
    if wrong.any():
        raise SkippableError(f"{where}: {int(wrong.sum())} rows whose Expiration Date is not their contract's, the "
                             f"first is {rows.loc[wrong, 'Calls'].iloc[0]}; the file was edited")  # fmt: skip
