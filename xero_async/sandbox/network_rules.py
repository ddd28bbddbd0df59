"""The Network API v1 on the documents of today's: what it takes and gives, and where its rules differ.

Both APIs work on one store, so that each sees what the other has made. Documents are in today's form here; v1's own
names and XML are `network`'s part. What v1 took of a record are the rows below: what is not there is left out. Its
eleven interfaces are handlers as all others, by the operation's id.

Its rules have numbers, which the comments quote. An invoice came in whole and as a draft: what did not calculate was
refused, and an account, a tax type or a tracking option that the organisation has not was left empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec.structs import replace

from xero_async.preflight import NETWORK_TAX_TYPES
from xero_async.preflight.tax_types import region_of

from . import settings
from .answers import Answer, envelope, high_volume, not_found, query_refused
from .contacts import match_contact
from .ledger import match, save
from .line_accounts import CONTROLS, account_named
from .line_items import complete_lines
from .query import Condition, compile_order, compile_where
from .resources import ADDRESS, CONTACTS, INVOICES, LINE_AMOUNT_TYPES, Field, Resource, choice, list_of, object_of, text
from .resources_settings import ORGANISATIONS
from .rules import Rejected
from .store import Selection
from .values import Document, child, documents_in, is_guid, money_of, read_moment, text_of
from .whole import Call, Handler, Outcome, fetched, read_elements, save_each
from .work import Work, by_id, first

__all__ = ["DELETED", "INTERFACES"]

DELETED: Final = "DELETED"
"""What v1 called a contact that is archived."""

# http://blog.xero.com/developer/api/api10reference/
_PHONES: Final = list_of(
    "Phones",
    choice("PhoneType", "DEFAULT", "DDI", "MOBILE", "FAX"),  # contact 5
    text("PhoneNumber", 50),
    text("PhoneAreaCode", 10),
    text("PhoneCountryCode", 20),
)
_CONTACT: Final = (
    Field("ContactID", "guid"),  # contact 2
    text("ContactNumber", 50),  # contact 1
    choice("ContactStatus", "ACTIVE", DELETED),  # contact 3
    text("Name", 255),
    text("EmailAddress", 255),
    list_of("Addresses", *(field for field in ADDRESS if field.name != "AttentionTo")),  # contact 4: POBOX, STREET
    _PHONES,
    text("BankAccountDetails"),
)
_LINE: Final = (
    text("Description"),
    Field("Quantity", "quantity"),
    Field("UnitAmount", "unit"),
    text("TaxType"),
    Field("TaxAmount", "money"),
    Field("LineAmount", "money"),
    text("AccountCode"),
    list_of("Tracking", text("Name", 100), text("Option")),
)
_SUMS: Final = ("SubTotal", "TotalTax", "Total")
_INVOICE: Final = (
    Field("InvoiceID", "guid"),
    choice("Type", "ACCREC", "ACCPAY"),  # invoice 2
    object_of("Contact", *_CONTACT),
    Field("Date", "date"),
    Field("DueDate", "date"),
    text("InvoiceNumber", 255),
    text("Reference"),
    LINE_AMOUNT_TYPES,
    *(Field(name, "money") for name in _SUMS),
    choice("Status", "AUTHORISED", "DELETED", "DRAFT", "PAID", "SUBMITTED", "VOIDED"),  # invoice 8
    list_of("LineItems", *_LINE),
)
V1_CONTACTS: Final = replace(CONTACTS, accepts=_CONTACT)
V1_INVOICES: Final = replace(INVOICES, accepts=_INVOICE)
_READ_ONLY: Final = frozenset({"InvoiceID", "Status", *_SUMS})
"""What v1 looks at and today's rules work out for themselves."""


# -- invoices that come in --------------------------------------------------------------------------------------------


class _Chart(NamedTuple):
    """What lines may be matched with, where the organisation has it."""

    work: Work
    tax_types: frozenset[str]

    def matched(self, line: Document) -> Document:
        """A line without the account (invoice 6) and the tax type (invoice 10) that the organisation has not."""
        line = dict(line)
        code, tax_type = text_of(line, "AccountCode"), text_of(line, "TaxType")
        if code and not _takes_lines(account_named(self.work, {"AccountCode": code})):
            del line["AccountCode"]
        if tax_type:
            line["TaxType"] = tax_type if tax_type in self.tax_types else "NONE"
        return line


def _takes_lines(account: Document | None) -> bool:
    if account is None or text_of(account, "Status") == "ARCHIVED":
        return False
    return not {account.get("Type"), account.get("SystemAccount")} & set(CONTROLS)


