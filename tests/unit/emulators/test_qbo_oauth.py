"""Intuit's OAuth server (facts: QBO 2.10)."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

AUTH = ("client", "secret")
URL = "http://qbo.test"
TOKEN_URL = f"{URL}/oauth2/v1/tokens/bearer"
RETURN_TO = "https://app.example/callback"


def authorize(api: Any, **change: str) -> Any:
    query = {
        "client_id": "client",
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": RETURN_TO,
        "state": "s1",
        **change,
    }
    return api.session.get(f"{URL}/connect/oauth2", params=query, allow_redirects=False)


def code_of(api: Any) -> str:
    location: str = authorize(api).headers["Location"]
    return parse_qs(urlsplit(location).query)["code"][0]


def exchange(api: Any, code: str, redirect_uri: str = RETURN_TO, auth: Any = AUTH, **headers: str) -> Any:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return api.session.post(TOKEN_URL, data=form, auth=auth, headers=headers)


def refresh(api: Any, token: str) -> Any:
    return api.session.post(TOKEN_URL, data={"grant_type": "refresh_token", "refresh_token": token}, auth=AUTH)


def works(api: Any, access_token: str) -> bool:
    api.token = access_token
    return bool(api.call("GET", "preferences").status == 200)


def test_authorising_sends_the_browser_back_with_code_state_and_realm(us: Any) -> None:
    answer = authorize(us)
    assert answer.status_code == 302
    target = urlsplit(answer.headers["Location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == RETURN_TO
    query = parse_qs(target.query)
    assert (query["state"], query["realmId"]) == (["s1"], ["1001"])


def test_the_company_can_be_chosen(us: Any, ca: Any) -> None:
    query = parse_qs(urlsplit(authorize(us, login_hint="1003").headers["Location"]).query)
    tokens = exchange(us, query["code"][0]).json()
    assert query["realmId"] == ["1003"]
    assert works(ca, tokens["access_token"])


@pytest.mark.parametrize("missing", ["client_id", "state", "redirect_uri", "scope", "response_type"])
def test_an_incomplete_authorisation_is_refused(us: Any, missing: str) -> None:
    assert authorize(us, **{missing: ""}).status_code == 400


def test_a_code_is_exchanged_once_for_working_tokens(us: Any) -> None:
    code = code_of(us)
    tokens = exchange(us, code).json()
    assert tokens["token_type"] == "bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["x_refresh_token_expires_in"] == 8_726_400
    assert "x_refresh_token_hard_expires_in" not in tokens
    assert works(us, tokens["access_token"])
    again = exchange(us, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_the_hard_expiry_comes_if_asked_for(us: Any) -> None:
    tokens = exchange(us, code_of(us), **{"x-include-refresh-token-hard-expires-in": "true"}).json()
    assert tokens["x_refresh_token_hard_expires_in"] == 5 * 365 * 86_400


def test_a_code_needs_its_own_redirect_and_a_client(us: Any) -> None:
    assert exchange(us, code_of(us), redirect_uri="https://evil.example").json()["error"] == "invalid_grant"
    assert exchange(us, code_of(us), auth=None).status_code == 401
    us.emu.oauth.client = ("client", "another secret")
    assert exchange(us, code_of(us)).json()["error"] == "invalid_client"


def test_a_code_expires(us: Any) -> None:
    code = code_of(us)
    us.time.pass_seconds(300)
    assert exchange(us, code).json()["error"] == "invalid_grant"


def test_every_refresh_gives_a_new_refresh_token_and_ends_the_old_one(us: Any) -> None:
    first = us.emu.issue_tokens("1001").refresh_token
    second = refresh(us, first).json()
    assert second["refresh_token"] != first
    assert works(us, second["access_token"])
    answer = refresh(us, first)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert refresh(us, second["refresh_token"]).status_code == 200


def test_the_previous_refresh_token_works_for_the_grace_time(us: Any) -> None:
    us.emu.refresh_grace = 60
    first = us.emu.issue_tokens("1001").refresh_token
    refresh(us, first)
    us.time.pass_seconds(59)
    assert refresh(us, first).status_code == 200
    us.time.pass_seconds(61)
    assert refresh(us, first).status_code == 400


def test_a_refresh_token_ends_after_101_days(us: Any) -> None:
    token = us.emu.issue_tokens("1001").refresh_token
    us.time.pass_seconds(8_726_400)
    assert refresh(us, token).status_code == 400


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_connection(us: Any, kind: str) -> None:
    tokens = us.emu.issue_tokens("1001")
    answer = us.session.post(f"{URL}/v2/oauth2/tokens/revoke", json={"token": getattr(tokens, kind)}, auth=AUTH)
    assert answer.status_code == 200
    assert not works(us, tokens.access_token)
    assert refresh(us, tokens.refresh_token).status_code == 400


def test_a_user_may_disconnect_in_quickbooks(us: Any) -> None:
    tokens = us.emu.issue_tokens("1001")
    us.emu.oauth.disconnect("1001")
    assert not works(us, tokens.access_token)
    assert refresh(us, tokens.refresh_token).json()["error"] == "invalid_grant"


def test_access_tokens_can_be_expired_alone(us: Any) -> None:
    tokens = us.emu.issue_tokens("1001")
    us.emu.oauth.expire_access_tokens("1001")
    assert not works(us, tokens.access_token)
    assert refresh(us, tokens.refresh_token).status_code == 200


def test_the_journal_shows_only_the_tail_of_a_secret(us: Any) -> None:
    token = us.emu.issue_tokens("1001").refresh_token
    refresh(us, token)
    entry = us.emu.journal[-1]
    assert (entry.kind, entry.operation, entry.body["refresh_token"]) == ("oauth", "token", token[-4:])
