"""The sandbox's sign-in: tokens, connections, and the answers to calls without them."""

from __future__ import annotations

import base64
import re

import pytest
from sandbox_client import Client, Reply, running

from xero_async.sandbox import Fault, Sandbox, SandboxLimits


def basic(client_id: str, secret: str) -> str:
    """The value of an `Authorization` header for HTTP Basic."""
    return f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"


async def ask(client: Client, authorization: str, **form: str) -> Reply:
    """Ask for a token with HTTP Basic."""
    url = f"{client.sandbox.identity_url}/connect/token"
    async with client.http.post(url, data=form, headers={"Authorization": authorization}) as answer:
        return Reply(answer.status, answer.headers, await answer.read())


async def test_a_token_is_given_for_credentials_in_the_form() -> None:
    """Client id and secret as fields give a bearer token of 30 minutes with the scopes that were asked for."""
    async with running() as client:
        reply = await client.sign_in(scope="accounting.invoices accounting.contacts.read")
        told = reply.json()
        assert reply.status == 200
        assert told["access_token"]
        assert (told["token_type"], told["expires_in"]) == ("Bearer", 1800)
        assert told["scope"] == "accounting.invoices accounting.contacts.read"
        assert reply.headers["Cache-Control"] == "no-store"


async def test_a_token_is_given_for_http_basic() -> None:
    """Client id and secret as HTTP Basic do the same, and the token opens the API."""
    async with running() as client:
        sandbox = client.sandbox
        reply = await ask(client, basic(sandbox.client_id, sandbox.client_secret), grant_type="client_credentials")
        client.token = reply.json()["access_token"]
        assert (await client.call("GET", "/Invoices")).status == 200


@pytest.mark.parametrize("authorization", ["Basic !!!", "Basic /w==", basic("someone", "else"), "", "Bearer x"])
async def test_a_wrong_client_gets_no_token(authorization: str) -> None:
    """Bad base64, bad UTF-8, wrong credentials or none are `invalid_client`."""
    async with running() as client:
        reply = await ask(client, authorization, grant_type="client_credentials")
        assert (reply.status, reply.json()) == (400, {"error": "invalid_client"})


@pytest.mark.parametrize(
    ("grant", "error"),
    [
        ("refresh_token", "unauthorized_client"),
        ("authorization_code", "unauthorized_client"),
        ("password", "unsupported_grant_type"),
        ("", "unsupported_grant_type"),
    ],
)
async def test_a_custom_connection_has_one_grant(grant: str, error: str) -> None:
    """A custom connection signs in as itself; other grants are not for it, or do not exist."""
    async with running() as client:
        reply = await client.sign_in(grant_type=grant)
        assert (reply.status, reply.json()["error"]) == (400, error)


@pytest.mark.parametrize("scope", ["accounting.nonsense", "accounting.contacts files", "openid accounting.contacts"])
async def test_a_scope_that_the_app_lacks_is_invalid(scope: str) -> None:
    """A scope that is unknown, or that needs a user, is `invalid_scope`, and the description names it."""
    async with running() as client:
        reply = await client.sign_in(scope=scope)
        assert (reply.status, reply.json()["error"]) == (400, "invalid_scope")
        assert any(word in reply.json()["error_description"] for word in scope.split())


async def test_no_scope_means_all_of_them() -> None:
    """A request without scopes gets all that the app was granted, granular and broad."""
    async with running() as client:
        scopes = set((await client.sign_in()).json()["scope"].split())
        assert {"accounting.invoices", "accounting.transactions", "accounting.reports.aged.read"} <= scopes
        assert not scopes & {"openid", "offline_access"}


async def test_a_custom_connection_to_one_organisation_may_leave_out_the_tenant() -> None:
    """With one organisation a call needs no tenant header; with two it does."""
    for tenants, status in ((1, 200), (2, 403)):
        async with running(tenants=tenants) as client:
            reply = await client.call("GET", "/Invoices", headers={"Xero-Tenant-Id": ""})
            assert reply.status == status


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer nobody", "Basic Zm9vOmJhcg=="])
async def test_calls_without_a_good_token_are_401(authorization: str) -> None:
    """No token, an unknown one or another scheme gets Xero's 401, which costs no call and runs nothing."""
    async with running(limits=SandboxLimits()) as client:
        reply = await client.call("GET", "/Invoices", headers={"Authorization": authorization})
        told = reply.json()
        assert reply.status == 401
        assert (told["Type"], told["Title"], told["Status"]) == (None, "Unauthorized", 401)
        assert told["Detail"] == "AuthenticationUnsuccessful"
        assert (await client.call("GET", "/Invoices")).headers["X-MinLimit-Remaining"] == "59"