def _chart(work: Work) -> _Chart:
    """The tax types of v1's table for the organisation's region, as far as it has them."""
    found = first(work, ORGANISATIONS, "1")
    organisation = (work.store.get(ORGANISATIONS, work.tenant, found) if found else None) or {}
    listed = NETWORK_TAX_TYPES.get(region_of(text_of(organisation, "CountryCode")), frozenset[str]())
    return _Chart(work, listed & work.rates.keys())


def _lines(work: Work, invoice: Document) -> list[Document]:
    """The lines, matched; what a line was tracked by and the organisation has not is left out (invoice 7)."""
    chart = _chart(work)
    lines = [chart.matched(line) for line in documents_in(invoice.get("LineItems"))]
    return [
        line | {"Tracking": [each for each in documents_in(line.get("Tracking")) if "TrackingOptionID" in each]}
        for line in complete_lines(work, invoice, lines, [])
    ]


def _contact_of(work: Work, sent: Document) -> Document:
    """Names the contact of an invoice (invoice 1): the one there is, or one that is made of all that was sent."""
    if not any(text_of(sent, name).strip() for name in ("ContactID", "ContactNumber", "Name")):
        raise Rejected("A Contact must be specified for this type of transaction")
    found = by_id(work, CONTACTS, sent)
    known = text_of(found, "ContactID") if found else match_contact(work, sent)
    if known is None:
        known = text_of(_saved_contact(work, None, sent), "ContactID")
    return {"ContactID": known}


def _check_new(work: Work, invoice: Document) -> None:
    """Only inserts are allowed (invoice 9)."""
    known, number = text_of(invoice, "InvoiceID"), text_of(invoice, "InvoiceNumber")
    if known and work.store.get(INVOICES, work.tenant, known) is not None:
        raise Rejected(f"The invoice with InvoiceID {known} exists already. Only inserts are allowed.")
    bill = '"InvoiceNumber" = ? AND "Type" = \'ACCPAY\' AND "Contact.ContactID" = ? AND "Status" != \'DELETED\''
    contact_id = text_of(child(invoice, "Contact"), "ContactID")
    if number and invoice.get("Type") == "ACCPAY" and first(work, INVOICES, bill, number, contact_id):
        raise Rejected(f"The contact has a bill with the number {number} already. Only inserts are allowed.")


def _check_sums(sent: Document, made: Document) -> None:
    """The total is the sum of subtotal and tax (invoice 3), and all three are what the lines come to."""
    sums = [money_of(sent, name) for name in _SUMS if isinstance(sent.get(name), Decimal)]
    if len(sums) == len(_SUMS) and sums[0] + sums[1] != sums[2]:
        raise Rejected(f"The Total {sums[2]} does not equal the sum of SubTotal {sums[0]} and TotalTax {sums[1]}")
    wrong = [name for name in _SUMS if name in sent and money_of(sent, name) != money_of(made, name)]
    if wrong:
        raise Rejected(
            *(f"The {name} {sent[name]} does not match the expected {name} {money_of(made, name)}" for name in wrong)
        )


def _inserted_invoice(call: Call, given: Document) -> Document:
    work = call.work
    invoice: Document = {name: value for name, value in given.items() if name not in _READ_ONLY}
    invoice |= {"Contact": _contact_of(work, child(given, "Contact")), "Status": "DRAFT"}  # invoice 8
    if invoice.get("LineAmountTypes") == "Inclusive":
        invoice["LineAmountTypes"] = "Exclusive"  # invoice 4: there are no others
    _check_new(work, invoice | {"InvoiceID": text_of(given, "InvoiceID")})
    invoice["LineItems"] = _lines(work, invoice)
    made = save(work, INVOICES, None, invoice).document  # which sees to invoice 4 and 5
    _check_sums(given, made)
    return made


# -- contacts that come in --------------------------------------------------------------------------------------------


def _saved_contact(work: Work, existing: Document | None, sent: Document) -> Document:
    number, name = text_of(sent, "ContactNumber"), text_of(sent, "Name")
    if existing is None and number and not name.strip():
        raise Rejected(f"The Contact with ContactNumber {number} could not be found.")
    contact = {field: value for field, value in sent.items() if field != "Name" or name.strip()}
    if contact.get("ContactStatus") == DELETED:
        contact["ContactStatus"] = "ARCHIVED"
    return save(work, CONTACTS, existing, contact).document


def _saved_contact_of(call: Call, given: Document) -> Document:
    return _saved_contact(call.work, match(call.work, CONTACTS, given), given)


