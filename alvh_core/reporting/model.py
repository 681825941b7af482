"""The shapes of the report: frozen, plain strings and numbers, ready to be laid out. No frames and no logic here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """One entry of a table.

    Attributes
    ----------
    text : str
        As shown.
    tone : str
        ``good``, ``bad``, ``warn``, ``mute`` or none; never the only carrier of a meaning.
    note : str
        More words, for whoever asks.
    bar : float, optional
        Length of a bar drawn with the text. [0 to 100]
    """

    text: str
    tone: str = ""
    note: str = ""
    bar: float | None = None


@dataclass(frozen=True)
class Column:
    """Heading of a column: its label, what it means, and whether it holds numbers."""

    label: str
    note: str = ""
    is_number: bool = True

    @classmethod
    def words(cls, label: str, note: str = "") -> "Column":
        """Head a column of words."""
        return cls(label, note, is_number=False)


@dataclass(frozen=True, kw_only=True)
class Row:
    """Cells, one per column; a row with a heading and no cells opens a group."""

    cells: tuple[Cell, ...] = ()
    heading: str = ""
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Any table; ``empty`` is said where there are no rows."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str = "Nothing."


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One key number of the night."""

    label: str
    value: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One question of the article, answered in a sentence, with what stands behind it."""

    question: str
    lead: str
    points: tuple[str, ...]
    table: Table | None = None


@dataclass(frozen=True, kw_only=True)
class Headline:
    """What a reader must know before anything else."""

    trade_date: str
    weekday: str
    source_mode: str
    outcome: str
    outcome_reason: str
    facts: tuple[Fact, ...]
    answers: tuple[Answer, ...]

    @property
    def is_simulated(self) -> bool:
        """Whether the quotes are made up."""
        return self.source_mode == "simulated"


@dataclass(frozen=True, kw_only=True)
class MatrixCell:
    """A ladder in the verdict matrix.

    Attributes
    ----------
    symbol, word : str
        Tonight's state as a sign and in words.
    reading : str
        Spread of the premium; in brackets where a leg is missing.
    verdict, verdict_symbol : str
    tone : str
    reason_no : int, optional
        Entry of `Matrix.reasons`; None for a deployable ladder.
    note : str
        Everything in one line.
    """

    symbol: str
    word: str
    reading: str
    verdict: str
    verdict_symbol: str
    tone: str
    reason_no: int | None
    note: str


@dataclass(frozen=True, kw_only=True)
class MatrixRow:
    """A host: one cell per column, None where the variant does not exist."""

    host: str
    remark: str
    cells: tuple[MatrixCell | None, ...]
    verdict: str


@dataclass(frozen=True, kw_only=True)
class MatrixGroup:
    """An asset class and its hosts."""

    label: str
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A distinct reason for blocking, and which ladders it blocks."""

    number: int
    text: str
    who: str
    ladders_count: int


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Host by variant: tonight's state and the verdict."""

    columns: tuple[Column, ...]
    groups: tuple[MatrixGroup, ...]
    reasons: tuple[Reason, ...]
    legend: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, kw_only=True)
class LegTable:
    """The legs of one ladder, or of several in one chain, and how the filter reads them."""

    title: str
    remark: str
    summary: str
    tone: str
    table: Table


@dataclass(frozen=True, kw_only=True)
class SpreadBox:
    """Distribution of relative spreads of one underlying over the ladder's tenor windows; all as fractions of mid."""

    label: str
    class_key: str
    class_label: str
    low: float
    lower: float
    median: float
    upper: float
    high: float
    layer_medians: tuple[float, ...]
    band_count: int
    two_sided_count: int
    listed_count: int


@dataclass(frozen=True, kw_only=True)
class SpreadPlot:
    """Boxes sorted by median, the limit, and the underlyings that have nothing to draw."""

    boxes: tuple[SpreadBox, ...]
    limit_frac: float
    layer_labels: tuple[str, ...]
    without: str


