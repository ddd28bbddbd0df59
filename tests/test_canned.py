"""The client on canned answers, in the words of Xero's documentation."""

from __future__ import annotations

from decimal import Decimal

import pytest
from conftest import Canned

from xero_async import (
    BadRequest,
    Contact,
    DailyLimitReached,
    Forbidden,
    MissingScope,
    NotFound,
    QueryRejected,
    RateLimited,
    RetryPolicy,
    ServerError,
    StaticToken,
    Unauthorized,
    ValidationFailed,
    Xero,
    XeroError,
)

ROOT = "https://api.xero.com/api.xro/2.0"
ONCE = RetryPolicy(attempts=1)

ANSWERS: list[tuple[int, str, dict[str, str], type[XeroError], str]] = [
    (400, '{"ErrorNumber":16,"Type":"QueryParseException","Message":"No property"}', {}, QueryRejected, "No property"),
    (400, '{"Type":"PostDataInvalidException","Message":"JSON for post data was invalid"}', {}, BadRequest, "invalid"),
    (401, '{"Title":"Unauthorized","Status":401,"Detail":"AuthenticationUnsuccessful"}', {}, Unauthorized, "Auth"),
    (401, "", {"WWW-Authenticate": 'Bearer error="insufficent_scope"'}, MissingScope, "scope"),
    (403, '{"Title":"Forbidden","Status":403,"Detail":"AuthenticationUnsuccessful"}', {}, Forbidden, "connections"),
    (404, "The resource you're looking for cannot be found", {}, NotFound, "404"),
    (429, "", {"X-Rate-Limit-Problem": "Minute", "Retry-After": "12"}, RateLimited, "429"),
    (429, "", {"X-Rate-Limit-Problem": "day", "Retry-After": "66975"}, DailyLimitReached, "today"),
    (500, '{"Title":"An error occurred","Detail":"Instance failed","Status":500}', {}, ServerError, "Instance failed"),
    (503, "The Organisation is offline", {}, ServerError, "503"),
]


@pytest.mark.parametrize(("status", "body", "headers", "kind", "words"), ANSWERS)
async def test_an_error(
    canned: Canned, status: int, body: str, headers: dict[str, str], kind: type[XeroError], words: str
) -> None:
    """Each of Xero's errors has a class of its own and says what Xero said, or what to do."""
    canned.answer("GET", f"{ROOT}/Organisation", status=status, body=body, headers=headers)
    async with Xero(StaticToken("t"), retry=ONCE) as xero:
        with pytest.raises(kind, match=words) as caught:
            await xero.tenant("tenant").organisations.list()
    assert type(caught.value) is kind


async def test_the_documented_validation_error(canned: Canned) -> None:
    """Xero's sentences are in the message, and each element's in a list with its place and id."""
    body = (
        '{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception occurred","Elements":['
        '{"ContactID":"00000000-0000-0000-0000-000000000000","ValidationErrors":[{"Message":"The name is taken."}]},'
        '{"ContactID":"0f5e4c4b-3a53-4c8e-9a52-7c1f1f7c5a10","Phones":[{"ValidationErrors":[{"Message":"Too long."}]}]}'
        "]}"
    )
    canned.answer("PUT", f"{ROOT}/Contacts?summarizeErrors=true", status=400, body=body)
    async with Xero(StaticToken("t")) as xero:
        with pytest.raises(ValidationFailed, match=r"The name is taken\..*Too long\.") as caught:
            await xero.tenant("tenant").contacts.create([Contact(name="a"), Contact(name="b")], summarize_errors=True)
    first, second = caught.value.errors
    assert (first.position, first.id) == (0, None)
    assert (second.position, second.id) == (1, "0f5e4c4b-3a53-4c8e-9a52-7c1f1f7c5a10")


async def test_the_documented_tax_rates(canned: Canned) -> None:
    """Rates come as exact decimals, with unknown report types kept."""
    body = (
        '{"Status":"OK","TaxRates":[{"Name":"15% GST on Income","TaxType":"OUTPUT2","ReportTaxType":"BRANDNEW",'
        '"CanApplyToAssets":true,"DisplayTaxRate":15.0000,"EffectiveRate":15.0000,"Status":"ACTIVE",'
        '"TaxComponents":[{"Name":"GST","Rate":15.0000,"IsCompound":false,"IsNonRecoverable":false}]}]}'
    )
    canned.answer("GET", f"{ROOT}/TaxRates", body=body)
    async with Xero(StaticToken("t")) as xero:
        (rate,) = await xero.tenant("tenant").tax_rates.list()
    assert str(rate.effective_rate) == "15.0000"
    assert rate.report_tax_type == "BRANDNEW"
    assert [component.rate for component in rate.tax_components or ()] == [Decimal(15)]
