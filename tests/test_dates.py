"""Xero's dates: read exactly, whatever their form, and the same in every time zone of the process."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xero_async.models import Date, DateTime, Invoice
from xero_async.wire import Repair, decode, encode
from xero_async.wire.dates import parse_date

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = -62_135_596_800_000
"""Milliseconds of the first moment of the year 1."""
LAST = 253_402_300_799_999
"""Milliseconds of the last moment of the year 9999."""

ZONES = ["UTC", "Pacific/Auckland", "Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kolkata", "Etc/GMT+12"]


@pytest.fixture
def zone() -> Iterator[None]:
    """Puts the zone of the process back after a test that changes it."""
    before = os.environ.get("TZ")
    yield
    os.environ.pop("TZ", None)
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def utc(*parts: int) -> datetime:
    """An instant in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]  # year, month, day and what follows


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("/Date(0)/", EPOCH),
        ("/Date(1439434356790)/", utc(2015, 8, 13, 2, 52, 36, 790_000)),
        ("/Date(1439434356790+0000)/", utc(2015, 8, 13, 2, 52, 36, 790_000)),
        ("/Date(1439434356790-0000)/", utc(2015, 8, 13, 2, 52, 36, 790_000)),
        ("/Date(1439434356790+1300)/", utc(2015, 8, 13, 2, 52, 36, 790_000)),
        ("/Date(1439434356790-0330)/", utc(2015, 8, 13, 2, 52, 36, 790_000)),
        ("/Date(1439434356790+9999)/", utc(2015, 8, 13, 2, 52, 36, 790_000)),
        ("/Date(999999999999+0000)/", utc(2001, 9, 9, 1, 46, 39, 999_000)),
        ("/Date(1000000000000+0000)/", utc(2001, 9, 9, 1, 46, 40)),
        ("/Date(3999999999999+0000)/", utc(2096, 10, 2, 7, 6, 39, 999_000)),
        ("/Date(4000000000000+0000)/", utc(2096, 10, 2, 7, 6, 40)),
        ("/Date(-1)/", utc(1969, 12, 31, 23, 59, 59, 999_000)),
        ("/Date(-1+0000)/", utc(1969, 12, 31, 23, 59, 59, 999_000)),
        ("/Date(-2208988800000+0000)/", utc(1900, 1, 1)),
        (f"/Date({FIRST}+0000)/", utc(1, 1, 1)),
        (f"/Date({LAST}+0000)/", utc(9999, 12, 31, 23, 59, 59, 999_000)),
        ("2015-08-13T02:52:36.79", utc(2015, 8, 13, 2, 52, 36, 790_000)),
        ("2015-08-13T02:52:36.7900000", utc(2015, 8, 13, 2, 52, 36, 790_000)),
        ("2019-07-09T23:40:30.1833130", utc(2019, 7, 9, 23, 40, 30, 183_313)),
        ("2015-08-13T02:52:36Z", utc(2015, 8, 13, 2, 52, 36)),
        ("2015-08-13T02:52:36+13:00", utc(2015, 8, 12, 13, 52, 36)),
        ("2015-08-13T02:52:36-0330", utc(2015, 8, 13, 6, 22, 36)),
        ("2015-08-13 02:52", utc(2015, 8, 13, 2, 52)),
        ("2015-08-13", utc(2015, 8, 13)),
        ("0001-01-01T00:00:00", utc(1, 1, 1)),
        ("9999-12-31T23:59:59Z", utc(9999, 12, 31, 23, 59, 59)),
    ],
)
def test_instants(raw: str, moment: datetime) -> None:
    """An instant is read in every form that Xero writes, in UTC; an offset behind milliseconds does not move it."""
    read = parse_date(DateTime, raw)
    assert read == moment
    assert isinstance(read, datetime)
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("/Date(0)/", date(1970, 1, 1)),
        ("/Date(1419937200000+0000)/", date(2014, 12, 30)),
        ("/Date(1419897600000+0000)/", date(2014, 12, 30)),
        ("/Date(1419983999999+0000)/", date(2014, 12, 30)),
        ("/Date(1419984000000+1300)/", date(2014, 12, 31)),
        ("/Date(1419984000000-1100)/", date(2014, 12, 31)),
        ("/Date(-86400000)/", date(1969, 12, 31)),
        ("/Date(-1)/", date(1969, 12, 31)),
        (f"/Date({FIRST})/", date(1, 1, 1)),
        (f"/Date({LAST})/", date(9999, 12, 31)),
        ("2014-12-31", date(2014, 12, 31)),
        ("2014-12-31T00:00:00", date(2014, 12, 31)),
        ("2014-12-31T00:00:00Z", date(2014, 12, 31)),
        ("2014-12-31T00:00:00+13:00", date(2014, 12, 31)),
        ("2014-12-31T23:59:59-11:00", date(2014, 12, 31)),
        ("0001-01-01T00:00:00+13:00", date(1, 1, 1)),
    ],
)
def test_days(raw: str, day: date) -> None:
    """Milliseconds are the day that they are in UTC, and ISO is the day that is written, whatever the zone behind."""
    read = parse_date(Date, raw)
    assert read == day
    assert type(read) is date


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "tomorrow",
        "0000-00-00",
        "2015-02-30",
        "2015-13-01",
        "13/08/2015",
        "20150813",
        "2015-08-13T",
        "/Date()/",
        "/Date(12a)/",
        "/Date(1439434356790+13)/",
        "/Date(1439434356790+0000)",
        "Date(1439434356790)",
        " /Date(1439434356790)/",
        "/Date(1439434356790)/\n",
        "/Date(+1439434356790)/",
        "/Date(NaN)/",
        "/Date(1439434356.790)/",
        "/Date(14394343567*0+0000)/",
        "/Date(1439434356790+0000)x",
        f"/Date({FIRST - 1})/",
        f"/Date({LAST + 1}+0000)/",
        "/Date(-999999999999999)/",
        "/Date(99999999999999999999999)/",
        "10000-01-01",
        "-001-01-01",
        "١٤٣٩-٠٨-١٣",
    ],
)
@pytest.mark.parametrize("kind", [Date, DateTime])
def test_what_is_no_date(kind: type, raw: str) -> None:
    """Anything else is a ValueError, in both kinds of field."""
    with pytest.raises(ValueError, match=r"\w"):
        parse_date(kind, raw)


