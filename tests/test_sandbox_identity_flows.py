"""Whole sign-ins over real sockets: codes, PKCE, refresh tokens, revocation, scopes, several apps and tenants."""

from __future__ import annotations

import hashlib
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from functools import partial

import msgspec
import pytest
from sandbox_client import running
from visiting import CALLBACK, SCOPES, VERIFIER, Visitor, claims_of, returned, visiting

from xero_async import ClientCredentials, MissingScope, Xero
from xero_async.sandbox import App, Sandbox
from xero_async.sandbox.grants import challenge_of
from xero_async.wire.errors import InvalidArgument

MINUTE, DAY = 60, 86_400


# -- codes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("app", [1, 2])
async def test_a_user_lets_an_app_in(app: int) -> None:
    """A web app with its secret and a native one with PKCE get tokens for the organisation that the user chose."""
    async with visiting(tenants=2, app=app) as visitor:
        one, other = visitor.sandbox.tenants
        sent = returned(await visitor.press(await visitor.open(), "allow", [one]))
        assert sent["state"] == "a state & more"
        assert sent["scope"] == SCOPES
        reply = await visitor.exchange(sent["code"])
        assert reply.headers["Cache-Control"] == "no-store"
        tokens = reply.json()
        assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 1800, SCOPES)
        assert [each["tenantId"] for each in await visitor.connections()] == [one]
        assert [await visitor.invoices(one), await visitor.invoices(other), await visitor.invoices("")] == [
            200,
            403,
            403,
        ]


async def test_a_secret_may_come_in_the_form() -> None:
    """An app authenticates by HTTP Basic or by fields; a wrong secret, or none, is `invalid_client`."""
    async with visiting() as visitor:
        form = {"grant_type": "authorization_code", "code": await visitor.code(), "redirect_uri": CALLBACK}
        assert (await visitor.post("/connect/token", form, basic=False)).status == 200
        for secret in ({"client_secret": "wrong"}, {}):
            sent = form | {"client_id": visitor.app.client_id} | secret
            async with visitor.http.post(f"{visitor.sandbox.identity_url}/connect/token", data=sent) as answer:
                assert (answer.status, await answer.json()) == (400, {"error": "invalid_client"})


async def test_a_web_app_may_use_pkce_as_well() -> None:
    """A challenge that was sent binds the code to its verifier, whatever else the app has to prove itself."""
    asked = {"code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256"}
    async with visiting() as visitor:
        assert (await visitor.exchange(await visitor.code(**asked))).json()["error"] == "invalid_grant"
        assert (await visitor.exchange(await visitor.code(**asked), code_verifier=VERIFIER)).status == 200
        reply = await visitor.exchange(await visitor.code(), code_verifier=VERIFIER)
        assert reply.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "openid accounting.nonsense"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
    ],
)
async def test_what_is_wrong_is_told_to_the_app(changes: dict[str, str | None], error: str) -> None:
    """An app that asks for what there is not gets its user back with an error, and the state that it sent."""
    async with visiting(app=2) as visitor:
        sent = returned(await visitor.open(**changes))
        assert (sent["error"], sent["state"]) == (error, "a state & more")
        assert "code" not in sent


@pytest.mark.parametrize("changes", [{"redirect_uri": "http://localhost:5001/callback"}, {"code": "unknown"}])
async def test_a_code_is_bound_to_its_address(changes: dict[str, str]) -> None:
    """A code is exchanged with the address that it was sent to, or not at all."""
    async with visiting() as visitor:
        reply = await visitor.exchange(**({"code": await visitor.code()} | changes))
        assert (reply.status, reply.json()["error"]) == (400, "invalid_grant")


async def test_a_code_works_once_and_for_five_minutes() -> None:
    """A second exchange, and one after five minutes, are refused."""
    async with visiting() as visitor:
        code = await visitor.code()
        assert [(await visitor.exchange(code)).status for _ in range(2)] == [200, 400]
        code = await visitor.code()
        visitor.sandbox.advance(5 * MINUTE)
        assert (await visitor.exchange(code)).json()["error"] == "invalid_grant"


# -- refresh tokens -------------------------------------------------------------------------------------------------


