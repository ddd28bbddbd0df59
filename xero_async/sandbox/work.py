"""The ground that the rules of all resources stand on: where and when they work, and how a change is
stored.

A rule takes what a client sent (already cut down by `rules.accept`) and the document it updates, if any,
and gives the document to store. `rules.Rejected` carries Xero's messages and leaves the store as it was,
because each element of a batch is saved within an `attempt` of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from .entries import SETTLING, Unpostable, postings_of
from .rates import TAX_RATES as STANDARD_RATES
from .resources import Resource
from .resources_settings import TAX_RATES
from .rules import Rates, Rejected
from .store import Note, Store
from .values import DAY, Document, documents_in, money_of, text_of, written_date

USER: Final = "Sandbox User"


class Work(NamedTuple):
    """Where and when a rule works: a tenant, the clock in milliseconds, the decimals of unit amounts."""

    store: Store
    tenant: int
    now: int
    places: int = 2

    @property
    def rates(self) -> Rates:
        """The tenant's tax rates in percent: the standard ones, and those that clients have made."""
        own = self.store.find(TAX_RATES, self.tenant, "id LIKE 'TAX%' AND \"Status\" = 'ACTIVE'")
        made = [self.store.get(TAX_RATES, self.tenant, each) or {} for each in own]
        return STANDARD_RATES | {text_of(rate, "TaxType"): money_of(rate, "EffectiveRate") for rate in made}

    @property
    def today(self) -> int:
        """Midnight UTC of the clock's day."""
        return self.now - self.now % DAY


class Change(NamedTuple):
    """A document to store, and the warnings that go with it."""

    document: Document
    warnings: tuple[str, ...] = ()


Saver = Callable[[Work, Document | None, Document], Change]
Matcher = Callable[[Work, Document], str | None]


def put(work: Work, resource: Resource, document: Document, changes: str, details: str = "") -> None:
    """Stores a document that changed: `Created` adds it, anything else replaces it. Its change date moves
    on.
    """
    at = work.store.tick(work.tenant, work.now)
    if resource.dated:
        document["UpdatedDateUTC"] = written_date(at)
    store = work.store.add if changes == "Created" else work.store.replace
    store(resource, work.tenant, document)
    post(work, resource, document, at)
    if not details:
        details = f"{text_of(document, resource.number) or text_of(document, 'Name')} {text_of(document, 'Status')}"
    work.store.note(work.tenant, text_of(document, resource.id), [Note(at, changes, USER, details.strip())])


def post(work: Work, resource: Resource, document: Document, at: int) -> None:
    """Posts what a document says to the books; what was posted for its money follows when its lines moved."""

    def look(other: Resource, document_id: str) -> Document | None:
        return work.store.get(other, work.tenant, document_id)

    try:
        wanted = postings_of(resource, document, look)
    except Unpostable:
        raise Rejected("The document total is out of range.") from None
    if work.store.postings.post(work.tenant, text_of(document, resource.id), wanted, at):
        for name, settling in SETTLING:
            for each in documents_in(document.get(name)):
                found = look(settling, text_of(each, settling.id))
                if found is not None:
                    post(work, settling, found, at)


def first(work: Work, resource: Resource, where: str, *values: str) -> str | None:
    """The id of the document, of those that fulfil an SQL condition, that changed last."""
    return next(iter(work.store.find(resource, work.tenant, where, *values)), None)


def by_id(work: Work, resource: Resource, given: Document) -> Document | None:
    """The document whose id a client sent, None when it sent none; `Rejected` when there is no such
    document.
    """
    document_id = text_of(given, resource.id)
    if not document_id:
        return None
    found = work.store.get(resource, work.tenant, document_id)
    if found is None:
        raise Rejected(f"The {resource.item} with {resource.id} {document_id} could not be found.")
    return found