@pytest.mark.parametrize("raw", ["0001-01-01T00:00:00+13:00", "9999-12-31T23:00:00-13:00", "2015-08-13T25:00:00"])
def test_what_is_no_instant(raw: str) -> None:
    """An instant that UTC cannot hold, or an hour that no day has, is a ValueError."""
    with pytest.raises(ValueError, match=r"\w"):
        parse_date(DateTime, raw)


@pytest.mark.parametrize("raw", [None, 0, 1439434356790, 1.5, True, [], ["2015-08-13"], {}, {"Date": 0}])
@pytest.mark.parametrize("kind", [Date, DateTime])
def test_what_is_not_text(kind: type, raw: object) -> None:
    """A number, a list or an object is no date, and being unhashable does no harm."""
    with pytest.raises(ValueError, match="a date is text"):
        parse_date(kind, raw)


@given(
    milliseconds=st.integers(FIRST, LAST),
    offset=st.one_of(st.just(""), st.just("+0000"), st.from_regex(r"[+-]\d{4}", fullmatch=True)),
)
def test_every_millisecond(milliseconds: int, offset: str) -> None:
    """Every millisecond of ten thousand years is read exactly, with any offset."""
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    raw = f"/Date({milliseconds}{offset})/"
    assert parse_date(DateTime, raw) == moment
    assert parse_date(Date, raw) == moment.date()


@given(st.text(alphabet="/Date()0123456789+-:TZ. ", max_size=30))
def test_near_dates(raw: str) -> None:
    """What nearly is a date gives a date or a ValueError, and nothing else."""
    for kind in (Date, DateTime):
        try:
            assert isinstance(parse_date(kind, raw), date)
        except ValueError:
            continue


@given(st.datetimes(timezones=st.just(UTC)) | st.datetimes(timezones=st.just(timezone(timedelta(hours=13)))))
def test_instants_go_out_as_they_are(moment: datetime) -> None:
    """An aware datetime that is sent and comes back is the same instant."""
    data = encode(Invoice(updated_date_utc=moment))
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return
    assert decode(Invoice, data, strict=True).updated_date_utc == moment


@given(st.dates())
def test_days_go_out_as_they_are(day: date) -> None:
    """A day is sent as YYYY-MM-DD and comes back as the same day."""
    data = encode(Invoice(date=day))
    assert data == b'{"Date":"%s"}' % day.isoformat().encode()
    assert decode(Invoice, data, strict=True).date == day


@pytest.mark.parametrize("place", ZONES)
@pytest.mark.usefixtures("zone")
def test_no_zone_shifts_a_date(place: str) -> None:
    """The same bytes are the same days and instants in every time zone of the process, and go out the same."""
    os.environ["TZ"] = place
    time.tzset()
    data = (
        b'{"Date": "/Date(1419984000000+0000)/", "DueDate": "2014-12-31T00:00:00", "FullyPaidOnDate": "/Date(-1)/",'
        b' "UpdatedDateUTC": "/Date(1419984000001)/"}'
    )
    invoice = decode(Invoice, data, strict=True)
    assert (invoice.date, invoice.due_date) == (date(2014, 12, 31), date(2014, 12, 31))
    assert invoice.fully_paid_on_date == date(1969, 12, 31)
    assert invoice.updated_date_utc == utc(2014, 12, 31, 0, 0, 0, 1000)
    sent = b'{"Date":"2014-12-31","DueDate":"2014-12-31","FullyPaidOnDate":"1969-12-31",'
    assert encode(invoice) == sent + b'"UpdatedDateUTC":"2014-12-31T00:00:00.001000Z"}'


@pytest.mark.parametrize("raw", [b"[]", b'["2015-08-13"]', b"{}", b'{"a": [1]}', b"12", b"true", b'"soon"'])
def test_an_odd_date_costs_only_itself(raw: bytes) -> None:
    """A list, an object, a number or a word where a date belongs leaves that field None, and is reported."""
    repairs: list[Repair] = []
    data = b'{"Date": %s, "UpdatedDateUTC": %s, "Reference": "kept"}' % (raw, raw)
    assert decode(Invoice, data, repairs=repairs) == Invoice(reference="kept")
    assert [(repair.path, repair.kept) for repair in repairs] == [("$.Date", False), ("$.UpdatedDateUTC", False)]