async def test_a_lost_answer_can_be_asked_for_again() -> None:
    """The token before works for 30 minutes more, and gives a working pair each time; then it is over."""
    async with visiting() as visitor:
        (tenant,) = visitor.sandbox.tenants
        first = (await visitor.sign_in())["refresh_token"]
        await visitor.refresh(first)
        lost = visitor.tokens["refresh_token"]
        visitor.sandbox.advance(30 * MINUTE - 1)
        assert (await visitor.refresh(first)).status == 200
        assert visitor.tokens["refresh_token"] not in (first, lost)
        assert await visitor.invoices(tenant) == 200
        assert (await visitor.refresh()).status == 200
        visitor.sandbox.advance(1)
        reply = await visitor.refresh(first)
        assert (reply.status, reply.json()["error"]) == (400, "invalid_grant")
        assert (await visitor.refresh(lost)).status == 200


async def test_a_refresh_token_dies_of_sixty_days_unused() -> None:
    """It lives 60 days from when it was given out; a token that replaces it begins anew."""
    async with visiting() as visitor:
        await visitor.sign_in()
        for _ in range(3):
            visitor.sandbox.advance(60 * DAY - 1)
            assert (await visitor.refresh()).status == 200
        visitor.sandbox.advance(60 * DAY)
        assert (await visitor.refresh()).json()["error"] == "invalid_grant"


async def test_without_offline_access_there_is_no_refresh_token() -> None:
    """An app that does not ask to stay connected gets an access token alone; what it did not ask for is left out."""
    async with visiting() as visitor:
        assert sorted(await visitor.sign_in(scope="accounting.contacts")) == [
            "access_token",
            "expires_in",
            "scope",
            "token_type",
        ]


async def test_a_refresh_token_is_its_apps_alone() -> None:
    """Another app can neither use nor revoke it."""
    async with visiting() as visitor:
        refresh = (await visitor.sign_in())["refresh_token"]
        native = Visitor(visitor.sandbox, visitor.http, visitor.sandbox.apps[2])
        assert (await native.refresh(refresh)).json()["error"] == "invalid_grant"
        assert (await native.post("/connect/revocation", {"token": refresh})).status == 200
        assert (await visitor.refresh()).status == 200


# -- signed tokens --------------------------------------------------------------------------------------------------


def is_signed(token: str, jwks: bytes) -> bool:
    """Whether a token's signature is that of the published key, reckoned from the standard."""
    (key,) = msgspec.json.decode(jwks)["keys"]
    head, _, signature = token.rpartition(".")
    number = {name: int.from_bytes(unpadded(key[name])) for name in ("n", "e")}
    opened = pow(int.from_bytes(unpadded(signature)), number["e"], number["n"]).to_bytes(256)
    prefix = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
    digest = prefix + hashlib.sha256(head.encode()).digest()
    return opened == b"\x00\x01" + b"\xff" * (253 - len(digest)) + b"\x00" + digest


def unpadded(text: str) -> bytes:
    """Bytes from the alphabet of URLs without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def test_tokens_are_signed_and_say_who_signed_in() -> None:
    """ID token and access token verify against the published key, and carry Xero's claims."""
    async with visiting() as visitor:
        root = visitor.sandbox.identity_url
        async with visitor.http.get(f"{root}/.well-known/openid-configuration") as answer:
            told = await answer.json()
        assert told["issuer"] == root
        assert told["token_endpoint"] == f"{root}/connect/token"
        assert told["authorization_endpoint"] == f"{root}/identity/connect/authorize"
        async with visitor.http.get(told["jwks_uri"]) as answer:
            jwks = await answer.read()
        tokens = await visitor.sign_in(nonce="once")
        assert is_signed(tokens["id_token"], jwks)
        assert is_signed(tokens["access_token"], jwks)
        assert not is_signed(tokens["id_token"].replace("e", "f", 1), jwks)
        identity, access = claims_of(tokens["id_token"]), claims_of(tokens["access_token"])
        assert (identity["iss"], identity["aud"], identity["nonce"]) == (root, visitor.app.client_id, "once")
        assert identity["email"] == identity["preferred_username"] == "robin.sandbox@example.com"
        assert identity["exp"] - identity["iat"] == 300
        assert access["exp"] - access["nbf"] == 1800
        assert access["scope"] == SCOPES.split()
        assert access["client_id"] == visitor.app.client_id
        assert identity["sub"] == access["sub"]
        assert identity["xero_userid"] == access["xero_userid"]


