"""Whole sessions through SOAP, as they should be and as they are when the network fails in the middle."""

from datetime import timedelta

import pytest

from syncro_quickbooks.desktop.sessions import Session
from syncro_quickbooks.storage.table import ConditionFailed, Put
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.lease import LeaseLost
from tests.support.web_connector import Connector, Script, Service, description

pytestmark = pytest.mark.usefixtures("aws_services")

ONE, TWO, THREE = "<QBXML>1 &amp; é</QBXML>", "<QBXML>2</QBXML>", "<QBXML>3</QBXML>"


def opened(service: Service, account_id: str = "acme") -> Connector:
    """A connector with the account's company file open, logged in."""
    connector = Connector.of(service, account_id, service.register(account_id))
    assert connector.log_in() == ""
    return connector


def test_a_session_from_login_to_goodbye() -> None:
    script = Script(ONE, TWO, THREE)
    service = Service(script)
    file_id = service.register("acme")
    connector = Connector.of(service, "acme", file_id)

    assert connector.soap.serverVersion().startswith("Syncro")
    assert not connector.soap.clientVersion("2.3.0.36")
    assert connector.log_in() == ""
    assert [connector.ask(), connector.tell("<answer>1</answer>")] == [ONE, 33]
    assert [connector.ask(), connector.tell("<answer>2</answer>")] == [TWO, 66]
    assert [connector.ask(), connector.tell("<answer>3</answer>")] == [THREE, 100]
    assert connector.close() == "3 sent"

    assert script.begun == [("acme", description(file_id))]
    assert [answer for _, answer, _, _ in script.answers] == [f"<answer>{n}</answer>" for n in (1, 2, 3)]
    assert script.closed == ["acme"]
    last = service.last_sessions.of("acme")
    assert last is not None
    assert (last.requests, last.problem) == (3, None)
    assert (last.company_file, last.country, last.qbxml_version) == (r"C:\Books\demo.qbw", "US", "16.0")
    assert service.log.warnings() == []


def test_nothing_to_do_is_said_at_the_door() -> None:
    service = Service(Script())
    connector = Connector.of(service, "acme", service.register("acme"))
    assert connector.log_in() == "none"
    assert connector.ticket == ""


def test_nothing_left_to_send_ends_the_session_in_good_order() -> None:
    script = Script(ONE)
    script.progress = 50
    connector = opened(Service(script))
    assert [connector.ask(), connector.tell("x"), connector.ask()] == [ONE, 50, ""]
    assert connector.why() == "Everything is up to date."
    assert connector.close() == "1 sent"


def test_a_session_ended_by_the_exchange_says_why() -> None:
    script = Script(ONE, TWO)
    script.progress, script.error = -1, "Invoice 7 stops everything."
    service = Service(script)
    connector = opened(service)
    assert [connector.ask(), connector.tell("x")] == [ONE, -1]
    assert [connector.why(), connector.close()] == ["Invoice 7 stops everything."] * 2
    last = service.last_sessions.of("acme")
    assert last is not None
    assert last.problem is not None
    assert last.problem.message == "Invoice 7 stops everything."


def test_quickbooks_own_failure_reaches_the_exchange() -> None:
    script = Script(ONE)
    connector = opened(Service(script))
    connector.ask()
    assert connector.tell("", "0x80040400", "QuickBooks found an error when parsing the provided XML") == 100
    assert script.answers == [("acme", "", "0x80040400", "QuickBooks found an error when parsing the provided XML")]


def test_a_failure_of_ours_ends_the_session_in_words_without_its_details() -> None:
    script = Script(ONE)
    service = Service(script)
    connector = opened(service)
    script.fails = RuntimeError("secret detail")
    assert connector.ask() == ""
    assert "error on our side" in connector.why()
    assert "secret" not in connector.why()
    script.fails = None
    assert "error on our side" in connector.close()
    assert [message for level, message, _ in service.log.lines if level == "exception"] == ["The exchange failed"]
    assert connector.log_in() == ""