# -- the interfaces ---------------------------------------------------------------------------------------------------


def _taken(resource: Resource, accepted: Resource, save_one: Callable[[Call, Document], Document]) -> Handler:
    """Records that are sent, each saved or told what is wrong with it; the answer is a 200 either way."""

    def handle(call: Call) -> Answer:
        call = call._replace(query={"summarizeerrors": "false"})

        def saved(sent: Document, given: Document) -> Outcome:
            made = save_one(call, given)
            body = call.store.body(resource, call.tenant, text_of(made, resource.id), call.form)
            assert body is not None
            return Outcome(body.whole(b',"StatusAttributeString":"OK"'), saved=True)

        elements = read_elements(call, resource.name, resource.item)
        return save_each(call, accepted, elements, saved, echo_id=True)

    return handle


def _one(resource: Resource) -> Handler:
    """One record, by its id, which counts more, or by its number."""
    found = fetched(resource)

    def handle(call: Call) -> Answer:
        own, number = call.query.get(resource.id.lower(), ""), call.query.get(resource.number.lower(), "")
        if own and not is_guid(own):
            raise not_found()
        if not own and not number:
            raise query_refused(f"The {resource.id} or the {resource.number} of the {resource.item} is missing.")
        return found(call._replace(path={resource.id: own} if own else {resource.number: number}))

    return handle


# http://blog.xero.com/developer/get-apixro10contacts/
_TYPES: Final[Mapping[str, str]] = {"all": "", "customers": "IsCustomer==true", "suppliers": "IsSupplier==true"}
_SORTED: Final[Mapping[str, str]] = {"name": "Name", "emailaddress": "EmailAddress"}
_DIRECTIONS: Final[Mapping[str, str]] = {"asc": "ASC", "desc": "DESC"}


def _contacts(call: Call) -> Answer:
    """All contacts, those that are deleted too; filtered and sorted."""
    kind = _chosen(call, "type", _TYPES, "all")
    order = f"{_chosen(call, 'sortBy', _SORTED, 'name')} {_chosen(call, 'direction', _DIRECTIONS, 'asc')}"
    since = _moment(call, "updatedAfter")
    where = compile_where(kind, CONTACTS) if kind else Condition("1")
    if since is not None:
        where = Condition(f"({where.sql}) AND updated > ?", (*where.values, since))
    return _all(call, CONTACTS, where, compile_order(order, CONTACTS))


def _invoices(call: Call) -> Answer:
    """All invoices and bills with their lines, or those that were made, changed or paid after a moment."""
    since = _moment(call, "modifiedSince")
    return _all(call, INVOICES, Condition("1") if since is None else Condition("updated > ?", (since,)))


def _all(call: Call, resource: Resource, where: Condition, order: str = "updated, id") -> Answer:
    """v1 had no pages."""
    count = call.store.count(resource, call.tenant, where)
    if count > call.high_volume:
        raise high_volume(count)
    return envelope(resource.name, call.store.read(resource, call.tenant, Selection(where, order), call.form), call.now)


def _chosen(call: Call, name: str, choices: Mapping[str, str], default: str) -> str:
    value = call.query.get(name.lower(), "").strip().lower() or default
    if value not in choices:
        raise query_refused(f"The value '{value[:50]}' of {name} is not one of {', '.join(choices)}.")
    return choices[value]


def _moment(call: Call, name: str) -> int | None:
    value = call.query.get(name.lower(), "").strip()
    try:
        return read_moment(value) if value else None
    except ValueError:
        raise query_refused(f"The value '{value[:50]}' is not a date for {name}.") from None


_SAVED_CONTACTS: Final = _taken(CONTACTS, V1_CONTACTS, _saved_contact_of)
_INSERTED_INVOICES: Final = _taken(INVOICES, V1_INVOICES, _inserted_invoice)

INTERFACES: Final[Mapping[str, Handler]] = {
    "v1.getAccounts": settings.HANDLERS["getAccounts"],
    "v1.import": _INSERTED_INVOICES,
    "v1.getContact": _one(CONTACTS),
    "v1.saveContact": _SAVED_CONTACTS,
    "v1.getContacts": _contacts,
    "v1.saveContacts": _SAVED_CONTACTS,
    "v1.getInvoice": _one(INVOICES),
    "v1.getInvoices": _invoices,
    "v1.insertInvoice": _INSERTED_INVOICES,
    "v1.insertInvoices": _INSERTED_INVOICES,
    "v1.getTracking": settings.HANDLERS["getTrackingCategories"],
}
"""The handler of each interface, by its operation id. Accounts and tracking take no parameters."""
