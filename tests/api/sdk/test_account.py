"""Keys, settings, usage and the audit log with the SDK; older ones have settings and usage only."""

import urllib.error
import urllib.request

import pytest

from tests.api.sdk.conftest import SdkError


@pytest.fixture
def opens(server):
    """Does this key open the door?"""

    def opens(key):
        request = urllib.request.Request(f"{server.url}/api/v2/keys", headers={"Authorization": f"Bearer {key}"})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status == 200
        except urllib.error.HTTPError as error:
            assert error.code == 401
            return False

    return opens


def test_the_settings_are_read_and_kept(sdk):
    sdk.settings.get()
    for wanted in (True, False):
        old = sdk._program.version.startswith("1.")
        sent = {"company_research" if old else "result_email_enabled": wanted}
        told = sdk.settings.update(**sent)
        assert sent.items() <= vars(told).items() and vars(sdk.settings.get()) == vars(told)


def test_usage_counts_runs(sdk, model):
    before = sdk.auth.get_usage()
    sdk.runs.create_and_wait(message="Hello", name="Bot", poll_interval=0.02)
    after = sdk.auth.get_usage()
    assert after.runs_used == before.runs_used + 1 < after.runs_limit
    assert float(after.cost_used) >= float(before.cost_used)
    assert "verified" in sdk.auth.resend_verify()


def test_usage_of_end_users_is_paged(newest, model):
    for name in ("ada", "bob", "cem"):
        newest.runs.create_and_wait(message="Hello", name="Bot", user_id=name, poll_interval=0.02)
    everybody = newest.users.usage(limit=2, all=True).data
    assert {"ada", "bob", "cem"} <= {one.user_id for one in everybody}
    [ada] = newest.users.usage("ada").data
    assert ada.runs_used >= 1 and newest.auth.is_verified() is True


def test_a_key_is_made_rotated_and_revoked(newest, opens):
    made = newest.keys.create(name="second", expires_in_days=7)
    assert opens(made.api_key) and made.api_key.startswith(made.prefix)
    rotated = newest.keys.rotate(made.id)
    assert (opens(made.api_key), opens(rotated.api_key)) == (False, True)
    assert newest.keys.revoke(made.id).active is False
    assert not opens(rotated.api_key)
    assert (made.id, False) in [(key.id, key.active) for key in newest.keys.list().data]
    with pytest.raises(SdkError) as refused:
        newest.keys.rotate(made.id)
    assert (refused.value.name, refused.value.code) == ("ConflictError", "key_not_active")


def test_a_key_knows_itself(newest):
    told = newest.keys.info()
    assert told.has_key and told.prefix.startswith("sayso_")


def test_the_audit_log_tells_what_was_asked_for(newest, model):
    run = newest.runs.create_and_wait(message="Hello", name="Bot", poll_interval=0.02)
    newest.runs.cancel(run.id)
    [entry] = newest.audit_logs.list(action="runs.cancel", limit=1).data
    assert (entry.method, entry.path, entry.status_code) == ("POST", f"/api/v2/runs/{run.id}/cancel", 200)
    assert entry.resource_id == str(run.id) and entry.api_key_prefix == newest.keys.info().prefix
    every = newest.audit_logs.list(method="post", resource_type="runs", auth="api_key", limit=2, all=True).data
    assert len(every) == len({one.id for one in every}) >= 2
    assert newest.audit_logs.list(auth="dashboard").data == []
    assert entry.id not in [one.id for one in newest.of(1).audit_logs.list(all=True).data]


def test_a_missing_end_user_is_refused_where_the_account_wants_one(newest, model):
    stranger = newest.of(1)
    stranger.settings.update(require_end_user_id=True)
    try:
        with pytest.raises(SdkError) as refused:
            stranger.runs.create(message="Hello", name="Bot", stream=False)
        assert (refused.value.name, refused.value.code) == ("ValidationError", "user_id_required")
        assert stranger.runs.create(message="Hello", name="Bot", stream=False, user_id="ada").status == "running"
    finally:
        stranger.settings.update(require_end_user_id=False)