async def test_an_id_token_tells_no_more_than_was_asked_for() -> None:
    """Without `profile` and `email` there is no name in it; without `openid` there is none."""
    async with visiting() as visitor:
        assert not {"email", "name"} & set(claims_of((await visitor.sign_in(scope="openid"))["id_token"]))
        assert "id_token" not in await visitor.sign_in(scope="accounting.contacts")


async def test_the_access_token_names_the_authorisation_of_its_connections() -> None:
    """`authentication_event_id` picks what the user has just allowed out of all that the app is connected to."""
    async with visiting(tenants=3) as visitor:
        one, two, three = visitor.sandbox.tenants
        await visitor.sign_in([one, two])
        first = claims_of(visitor.token)["authentication_event_id"]
        visitor.sandbox.advance(DAY)
        await visitor.sign_in([two, three])
        second = claims_of(visitor.token)["authentication_event_id"]
        assert {each["tenantId"]: each["authEventId"] for each in await visitor.connections()} == {
            one: first,
            two: second,
            three: second,
        }
        found = await visitor.connections(f"?authEventId={second}")
        assert [each["tenantId"] for each in found] == [two, three]
        renewed = found[0]
        assert renewed["createdDateUtc"] < renewed["updatedDateUtc"]


async def test_a_sign_in_may_ask_who_the_user_is_and_no_more() -> None:
    """With the scopes of sign-in alone no organisation is asked for, and none is connected."""
    async with visiting() as visitor:
        page = await visitor.open(scope="openid email")
        assert b"checkbox" not in page.body
        await visitor.exchange(returned(await visitor.press(page, "allow"))["code"])
        assert await visitor.connections() == []


# -- revocation and connections -------------------------------------------------------------------------------------


async def test_revocation_ends_everything() -> None:
    """With the refresh token die the access tokens, the connections and what the user had allowed; others live on."""
    async with visiting(tenants=2) as visitor:
        native = Visitor(visitor.sandbox, visitor.http, visitor.sandbox.apps[2])
        tenant = visitor.sandbox.tenants[0]
        await native.sign_in()
        await visitor.sign_in()
        reply = await visitor.post("/connect/revocation", {"token": visitor.tokens["refresh_token"]})
        assert (reply.status, reply.body) == (200, b"")
        assert await visitor.invoices(tenant) == 401
        assert (await visitor.refresh()).json()["error"] == "invalid_grant"
        assert await native.invoices(tenant) == 200
        await visitor.sign_in(scope="accounting.contacts.read", tenants=[tenant])
        assert visitor.tokens["scope"] == "accounting.contacts.read"
        assert [each["tenantId"] for each in await visitor.connections()] == [tenant]


async def test_revoking_what_is_unknown_is_well() -> None:
    """An unknown token is a 200, as the standard has it; none at all, and a wrong client, are errors."""
    async with visiting() as visitor:
        assert (await visitor.post("/connect/revocation", {"token": "unknown"})).status == 200
        assert (await visitor.post("/connect/revocation", {})).json()["error"] == "invalid_request"
        stranger = Visitor(visitor.sandbox, visitor.http, App(client_id="nobody", client_secret="x"))
        assert (await stranger.post("/connect/revocation", {"token": "x"})).json() == {"error": "invalid_client"}


async def test_an_access_token_can_be_revoked_alone() -> None:
    """It dies, and the refresh token gives another."""
    async with visiting() as visitor:
        await visitor.sign_in()
        await visitor.post("/connect/revocation", {"token": visitor.token})
        assert await visitor.invoices(visitor.sandbox.tenants[0]) == 401
        await visitor.refresh()
        assert await visitor.invoices(visitor.sandbox.tenants[0]) == 200


async def test_a_connection_is_its_apps_alone() -> None:
    """An app reaches no tenant to which only another is connected, and cannot end its connection."""
    async with visiting(tenants=2) as visitor:
        one, other = visitor.sandbox.tenants
        native = Visitor(visitor.sandbox, visitor.http, visitor.sandbox.apps[2])
        await visitor.sign_in([one])
        await native.sign_in([other])
        assert [await visitor.invoices(one), await visitor.invoices(other)] == [200, 403]
        assert [await native.invoices(one), await native.invoices(other)] == [403, 200]
        (connection,) = await visitor.connections()
        assert (await native.call("DELETE", f"/connections/{connection['id']}")).status == 404
        assert (await visitor.call("DELETE", f"/connections/{connection['id'].upper()}")).status == 204
        assert await visitor.invoices(one) == 403
        assert await visitor.connections() == []