# -- two at once --------------------------------------------------------------------------------------------------


def test_a_second_login_waits_until_the_first_session_is_silent_for_two_minutes() -> None:
    service = Service(Script(ONE, TWO))
    first = opened(service)
    first.ask()
    second = Connector.of(service, "acme", first.file_id)
    service.clock.sleep(119)
    assert second.log_in() == "busy"
    first.tell("x")  # it lives
    service.clock.sleep(119)
    assert second.log_in() == "busy"
    service.clock.sleep(1)
    assert second.log_in() == ""
    assert second.ask() == ONE


def test_the_superseded_session_gets_nothing_and_changes_nothing() -> None:
    script = Script(ONE, TWO)
    service = Service(script)
    first = opened(service)
    first.ask()
    service.clock.sleep(120)
    second = Connector.of(service, "acme", first.file_id)
    assert [second.log_in(), second.ask()] == ["", ONE]
    service.log.lines.clear()

    assert first.tell("late") == -1
    assert first.ask() == ""
    assert "session is over" in first.why()
    assert first.fail_to_connect("0x80040408", "no") == "done"
    assert "session is over" in first.close()

    assert len(service.log.warnings()) == 5
    assert script.answers == []
    assert second.tell("mine") == 50
    assert [second.ask(), second.tell("mine")] == [TWO, 100]


def test_a_session_superseded_while_its_call_is_worked_on_hands_nothing_out() -> None:
    script = Script(ONE)
    service = Service(script)
    first = opened(service)
    second = Connector.of(service, "acme", first.file_id)

    def meanwhile() -> None:
        script.during = lambda: None
        service.clock.sleep(120)
        assert second.log_in() == ""

    script.during = meanwhile
    assert first.ask() == ""
    assert second.ask() == ONE


def test_what_the_exchange_writes_under_a_superseded_session_is_refused() -> None:
    script = Script(ONE)
    service = Service(script)
    first = opened(service)
    held: list[Session] = []
    begin = script.begin

    def noted(session: Session, company: str) -> None:
        held.append(session)
        begin(session, company)

    script.begin = noted  # type: ignore[method-assign]  # in its place for this test
    first.ask()
    (session,) = held
    place = Keys("acme").of_account("test")
    write = Put({"pk": place.pk, "sk": place.sk, "schema": 1})
    service.table.transact([session.lease.check(), write])
    service.clock.sleep(120)
    Connector.of(service, "acme", first.file_id).log_in()
    with pytest.raises(ConditionFailed):
        service.table.transact([session.lease.check(), write])


def test_a_lost_lease_ends_the_session_without_an_apology() -> None:
    script = Script(ONE)
    service = Service(script)
    connector = opened(service)
    script.fails = LeaseLost()
    assert connector.ask() == ""
    assert [fields["reason"] for fields in service.log.warnings()] == ["another session has taken over"]


def test_sessions_of_two_accounts_do_not_touch_each_other() -> None:
    script = Script()
    script.requests = {"acme": [ONE, TWO], "bolt": [THREE]}
    service = Service(script)
    acme, bolt = opened(service, "acme"), opened(service, "bolt")
    assert [acme.ask(), bolt.ask()] == [ONE, THREE]
    assert [bolt.tell("from bolt"), acme.tell("from acme")] == [100, 50]
    assert [acme.ask(), acme.tell("from acme")] == [TWO, 100]
    assert [acme.close(), bolt.close()] == ["2 sent", "1 sent"]
    assert [(who, what) for who, what, _, _ in script.answers] == [
        ("bolt", "from bolt"),
        ("acme", "from acme"),
        ("acme", "from acme"),
    ]


# -- calls that are not due ---------------------------------------------------------------------------------------


def stopped(service: Service, connector: Connector) -> None:
    """The session tells of the interruption, ends, and lets the next one begin at once."""
    assert "interrupted" in connector.why()
    assert "next run" in connector.close()
    last = service.last_sessions.of("acme")
    assert last is not None
    assert last.problem is not None
    assert last.problem.code == "desktop_out_of_order"
    assert {"account_id": "acme", "session": 1, "reason": "desktop_out_of_order"} in service.log.warnings()
    assert connector.log_in() == ""


