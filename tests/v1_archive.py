"""XML of the Xero Network API v1 for tests of a migration, as it was saved and as it was sent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

GUID = "00000000-0000-4000-8000-{:012d}"


def guid(number: int) -> str:
    """An id."""
    return GUID.format(number)


def tag(name: str, text: object) -> str:
    """An element; none for nothing."""
    return "" if text is None else f"<{name}>{escape(str(text))}</{name}>"


def line(
    amount: object = "100.0000",
    tax: object = "15.0000",
    *,
    quantity: object = "2.0000",
    unit: object = "50.0000",
    tax_type: object = "OUTPUT",
    account: object = "200",
    tracking: Sequence[tuple[str, str]] = (),
    more: str = "",
) -> str:
    """A line."""
    tracked = "".join(
        f"<TrackingCategory>{tag('Name', name)}{tag('Option', option)}</TrackingCategory>" for name, option in tracking
    )
    return (
        f"<LineItem>{tag('Description', 'Desk')}{tag('Quantity', quantity)}{tag('UnitAmount', unit)}"
        f"{tag('TaxType', tax_type)}{tag('TaxAmount', tax)}{tag('LineAmount', amount)}{tag('AccountCode', account)}"
        f"<Tracking>{tracked}</Tracking>{more}</LineItem>"
    )


def invoice(
    number: object = None,
    *lines: str,
    id: int | None = None,
    kind: str = "ACCREC",
    status: object = "AUTHORISED",
    contact: str = "<Name>Red House</Name>",
    totals: Sequence[object] = ("100.0000", "15.0000", "115.0000"),
    saved: object = None,
    due: object = "2009-03-25T00:00:00",
    more: str = "",
) -> str:
    """An invoice or a bill."""
    sub_total, total_tax, total = totals
    return (
        f"<Invoice>{tag('InvoiceType', kind)}{tag('InvoiceID', None if id is None else guid(id))}"
        f"<Contact>{contact}</Contact>{tag('InvoiceDate', '2009-02-25T00:00:00')}{tag('DueDate', due)}"
        f"{tag('InvoiceNumber', number)}<Reference />{tag('IncludesTax', 'true')}{tag('SubTotal', sub_total)}"
        f"{tag('TotalTax', total_tax)}{tag('Total', total)}{tag('InvoiceStatus', status)}"
        f"<LineItems>{''.join(lines or (line(),))}</LineItems>{tag('UpdatedDateUTC', saved)}{more}</Invoice>"
    )


def bill(number: object = None, *lines: str, id: int | None = None, contact: str = "<Name>Red House</Name>") -> str:
    """A bill."""
    return invoice(number, *(lines or (line(tax_type="INPUT"),)), id=id, kind="ACCPAY", contact=contact)


def contact(
    name: object, *, id: int | None = None, number: object = None, status: object = None, more: str = ""
) -> str:
    """A contact."""
    return (
        f"<Contact>{tag('ContactID', None if id is None else guid(id))}{tag('ContactNumber', number)}"
        f"{tag('ContactStatus', status)}{tag('Name', name)}{more}</Contact>"
    )


def answer(*records: str, saved: str = "2009-04-20T20:37:03.4191485Z") -> str:
    """An answer of v1, each record on a line of its own, from the third on."""
    kinds = {"Invoices": "<Invoice>", "Contacts": "<Contact>"}
    lists = ""
    for name, start in kinds.items():
        if held := [record for record in records if record.startswith(start)]:
            lists += f"<{name}>\n" + "\n".join(held) + f"\n</{name}>"
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<Response><ID>fdc02dd7-46b1-4d1b-9c55-caf893b7e5a7</ID>'
        f"<Status>OK</Status><ProviderName>XeroTest</ProviderName>{tag('DateTimeUTC', saved)}{lists}</Response>"
    )


def archive(folder: Path, **files: str) -> Path:
    """A folder with files in it: `a_xml` is called a.xml."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        (folder / f"{stem}.{ending}").write_text(text, encoding="utf-8")
    return folder