@dataclass(frozen=True, kw_only=True)
class LegMark:
    """A hedge leg on the trigger plot."""

    label: str
    days: int
    strike: float
    break_even: float


@dataclass(frozen=True, kw_only=True)
class TriggerPlot:
    """Close of the trigger index, the layers' levels and the index's forwards, in VIX points and days."""

    close: float | None
    levels: tuple[float, ...]
    disarm_levels: tuple[float, ...]
    curve: tuple[tuple[int, float], ...]
    legs: tuple[LegMark, ...]


@dataclass(frozen=True, kw_only=True)
class Triggers:
    """Triggers and state machine."""

    lead: str
    remark: str
    plot: TriggerPlot
    table: Table


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Whether the night's data can be trusted."""

    balance: str
    is_balanced: bool
    checks: Table
    broken: Table
    quarantine: Table
    clocks: Table


@dataclass(frozen=True, kw_only=True)
class Foot:
    """Rules, terms and provenance."""

    rules: tuple[str, ...]
    glossary: tuple[tuple[str, str, str], ...]
    provenance: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A lead, tables, and a remark; ``anchor`` is its place on the page, ``short`` its word in the navigation."""

    anchor: str
    short: str
    title: str
    lead: str
    tables: tuple[Table, ...]
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class NightView:
    """The whole page, in reading order."""

    headline: Headline
    classes: Table
    news: Table
    matrix: Matrix
    hedge_legs: tuple[LegTable, ...]
    native_legs: LegTable
    spread_plot: SpreadPlot
    class_scores: Table
    underlying_scores: Table
    triggers: Triggers
    sections: tuple[Section, ...]
    volatility: Table
    quality: Quality
    missing: Table
    foot: Foot


@dataclass(frozen=True, kw_only=True)
class Trend:
    """A rule over the last nights, oldest first: share of rows at fault, None for a night that did not evaluate it."""

    shares: tuple[float | None, ...]
    dates: tuple[str, ...]
    words: str

    @property
    def is_flat(self) -> bool:
        """Whether no row was ever at fault: nothing to draw."""
        return not any(self.shares)

    @property
    def bars(self) -> tuple[tuple[int, float, str], ...]:
        """Place, height in per cent of the highest and words of each bar; a night without the rule has none."""
        top = max(filter(None, self.shares), default=1.0)
        told = zip(self.shares, self.dates, strict=True)
        return tuple((at, 100.0 * s / top, f"{day}: {s:.3%}") for at, (s, day) in enumerate(told) if s is not None)


@dataclass(frozen=True, kw_only=True)
class RuleRow:
    """One rule of a suite tonight."""

    code: str
    text: str
    why: str
    takes: str
    looked: str
    faults: str
    is_broken: bool
    is_declared: bool
    trend: Trend


@dataclass(frozen=True, kw_only=True)
class SuiteView:
    """The rules of one dataset; ``anchor`` is its place on the page.

    ``rules`` are told first, ``declared`` are those that held and only follow from what the columns are declared to be.
    """

    dataset: str
    anchor: str
    summary: str
    tone: str
    rules: tuple[RuleRow, ...]
    declared: tuple[RuleRow, ...]

    @property
    def is_broken(self) -> bool:
        """Whether a rule is."""
        return any(rule.is_broken for rule in self.rules)


@dataclass(frozen=True, kw_only=True)
class RejectGroup:
    """What one rule took out, with examples."""

    code: str
    title: str
    why: str
    examples: Table


@dataclass(frozen=True, kw_only=True)
class QualityPage:
    """The quality page, in reading order."""

    trade_date: str
    weekday: str
    source_mode: str
    verdict: str
    tone: str
    balance: str
    is_balanced: bool
    facts: tuple[Fact, ...]
    overview: Table
    rejects: Table
    groups: tuple[RejectGroup, ...]
    suites: tuple[SuiteView, ...]
    missing: Table
    clocks: Table
    provenance: tuple[tuple[str, str], ...]

    @property
    def is_simulated(self) -> bool:
        """Whether the quotes are made up."""
        return self.source_mode == "simulated"
