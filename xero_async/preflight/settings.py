"""What is checked of contacts, groups, items, employees, tax rates and payment services."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from ..models import (
    Address,
    BatchPaymentDetails,
    Bill,
    Contact,
    ContactGroup,
    ContactPerson,
    Employee,
    ExternalLink,
    Item,
    PaymentService,
    PaymentTerm,
    Phone,
    TaxComponent,
    TaxRate,
)
from .documents import CONTACT_ID, made_up_id, missing, one_of
from .findings import Ground, Rule, Unique
from .lines import PRICE, has_text
from .numbers import money
from .sheets import Part, Sheet

__all__ = ["SETTINGS"]

_TAKEN: Final = "row {} has the same: change one of them, or leave the record out"
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_MOST_PERSONS: Final = 5


def _folded(attribute: str) -> Callable[[Any], str | None]:
    def key(record: Any) -> str | None:  # Any: of every model with a name
        value = getattr(record, attribute)
        return value.strip().casefold() or None if isinstance(value, str) else None

    return key


def _is_active(record: Any) -> bool:  # Any: of every model with a status
    return str(record.status or "ACTIVE").upper() == "ACTIVE"


def _own_name(attribute: str, field: str, what: str, keeps: Callable[[Any], bool] = bool) -> Unique:  # Any: as above
    return Unique(
        name="duplicate",
        field=field,
        condition=f"{what} of a batch have names of their own, whatever their case",
        message=_TAKEN,
        key=_folded(attribute),
        keeps=keeps,
    )


# ---------------------------------------------------------------------------------------------------- contacts


def _email(what: str) -> Rule:
    def test(person: Contact | ContactPerson, ground: Ground) -> bool:
        return bool(person.email_address) and not _EMAIL.fullmatch(str(person.email_address))

    return Rule(
        name="email",
        field="EmailAddress",
        condition=f"the email address of {what} has one @ and no spaces",
        message="is no email address",
        test=test,
    )


def _contact_name(contact: Contact) -> str | None:
    active = str(contact.contact_status or "ACTIVE").upper() == "ACTIVE"
    return _folded("name")(contact) if active else None


def _many_persons(contact: Contact, ground: Ground) -> bool:
    return len(contact.contact_persons or ()) > _MOST_PERSONS


_ADDRESS: Final = Sheet(
    Address,
    "address_line1 address_line2 address_line3 address_line4 city region postal_code country attention_to",
    rules=(
        one_of(
            "address_type",
            "AddressType",
            "POBOX STREET",
            "an address is a street address or a post box",
            name="address type",
            number="contact 4",
        ),
    ),
)
_PHONE: Final = Sheet(
    Phone,
    "phone_number phone_area_code phone_country_code",
    rules=(
        one_of(
            "phone_type",
            "PhoneType",
            "DEFAULT DDI MOBILE FAX OFFICE",
            "a phone is the main one, direct, mobile, a fax, or (since v1) of the office",
            name="phone type",
            number="contact 5",
            network="DEFAULT DDI MOBILE FAX",
        ),
    ),
)
_TERM: Final = Sheet(Bill, "day type")
_CONTACT: Final = Sheet(
    Contact,
    "contact_number account_number name first_name last_name company_number email_address tax_number"
    " tax_number_type sales_default_line_amount_type purchases_default_line_amount_type default_currency",
    parts=[
        Part("addresses", _ADDRESS),
        Part("phones", _PHONE),
        Part("contact_persons", Sheet(ContactPerson, "first_name", rules=(_email("a contact person"),))),
        Part("payment_terms", Sheet(PaymentTerm, "", parts=[Part("bills", _TERM), Part("sales", _TERM)])),
        Part("batch_payments", Sheet(BatchPaymentDetails, "code reference")),
    ],
    rules=(
        CONTACT_ID,
        missing("name", "Name", "the name of a contact"),
        one_of(
            "contact_status",
            "ContactStatus",
            "ACTIVE ARCHIVED GDPRREQUEST",
            "a contact is active, or was; in v1 ACTIVE or DELETED",
            name="status",
            number="contact 3",
            network="ACTIVE DELETED",
        ),
        _email("a contact"),
        Rule(
            name="contact persons",
            field="ContactPersons",
            condition="a contact has at most five contact persons",
            message="has more than five: leave out the others",
            test=_many_persons,
        ),
        made_up_id("contact_id", "ContactID"),
    ),
    unique=(
        Unique(
            name="duplicate",
            number="contact 1",
            field="ContactNumber",
            condition="ContactNumber is the contact's id in the source: text of any kind, once in a batch",
            message=_TAKEN,
            key=lambda contact: contact.contact_number or None,
        ),
        Unique(
            name="duplicate",
            field="Name",
            condition="active contacts of a batch have names of their own, whatever their case",
            message=_TAKEN,
            key=_contact_name,
        ),
    ),
)
_GROUP: Final = Sheet(
    ContactGroup,
    "contact_group_id status",
    rules=(missing("name", "Name", "the name of a group"), made_up_id("contact_group_id", "ContactGroupID")),
    unique=(_own_name("name", "Name", "groups", _is_active),),
)

# ----------------------------------------------------------------------------------------------------- the rest


def _no_cost_account(item: Item, ground: Ground) -> bool:
    bought = item.purchase_details
    return bool(item.inventory_asset_account_code) and (bought is None or not bought.cogs_account_code)


_ITEM: Final = Sheet(
    Item,
    "item_id code name description purchase_description",
    parts=[Part("purchase_details", PRICE), Part("sales_details", PRICE)],
    rules=(
        missing("code", "Code", "the code of an item"),
        Rule(
            name="inventory",
            field="PurchaseDetails.COGSAccountCode",
            condition="an item of which Xero counts the stock has an account for the cost of goods sold",
            message="is missing: give one, or leave out InventoryAssetAccountCode",
            test=_no_cost_account,
        ),
        made_up_id("item_id", "ItemID"),
    ),
    unique=(
        Unique(
            name="duplicate",
            field="Code",
            condition="items of a batch have codes of their own, whatever their case",
            message=_TAKEN,
            key=_folded("code"),
        ),
    ),
)
_EMPLOYEE: Final = Sheet(
    Employee,
    "employee_id status first_name last_name",
    parts=[Part("external_link", Sheet(ExternalLink, "link_type"))],
    rules=(
        missing("first_name", "FirstName", "the first name of an employee"),
        missing("last_name", "LastName", "the last name of an employee"),
        made_up_id("employee_id", "EmployeeID"),
    ),
)


def _half_component(component: TaxComponent, ground: Ground) -> bool:
    return not has_text(component.name) or component.rate is None


def _odd_rate(component: TaxComponent, ground: Ground) -> bool:
    rate = money(component.rate, 6)
    return rate is not None and not 0 <= rate <= 100


def _no_components(rate: TaxRate, ground: Ground) -> bool:
    return not rate.tax_components


def _two_compounds(rate: TaxRate, ground: Ground) -> bool:
    return sum(each.is_compound is True for each in rate.tax_components or ()) > 1


def _tax_rule(field: str, condition: str, message: str, test: Callable[[Any, Ground], bool]) -> Rule:  # Any: as above
    return Rule(name="tax rate", field=field, condition=condition, message=message, test=test)


_COMPONENT: Final = Sheet(
    TaxComponent,
    "name rate",
    rules=(
        _tax_rule("Name", "a component has a name and a rate", "is missing, or Rate is", _half_component),
        _tax_rule("Rate", "the rate of a component is from 0 to 100", "is not from 0 to 100", _odd_rate),
    ),
    limits={"name": 50},
)
_TAX_RATE: Final = Sheet(
    TaxRate,
    "name tax_type status report_tax_type",
    parts=[Part("tax_components", _COMPONENT)],
    rules=(
        missing("name", "Name", "the name of a tax rate"),
        _tax_rule("TaxComponents", "a tax rate has a component", "is empty: give at least one", _no_components),
        _tax_rule("TaxComponents", "at most one component is compound", "has two compound ones", _two_compounds),
    ),
    unique=(_own_name("name", "Name", "tax rates", _is_active),),
    limits={"name": 50, "tax_type": 50, "report_tax_type": 50},
    values={"status": "ACTIVE DELETED ARCHIVED"},
    free="report_tax_type",
)


def _insecure(service: PaymentService, ground: Ground) -> bool:
    url = service.payment_service_url
    return url is not None and not str(url).lower().startswith("https://")


_SERVICE: Final = Sheet(
    PaymentService,
    "payment_service_id payment_service_name pay_now_text payment_service_type",
    rules=(
        missing("payment_service_name", "PaymentServiceName", "the name of a payment service"),
        missing("payment_service_url", "PaymentServiceUrl", "the address of a payment service"),
        missing("pay_now_text", "PayNowText", "the words on the button"),
        Rule(
            name="address",
            field="PaymentServiceUrl",
            condition="the address of a payment service is an https address",
            message="is no https address",
            test=_insecure,
        ),
    ),
    unique=(_own_name("payment_service_name", "PaymentServiceName", "payment services"),),
    limits={"payment_service_name": 50, "pay_now_text": 50},
    values={"payment_service_type": "Custom"},
)

SETTINGS: Final = (_CONTACT, _GROUP, _ITEM, _EMPLOYEE, _TAX_RATE, _SERVICE)
