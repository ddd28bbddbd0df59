"""The table of ratios: what is measured, beside whom, and what it is to reach. Data, and how to read it.

A row takes one figure of one case. Beside a contestant it is a ratio: how many times as much the other needs, where
higher is better, or how many times as much this package needs, where lower is. With nobody beside, it is the figure
itself.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from benchmarks.figures import OURS
from benchmarks.imports import PAIR
from benchmarks.peers import PYXERO, XERO_PYTHON


class Row(NamedTuple):
    """One line of the table."""

    what: str
    case: str
    figure: str
    beside: str
    """A contestant, or nobody."""
    better: Literal["higher", "lower"]
    reach: float | None = None
    """What the ratio is to be, at least or at most; None where it is only told."""
    ours: str = OURS
    factor: float = 1.0
    """Makes the figure one of `unit`."""
    unit: str = ""
    slack: float = 0.0
    """A change of no more than this is noise, whatever part of the ratio it is."""

    @property
    def key(self) -> str:
        """What its ratio is kept under."""
        beside = f" beside {self.beside}" if self.beside else ""
        return f"{self.case}: {self.figure} of {self.ours}{beside}"


FLOOR, JSON = "msgspec, floats and text", "json, dicts"
INVOICES, CONTACTS = "decode 1,000 invoices of 5 lines", "decode 1,000 contacts"
HELD, COLLECTED = "memory of 10,000 invoices held", "time in the garbage collector over them"
LIST, LIST_CPU = "list all of 20,000 invoices, end to end", "the same, CPU of the client for a record"
LIST_ALIKE, UNCOMPRESSED = "the same, neither side compressed", "xero_async, uncompressed"
EXPORT = "export under the limits"
CALL, CALL_100 = "CPU of a call for 1 invoice", "CPU of a call for 100 invoices"
CREATE = "500 invoices created while 5 % of the answers are dropped"
MINUTE = "10,000 calls of 1,000 tenants a minute, pages of 100"
IMPORT, SIZE, NUMBER = "time to import", "installed size", "distributions it brings along"
SHARED, TURN = "60 calls a minute shared by 4 processes", "a shared turn"

ROWS = (
    Row(INVOICES, "decode invoices", "cpu", XERO_PYTHON, "higher", 12),
    Row(INVOICES, "decode invoices", "cpu", PYXERO, "higher", 4.5),
    Row(INVOICES, "decode invoices", "cpu", "pydantic", "higher"),
    Row(INVOICES, "decode invoices", "cpu", JSON, "higher", 1),
    Row(INVOICES, "decode invoices", "cpu", "orjson, dicts", "higher"),
    Row(INVOICES, "decode invoices", "cpu", FLOOR, "lower", 1.9),
    Row(CONTACTS, "decode contacts", "cpu", XERO_PYTHON, "higher", 15),
    Row(CONTACTS, "decode contacts", "cpu", PYXERO, "higher", 4.5),
    Row(CONTACTS, "decode contacts", "cpu", "pydantic", "higher"),
    Row(CONTACTS, "decode contacts", "cpu", JSON, "higher", 1),
    Row(CONTACTS, "decode contacts", "cpu", "orjson, dicts", "higher"),
    Row(CONTACTS, "decode contacts", "cpu", FLOOR, "lower", 1.8),
    Row(HELD, "hold invoices", "memory", XERO_PYTHON, "lower", 0.7),
    Row(HELD, "hold invoices", "memory", PYXERO, "lower"),
    Row(HELD, "hold invoices", "memory", "pydantic", "lower"),
    Row(COLLECTED, "hold invoices", "gc", XERO_PYTHON, "lower", 0.08, slack=0.03),
    Row(COLLECTED, "hold invoices", "gc", PYXERO, "lower", slack=0.05),
    Row(LIST, "list", "wall", XERO_PYTHON, "higher", 8),
    Row(LIST, "list", "wall", "xero-python in 5 threads", "higher", 8),
    Row(LIST, "list", "wall", PYXERO, "higher", 8),
    Row(LIST_ALIKE, "list", "wall", XERO_PYTHON, "higher", 8, ours=UNCOMPRESSED),
    Row(LIST_ALIKE, "list", "wall", "xero-python in 5 threads", "higher", 8, ours=UNCOMPRESSED),
    Row(LIST_CPU, "list", "cpu", XERO_PYTHON, "higher"),
    Row(LIST_CPU, "list", "cpu", PYXERO, "higher"),
    Row(f"{LIST}, pages of 100", "list by 100", "wall", XERO_PYTHON, "higher"),
    Row(f"{LIST}, pages of 100", "list by 100", "wall", PYXERO, "higher"),
    Row(f"{EXPORT}: share of the best possible", EXPORT, "share", "", "higher", 0.98),
    Row(f"{EXPORT}: calls rejected", EXPORT, "rejected", "", "lower", 0),
    Row(CALL, "call", "cpu", "aiohttp", "lower", 1.15),
    Row(CALL, "call", "cpu", "httpx", "lower"),
    Row(CALL, "call", "cpu", "requests", "lower"),
    Row(CALL_100, "call of 100", "cpu", "aiohttp", "lower", 1.15),
    Row(CALL_100, "call of 100", "cpu", "httpx", "lower"),
    Row(CALL_100, "call of 100", "cpu", "requests", "lower"),
    Row(f"{CREATE}: duplicates", "create over a bad line", "duplicates", "", "lower", 0),
    Row(f"{CREATE}: fate unknown", "create over a bad line", "unknown", "", "lower", 0),
    Row(f"{MINUTE}: part of a core", "a minute of the app", "core", "", "lower", 0.5, ours="pages of 100"),
    Row("a call with 1,000 tenants", "tenants", "cpu", "10 tenants", "lower", 1.15, ours="1,000 tenants"),
    Row(IMPORT, "install and import", "import", PAIR, "lower", 1.25),
    Row(IMPORT, "install and import", "import", XERO_PYTHON, "lower"),
    Row(IMPORT, "install and import", "import", PYXERO, "lower"),
    Row(SIZE, "install and import", "size", PAIR, "lower", 1.25),
    Row(SIZE, "install and import", "size", XERO_PYTHON, "lower"),
    Row(SIZE, "install and import", "size", PYXERO, "lower"),
    Row(NUMBER, "install and import", "dependencies", PAIR, "lower", 1.25),
    Row(NUMBER, "install and import", "dependencies", XERO_PYTHON, "lower"),
    Row(NUMBER, "install and import", "dependencies", PYXERO, "lower"),
    Row(f"{TURN}, on loopback", "shared turn", "wall", "", "lower", 250, factor=1e6, unit="µs"),
    Row(TURN, "shared turn", "wall", "limits, moving window", "lower"),
    Row(TURN, "shared turn", "wall", "pyrate-limiter", "lower"),
    Row(f"{SHARED}: most in any minute", "shared window", "in window", "", "lower", 60),
    Row(f"{SHARED}: most in flight", "shared window", "in flight", "", "lower", 5),
    Row(f"{SHARED}: share of the best possible", "shared window", "share", "", "higher", 0.97),
    Row("decode and write JSON Lines, times decoding alone", "export", "times", "", "lower", 1.3, ours="JsonLines"),
    Row("decode and write Parquet, times decoding alone", "export", "times", "", "lower", 3.3, ours="Parquet"),
)


class Column(NamedTuple):
    """A figure in a table of absolute ones."""

    heading: str
    figure: str
    factor: float = 1.0


class Table(NamedTuple):
    """The absolute figures of some cases with the same columns."""

    title: str
    note: str
    """What was done, in Markdown."""
    cases: tuple[tuple[str, str], ...]
    """Each case, and what it is called in the table."""
    columns: tuple[Column, ...]
    plot: str = ""
    """The name of a plot."""


TABLES = (
    Table(
        "Decoding",
        "CPU to read an answer of 1,000 records, by each client's own means (`benchmarks/decoders.py`). The floor is "
        "msgspec with the same structs, but floats for money and text for dates: what speed costs when exactness is "
        "given up. The dicts hold floats and text too. The best of several pages in a process, the median of the "
        "processes.",
        (("decode invoices", "invoices"), ("decode contacts", "contacts")),
        (Column("µs a record", "cpu", 1e6),),
        "decode",
    ),
    Table(
        "Holding",
        "10,000 invoices of 5 lines, read page by page and kept: by how much the process has grown, how long Python's "
        "garbage collector ran meanwhile, and how long one full collection takes while all are held. The last two "
        "hold what the interpreter and its modules take by themselves, about the same for all.",
        (("hold invoices", "invoices"),),
        (
            Column("kB a record", "memory", 1e-3),
            Column("ms in the collector", "gc", 1e3),
            Column("ms, a full collection", "full", 1e3),
        ),
        "held",
    ),
    Table(
        "Listing",
        "All of 20,000 invoices (a quick run: 4,000) from a sandbox in a process of its own, with no limits. All ask "
        "for pages of the same size. xero_async draws pages ahead, five at a time; xero-python and pyxero offer a loop "
        "over the pages. The line of aiohttp reads the pages and decodes nothing: the sandbox needs its time for each "
        "page, and nobody can be quicker than that. It compresses its answers for those who take them so, as Xero "
        "does: all but xero-python, and xero_async where it was told not to. Here, where bytes take no time, that only "
        "costs; over a network it is what saves most. The extra `[speed]` is installed, so that the sandbox's own time "
        "for it does not hide the clients: without it, packing takes it four times as long.",
        (("list", "pages of 1,000"), ("list by 100", "pages of 100")),
        (Column("seconds", "wall"), Column("µs of CPU a record", "cpu", 1e6), Column("MB at most", "peak", 1e-6)),
        "list",
    ),
    Table(
        "Under the limits",
        "170 pages from a sandbox that keeps 60 calls in any minute and 5 in flight, at 0.2 s a call. The best "
        "possible time is that of 60 calls as fast as 5 at once can, and each further call a minute after the sixtieth "
        "before it. aiolimiter is `AsyncLimiter(60, 60)` around aiohttp, five calls at once; aiometer one call a "
        "second and five at once; both ask again after `Retry-After`. xero-python is a loop over the pages, and its "
        "urllib3 repeats by default what was rejected with a `Retry-After`. The pace of aiometer is that of the "
        "limit from the first call on, so it loses a minute's calls once, not in every minute. A quick run has "
        "minutes of 3 seconds, where overheads and the whole seconds of `Retry-After` weigh twenty times as much. "
        "The lower picture is that of the limits shared by processes, further down.",
        (("export under the limits", "pages"),),
        (
            Column("share of the best possible", "share"),
            Column("calls rejected", "rejected"),
            Column("s of CPU", "cpu"),
        ),
        "limits",
    ),
    Table(
        "A call",
        "A server in a process of its own answers at once with a page of invoices. All decode it with this package's "
        "decoder, each call asks for another page, and CPU is that of the client's process alone. aiohttp does the "
        "least that a program can do: its session, a URL and three headers; it keeps no limits and repeats nothing.",
        (("call", "1 invoice"), ("call of 100", "100 invoices")),
        (Column("µs of CPU", "cpu", 1e6),),
        "call",
    ),
    Table(
        "Creating over a bad line",
        "500 invoices, each a call of its own, and a line on which every twentieth answer or so is dropped after the "
        "work is done. xero_async sends again with the idempotency key of the call. xero-python's urllib3 sends a PUT "
        "again by itself, and has no key unless its user makes one. pyxero raises: its user sends again, or does not "
        "know.",
        (("create over a bad line", "invoices"),),
        (
            Column("invoices too many", "duplicates"),
            Column("fate unknown", "unknown"),
            Column("missing", "missing"),
            Column("answers dropped", "dropped"),
        ),
    ),
    Table(
        "Many tenants",
        "The same number of calls for small pages, spread over so many tenants, 50 at a time, with limits that are "
        "kept, but so wide that nobody waits; and what Xero allows an app in a minute, 10,000 calls, over 1,000 "
        "tenants and under Xero's own limits (a quick run: a fifth of it). The part of a core is CPU of the client "
        "over a minute. The picture is at the calls, above.",
        (("tenants", "calls"), ("a minute of the app", "10,000 calls")),
        (Column("µs of CPU a call", "cpu", 1e6), Column("part of a core", "core")),
    ),
    Table(
        "Installing and importing",
        "What a first program imports, in fresh interpreters: their CPU less that of an empty one. Size is that of the "
        "distribution and all that it requires, without byte code and optional requirements.",
        (("install and import", ""),),
        (
            Column("ms to import", "import", 1e3),
            Column("MB installed", "size", 1e-6),
            Column("distributions it brings along", "dependencies"),
        ),
        "import",
    ),
    Table(
        "Limits shared by processes",
        "Through a Redis on loopback, every limiter as its own documents show it. Four processes of eight coroutines "
        "make 180 calls: one each, then nothing for most of a minute, then all the rest. A server that allows all "
        "counts the most calls that came within any minute, and the most in flight; Xero allows 60 and 5, and of these "
        "limiters only xero_async's knows of the second. A share above 1 is that of a limiter that does not keep the "
        "limit. The minute has 20 seconds here (a quick run: 3).",
        (("shared window", "60 a minute"),),
        (
            Column("most in any minute", "in window"),
            Column("most in flight", "in flight"),
            Column("share of the best possible", "share"),
        ),
    ),
    Table(
        "",
        "The cost of one turn, with limits so wide that nobody waits. What xero_async does for it that the others do "
        "not: it counts the calls in flight, the day and the app's minute as well, and gives back what a process that "
        "died has held.",
        (("shared turn", "a turn"),),
        (Column("µs", "wall", 1e6), Column("µs of CPU", "cpu", 1e6)),
    ),
    Table(
        "Exporting",
        "Pages of 1,000 invoices of 5 lines decoded and written to a file, beside decoding alone.",
        (("export", "invoices"),),
        (
            Column("times decoding alone", "times"),
            Column("µs of CPU to write a record", "writing", 1e6),
            Column("bytes a record", "size"),
        ),
    ),
)