def test_asking_again_before_answering_stops_the_session_instead_of_sending_again() -> None:
    script = Script(ONE, TWO)
    service = Service(script)
    connector = opened(service)
    connector.ask()
    assert connector.ask() == ""
    assert connector.tell("x") == -1
    assert script.answers == []
    stopped(service, connector)


def test_an_answer_to_a_request_never_asked() -> None:
    script = Script(ONE)
    service = Service(script)
    connector = opened(service)
    assert connector.tell("<QBXML/>") == -1
    assert script.answers == []
    stopped(service, connector)


def test_the_same_answer_twice_counts_once() -> None:
    script = Script(ONE, TWO)
    service = Service(script)
    connector = opened(service)
    connector.ask()
    assert [connector.tell("x"), connector.tell("x")] == [50, -1]
    assert len(script.answers) == 1
    stopped(service, connector)


def test_a_call_during_a_call_stops_the_session() -> None:
    script = Script(ONE, TWO)
    service = Service(script)
    connector = opened(service)

    def meanwhile() -> None:
        script.during = lambda: None
        assert connector.ask() == ""

    script.during = meanwhile
    assert connector.ask() == ""
    stopped(service, connector)


def test_the_same_answer_twice_at_once_counts_once() -> None:
    script = Script(ONE, TWO)
    service = Service(script)
    connector = opened(service)
    connector.ask()

    def meanwhile() -> None:
        script.during = lambda: None
        assert connector.tell("x") == -1

    script.during = meanwhile
    assert connector.tell("x") == -1
    assert len(script.answers) == 1
    stopped(service, connector)


def test_closing_at_any_moment_lets_the_next_session_begin_at_once() -> None:
    service = Service(Script(ONE, TWO))
    connector = opened(service)
    connector.close()
    for answered in (False, True):
        assert connector.log_in() == ""
        connector.ask()
        if answered:
            connector.tell("x")
        connector.close()
    assert connector.log_in() == ""


def test_closing_twice_says_the_same_and_is_done_once() -> None:
    script = Script(ONE)
    connector = opened(Service(script))
    connector.ask()
    connector.tell("x")
    assert [connector.close(), connector.close()] == ["1 sent", "1 sent"]
    assert script.closed == ["acme"]


def test_nothing_happens_after_the_end() -> None:
    script = Script(ONE)
    connector = opened(Service(script))
    connector.ask()
    connector.tell("x")
    connector.close()
    assert [connector.ask(), connector.tell("more")] == ["", -1]
    assert len(script.answers) == 1


def test_a_login_while_only_the_goodbye_is_missing_begins_anew() -> None:
    connector = opened(Service(Script(ONE)))
    connector.ask()
    connector.tell("x")
    before = connector.ticket
    assert connector.log_in() == ""
    assert connector.ticket != before
    assert connector.ask() == ONE


def test_a_ticket_is_good_for_twelve_hours() -> None:
    service = Service(Script(*[ONE] * 200))
    connector = opened(service)
    connector.ask()
    service.clock.sleep(timedelta(hours=12).total_seconds() - 1)  # QuickBooks shows a dialog over night
    assert connector.tell("x") == 0
    service.clock.sleep(1)
    assert connector.ask() == ""
    assert "took too long" in connector.why()


def test_quickbooks_cannot_be_reached() -> None:
    script = Script(ONE)
    service = Service(script)
    connector = opened(service)
    assert connector.fail_to_connect("0x80040414", "A modal dialog is open.") == "done"
    assert connector.why() == (
        "A window in QuickBooks waits for an answer. Close it and try again. [A modal dialog is open. (0x80040414)]"
    )
    last = service.last_sessions.of("acme")
    assert last is not None
    assert last.problem is not None
    assert last.problem.code == "qbd_0x80040414"
    assert (script.begun, script.closed) == ([], [])
    assert connector.log_in() == ""