async def test_only_the_bearer_scheme_carries_a_token() -> None:
    """A good token under another scheme is a 401; the scheme's own case does not matter."""
    async with running() as client:
        schemes = {"Basic": 401, "Token": 401, "bearer": 200, "Bearer": 200}
        for scheme, status in schemes.items():
            reply = await client.call("GET", "/Invoices", headers={"Authorization": f"{scheme} {client.token}"})
            assert reply.status == status


async def test_an_expired_token_says_so() -> None:
    """A token works up to its last second; after 30 minutes its 401 begins with `TokenExpired`."""
    async with running() as client:
        client.sandbox.advance(1799)
        before = await client.call("GET", "/Invoices")
        client.sandbox.advance(1)
        after = await client.call("GET", "/Invoices")
        assert (before.status, after.status) == (200, 401)
        assert re.fullmatch(r"TokenExpired: token expired at \d\d/\d\d/\d{4} \d\d:\d\d:\d\d", after.json()["Detail"])
        await client.sign_in()
        assert (await client.call("GET", "/Invoices")).status == 200


async def test_the_life_of_tokens_can_be_set() -> None:
    """A sandbox told that tokens live two minutes says so and holds to it."""
    sandbox = Sandbox(token_life=120)
    async with running() as other, sandbox:
        client = Client(sandbox, other.http)
        assert (await client.sign_in()).json()["expires_in"] == 120
        sandbox.advance(120)
        assert (await client.call("GET", "/Invoices")).status == 401


@pytest.mark.parametrize("tenant", ["", "6d1f3a52-0000-4000-8000-000000000000", "nonsense"])
async def test_a_tenant_that_is_missing_or_not_connected_is_403(tenant: str) -> None:
    """Without the id of a connected tenant a call gets Xero's 403, where there are several to choose from."""
    async with running(tenants=2) as client:
        client.tenant = tenant
        reply = await client.call("GET", "/Invoices")
        assert (reply.status, reply.json()["Title"], reply.json()["Status"]) == (403, "Forbidden", 403)


async def test_connections_list_every_tenant() -> None:
    """Each tenant has a connection with an id of its own and dates of 7 decimals without a zone."""
    async with running(tenants=2) as client:
        reply = await client.send("GET", "/Connections/")
        told = reply.json()
        assert [each["tenantId"] for each in told] == client.sandbox.tenants
        assert sorted(told[0]) == [
            "authEventId",
            "createdDateUtc",
            "id",
            "tenantId",
            "tenantName",
            "tenantType",
            "updatedDateUtc",
        ]
        assert all(each["id"] != each["tenantId"] for each in told)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}", told[0]["createdDateUtc"])


async def test_connections_can_be_asked_for_by_authorisation() -> None:
    """`authEventId` keeps the connections of one authorisation."""
    async with running(tenants=2) as client:
        event = (await client.send("GET", "/connections")).json()[0]["authEventId"]
        assert len((await client.send("GET", f"/connections?authEventId={event}")).json()) == 2
        assert (await client.send("GET", "/connections?authEventId=other")).json() == []


async def test_a_deleted_connection_closes_its_tenant() -> None:
    """After DELETE the tenant is a 403 and no longer listed, the other one is untouched, and a second DELETE is 404."""
    async with running(tenants=2) as client:
        connection = (await client.send("GET", "/connections")).json()[0]["id"]
        gone = await client.send("DELETE", f"/connections/{connection}")
        again = await client.send("DELETE", f"/connections/{connection}")
        assert (gone.status, gone.body, again.status) == (204, b"", 404)
        assert (await client.call("GET", "/Invoices")).status == 403
        client.tenant = client.sandbox.tenants[1]
        assert (await client.call("GET", "/Invoices")).status == 200
        assert len((await client.send("GET", "/connections")).json()) == 1


async def test_connections_need_a_token_and_no_tenant() -> None:
    """The list of connections asks for no tenant; without a token it is a 401."""
    async with running() as client:
        client.tenant = ""
        assert (await client.send("GET", "/connections")).status == 200
        assert (await client.send("GET", "/connections", headers={"Authorization": ""})).status == 401


async def test_sign_in_is_struck_only_by_faults_that_name_it() -> None:
    """A plan for all calls leaves tokens and connections alone; one that names `token` strikes there."""
    async with running(faults=[Fault(kind="502")]) as client:
        assert (await client.sign_in()).status == 200
        assert (await client.send("GET", "/connections")).status == 200
        client.sandbox.inject([Fault(kind="503", operation="token")])
        assert (await client.sign_in()).status == 503
        assert (await client.call("GET", "/Invoices")).status == 200