# -- scopes ---------------------------------------------------------------------------------------------------------


async def test_a_missing_scope_is_told_from_a_bad_token() -> None:
    """A token without the scope is a 401 with a challenge that names it; reading needs less than writing."""
    async with visiting() as visitor:
        (tenant,) = visitor.sandbox.tenants
        await visitor.sign_in(scope="accounting.invoices.read")
        assert await visitor.invoices(tenant) == 200
        for method, path in (("PUT", "/Invoices"), ("GET", "/Contacts"), ("GET", "/Invoices/x/Attachments")):
            reply = await visitor.call(method, f"/api.xro/2.0{path}", tenant)
            assert reply.status == 401
            assert reply.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'
            assert (reply.json()["Title"], reply.json()["Detail"]) == ("Unauthorized", "AuthorizationUnsuccessful")
        reply = await visitor.call("GET", "/api.xro/2.0/Employees", tenant)
        assert reply.status == 200


async def test_our_client_knows_a_missing_scope() -> None:
    """The client raises `MissingScope` and asks for no other token."""
    async with Sandbox(limits=None) as sandbox:
        auth = ClientCredentials(sandbox.client_id, sandbox.client_secret, scopes=["accounting.contacts"])
        async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url) as xero:
            tenant = xero.tenant(sandbox.tenants[0])
            assert await tenant.contacts.list() == []
            with pytest.raises(MissingScope):
                await tenant.invoices.list()
        assert sandbox.counters.tokens == 1


async def test_broad_scopes_open_what_the_granular_ones_do() -> None:
    """Apps made before March 2026 get along with the scopes that they have."""
    async with running() as client:
        await client.sign_in(scope="accounting.transactions accounting.reports.read")
        statuses = [
            (await client.call("GET", path)).status for path in ("/Quotes", "/Receipts", "/Reports/TrialBalance")
        ]
        assert statuses == [200, 200, 200]
        assert (await client.call("GET", "/Contacts")).status == 401


async def test_scopes_add_up() -> None:
    """What a user allowed before is in the next token too, with another set of connections or the same."""
    async with visiting() as visitor:
        await visitor.sign_in(scope="offline_access accounting.contacts.read")
        await visitor.sign_in(scope="openid accounting.invoices")
        assert set(visitor.tokens["scope"].split()) == {"openid", "accounting.invoices", "accounting.contacts.read"}


# -- apps -----------------------------------------------------------------------------------------------------------


async def test_apps_of_ones_own() -> None:
    """An app that is given exists beside those of the seed, with its own addresses, scopes and manners."""
    shop = App(
        client_id="SHOP",
        client_secret="shop secret",
        name="Shop",
        redirect_uris=("https://shop.example/back?from=xero",),
        scopes=("openid", "accounting.contacts"),
        automatic=True,
    )
    async with visiting(tenants=2, apps=[shop], app=3) as visitor:
        there = {"redirect_uri": "https://shop.example/back?from=xero", "scope": "accounting.contacts"}
        reply = await visitor.open(**there)
        location = reply.headers["Location"]
        assert location.startswith("https://shop.example/back?from=xero&code=")
        code = location.partition("code=")[2].partition("&")[0]
        await visitor.exchange(code, redirect_uri=there["redirect_uri"])
        assert len(await visitor.connections()) == 2
        for other in (CALLBACK, "https://shop.example/back", "https://shop.example/back?from=xero&x=1"):
            assert (await visitor.open(redirect_uri=other)).status == 400
        assert (
            "error=invalid_scope"
            in (await visitor.open(**there | {"scope": "accounting.invoices"})).headers["Location"]
        )


async def test_a_custom_connection_of_ones_own() -> None:
    """Another app that signs in as itself is connected to all organisations, by connections of its own."""
    nightly = App(
        client_id="NIGHTLY", client_secret="s", grants=("client_credentials",), scopes=("accounting.contacts",)
    )
    async with visiting(tenants=2, apps=[nightly], app=3) as visitor:
        visitor.tokens = (await visitor.post("/connect/token", {"grant_type": "client_credentials"})).json()
        assert visitor.tokens["scope"] == "accounting.contacts"
        assert [each["tenantId"] for each in await visitor.connections()] == visitor.sandbox.tenants
        assert await visitor.invoices(visitor.sandbox.tenants[0]) == 401
        claims = claims_of(visitor.token)
        assert "xero_userid" not in claims
        assert claims["client_id"] == "NIGHTLY"


async def test_consent_can_be_automatic_for_all() -> None:
    """A sandbox told so sends every user back at once, connected to everything."""
    async with visiting(tenants=3, automatic_consent=True, app=2) as visitor:
        await visitor.exchange(returned(await visitor.open())["code"])
        assert [await visitor.invoices(tenant) for tenant in visitor.sandbox.tenants] == [200] * 3


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:5000/callback",
        "http://shop.example/",
        "ftp://localhost/",
        "http://localhost/#part",
        "http://me@localhost/",
        "http://localhost:port/",
        "http://localhost/ a",
        "https://",
        "javascript:alert(1)",
        "",
    ],
)
async def test_addresses_that_xero_does_not_take(uri: str) -> None:
    """Plain http is for localhost alone, which 127.0.0.1 is not: neither registered nor asked for."""
    with pytest.raises(InvalidArgument, match="redirect address"):
        App(client_id="x", redirect_uris=(uri,))
    async with visiting() as visitor:
        assert (await visitor.open(redirect_uri=uri)).status == 400


def test_apps_are_told_apart_by_their_ids() -> None:
    """Two apps with one id, an app without, and one with unknown scopes are refused."""
    with pytest.raises(InvalidArgument, match="same client id"):
        Sandbox(apps=[App(client_id="x"), App(client_id="x")])
    with pytest.raises(InvalidArgument, match="client id"):
        App(client_id="")
    with pytest.raises(InvalidArgument, match=r"accounting\.nonsense"):
        App(client_id="x", scopes=("accounting.nonsense",))


def test_apps_follow_from_the_seed() -> None:
    """The same seed gives the same apps, another one others; a repr shows no secret."""
    one, same, other = (Sandbox(seed=seed) for seed in (1, 1, 2))
    assert list(one.apps) == list(same.apps)
    assert not {app.client_id for app in one.apps} & {app.client_id for app in other.apps}
    assert (one.client_id, one.client_secret) == (one.apps[0].client_id, one.apps[0].client_secret)
    assert one.apps[2].client_secret is None
    assert not any(app.client_secret and app.client_secret in repr(app) for app in one.apps)


async def test_sign_ins_outlive_a_restart() -> None:
    """What an identity server exports, another of the same seed takes up: tokens, connections and scopes."""
    async with visiting(tenants=2) as visitor:
        tenant = visitor.sandbox.tenants[1]
        await visitor.sign_in([tenant])
        exported = visitor.sandbox._identity.export()  # pyright: ignore[reportPrivateUsage] - as the store does
        await visitor.post("/connect/revocation", {"token": visitor.tokens["refresh_token"]})
        assert await visitor.invoices(tenant) == 401
        copied = msgspec.msgpack.decode(msgspec.msgpack.encode(exported), type=type(exported))
        visitor.sandbox._identity.restore(copied)  # pyright: ignore[reportPrivateUsage] - as above
        assert await visitor.invoices(tenant) == 200
        assert (await visitor.refresh()).status == 200


async def test_checking_a_call_is_cheap() -> None:
    """A call's token, scope and tenant are looked up, in a few microseconds, for few scopes and for all."""
    async with visiting(tenants=2) as visitor:
        await visitor.sign_in()
        identity = visitor.sandbox._identity  # pyright: ignore[reportPrivateUsage] - what the server asks at each call
        custom = Visitor(visitor.sandbox, visitor.http, visitor.sandbox.apps[0])
        custom.tokens = (await custom.post("/connect/token", {"grant_type": "client_credentials"})).json()
        for each in (visitor, custom):
            authorization, tenant = f"Bearer {each.token}", visitor.sandbox.tenants[0]
            best = min(_seconds(partial(identity.refuse, authorization, tenant, "getInvoices")) for _ in range(20))
            assert best < 10e-6


def _seconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    for _ in range(500):
        assert run() is None
    return (time.perf_counter() - begun) / 500
