"""An account on QuickBooks Desktop: what happens in Syncro, and the sessions of the office's Web Connector."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from unittest.mock import patch

import requests

from emulators.quickbooks_desktop import AnswerLost, CompanyFile, WebConnector
from emulators.quickbooks_desktop.soap import CallFailed
from emulators.quickbooks_desktop.statuses import HResult
from emulators.wsgi_adapter import WSGIAdapter
from syncro_quickbooks.desktop import passwords
from syncro_quickbooks.desktop.endpoint import Answer
from tests.simulation.engine.syncro import Deed, Syncro
from tests.simulation.engine.world import SimulatedWorld
from tests.support.boundaries import Crash
from tests.support.office import ready_settings
from tests.support.syncro_model import Event, SyncroAccount

ACCOUNT, URL, PASSWORD = "hooli", "https://qbwc.test/qbwc", "correct horse battery"
FUNCTION_TIME = timedelta(seconds=28)  # template.yaml: the function that answers the Web Connector
HANGS_UP_AFTER = 100  # seconds; .NET's default (facts: QBD 1.1)

_BETWEEN_SESSIONS = (100, 300, 600, 1800, 14_000)
_SILENCE, _OFTEN = timedelta(seconds=130), 100
_ON_THE_LINE = {"dies before": 2, "dies after": 3, "fails": 2, "lost": 5, "late": 3, "stalls": 2, "meanwhile": 2}
_IN_QUICKBOOKS = {"dies before": 2, "dies after": 5, "late": 3, "stalls": 2, "meanwhile": 1, "quickbooks": 6}
_ARMED = ("forgets", "breaks off", "throws", "locked", "fails")
_THROWN = ("0x80040402", "0x80040408", "0x80040414", "0x8004041B", "0x80040422")
_WRITES = ("InvoiceAdd", "InvoiceMod", "ReceivePaymentAdd", "ReceivePaymentMod", "CustomerMod", "TxnDel", "TxnVoid")
_LATER = (2, 60, 115, 300, 3600)
_A_WRITE = ("AddRq ", "ModRq ", "TxnVoidRq ", "TxnDelRq ")


class Tenant(Syncro):
    """What is done in Syncro as far as Desktop goes along with it (docs/features.md).

    An applied credit can never be taken back, and a credit memo never be changed: that is asked about, and nobody does
    it here.
    """

    def deeds(self, customer: SyncroAccount, pick: int, amount: Decimal) -> list[Deed]:
        """What may be done, each with its weight."""
        return [
            (8, lambda: customer.invoice(amount)),
            (6, lambda: customer.pay(pick, amount)),
            (2, lambda: customer.give_credit(amount)),
            (3, lambda: customer.use_credit(pick, amount)),
            (2, lambda: customer.apply_rest(pick)),
            (4, lambda: _reprice(customer, pick, amount)),
            (3, lambda: customer.delete(pick, uses=False)),
            (2, lambda: [self._renamed(customer)]),
            (1, lambda: [self._ordered()]),
            (1, lambda: self._forced(customer)),
        ]


def _reprice(customer: SyncroAccount, pick: int, amount: Decimal) -> None:
    invoices = customer.live("invoice")
    if invoices:
        number = invoices[pick % len(invoices)].id
        by_credit = sum((use.applied.get(number, Decimal(0)) for use in customer.live("use")), Decimal(0))
        customer.reprice(pick, max(amount, by_credit))


@dataclass
class Sent:
    """A message set that writes: when it was asked for, and what it was."""

    at: datetime
    request: str


class DesktopOffice:
    """One account with its company file; a Web Connector runs sessions of it every so often."""

    def __init__(self, world: SimulatedWorld, rng: Random) -> None:
        self.account = ACCOUNT
        self.syncro = Tenant(ACCOUNT, rng)
        self.company = CompanyFile(
            name="Hooli",
            clock=world.clock.now,
            unknown_id_status=rng.choice([500, 3120]),
            unknown_set_status=rng.choice([9002, 600]),
            thin_answer=rng.choice(["ret", "empty"]),
            payments_change_invoices=rng.random() < 0.5,
        )
        self.others = CompanyFile(name="Somebody else's", clock=world.clock.now)
        self.sent: list[Sent] = []
        self._world, self._rng = world, rng
        self._running, self._closed = 0, False
        world.mishaps.most += rng.choice([0, 1, 2, 2])  # its own share of them
        with patch.object(passwords, "_COST", 16):  # else a login takes a quarter of a second, by design
            self._registration = world.deployment.registrations.register(ACCOUNT, ACCOUNT)
            world.deployment.registrations.set_password(ACCOUNT, PASSWORD)
        world.deployment.accounts.save_settings(ACCOUNT, ready_settings(self.company), version=0)
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.mount(URL, WSGIAdapter(self._service))
        world.also_at_work[ACCOUNT] = self._another_session
        self._plan_session()

    def deed(self) -> list[Event]:
        """Somebody does something. Returns its events."""
        return self.syncro.deed()

    def calm(self) -> None:
        """QuickBooks works as it should from now on, and sessions run only when they are waited for."""
        self._closed = True
        self.company.troubles.clear()
        self.company.break_off(0)

    def wait(self) -> None:
        """Sessions until there is no more work."""
        for _ in range(_OFTEN):
            if not self._outstanding():
                return
            self._world.go_on(self._world.clock.now() + _SILENCE)
            self._session(self.company)
        raise AssertionError(f"still work after {_OFTEN} sessions: {self._outstanding()}")

    def _outstanding(self) -> list[str]:
        return [each for each in self._world.outstanding() if each.startswith(f"acct#{ACCOUNT}#")]

    # -- sessions ------------------------------------------------------------------------------------------------------

    def _plan_session(self) -> None:
        pause = timedelta(seconds=self._rng.choice(_BETWEEN_SESSIONS))
        self._world.at(self._world.clock.now() + pause, self._scheduled_session)

    def _scheduled_session(self) -> None:
        if self._closed:
            return
        if not self._running:  # a Web Connector runs one session of an application at a time
            self._session(self.others if self._rng.random() < 0.03 else self.company)
        self._plan_session()

    def _another_session(self) -> None:
        """The same application is in a Web Connector on another computer, too."""
        if self._running < 2:
            self._session(self.company)

    def _session(self, company: CompanyFile) -> None:
        """One session, whatever comes of it."""
        connector = WebConnector(
            company=company,
            url=URL,
            user=ACCOUNT,
            password=PASSWORD,
            owner_id=self._registration.owner_id,
            file_id=self._registration.file_id if company is self.company else "{90A44FB5-33D9-4815-AC85-BC87A7E7D1EB}",
            http=self._http,
            around=self._step,
            sleep=self._world.clock.sleep,
            closes_after_failure=self._rng.random() < 0.5,
        )
        self._running += 1
        outcome = "cut off"
        with suppress(Crash, AnswerLost):
            report = connector.run()
            outcome = report.outcome
        self._running -= 1
        self._world.mishaps.tell(f"session of {company.name}: {outcome}")

    def _service(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        """The service's API and its function: as a WSGI application."""
        body, asked_at = environ["wsgi.input"].read(), self._world.clock.now()
        answers: list[Answer] = []
        self._world.invoke(
            environ["HTTP_SOAPACTION"].strip('"').rpartition("/")[2],
            ACCOUNT,
            FUNCTION_TIME,
            lambda process: answers.append(process.web_connector.post(body, "203.0.113.7")),
        )
        # A function that died: the API's own answer (docs/decisions.md).
        answer = answers[0] if answers else Answer(500, "<error/>")
        if any(each in answer.body for each in _A_WRITE):
            self.sent.append(Sent(asked_at, answer.body))
        start_response(f"{answer.status} -", [("Content-Type", answer.content_type)])
        return [answer.body.encode()]

    # -- what goes wrong -----------------------------------------------------------------------------------------------

    def _step(self, name: str, call: Callable[[], Any]) -> Any:
        """One step of a session, through the mishaps; meanwhile everything else goes on."""
        self._world.deliver_due()
        in_quickbooks = name == "ProcessRequest"
        kind = self._world.mishaps.outside(f"qbwc.{name}", _IN_QUICKBOOKS if in_quickbooks else _ON_THE_LINE)
        match kind:
            case "":
                return call()
            case "dies before":
                raise Crash(name)
            case "fails":
                raise AnswerLost
            case "late":
                due = self._world.clock.now() + timedelta(seconds=self._rng.choice(_LATER))
                self._world.at(due, lambda: self._late(name, call))
                raise AnswerLost
            case "stalls" | "meanwhile":
                return self._held_up(kind, call, in_quickbooks=in_quickbooks)
            case "quickbooks":
                return self._armed(call)
        call()
        raise Crash(name) if kind == "dies after" else AnswerLost

    def _late(self, name: str, call: Callable[[], Any]) -> None:
        """It was given up, and is carried out all the same."""
        self._world.mishaps.tell(f"{name}: late")
        with suppress(CallFailed, HResult):
            call()

    def _held_up(self, kind: str, call: Callable[[], Any], *, in_quickbooks: bool) -> Any:
        before = self._rng.random() < 0.5
        answer = None if before else call()
        if kind == "stalls":
            took = self._rng.choice([20, 140, 400, 4000] if in_quickbooks else [2, 20, 45, 140])
            self._world.clock.sleep(took)
            self._world.deliver_due()
            if self._rng.random() < 0.6:
                self._another_session()
            if took > HANGS_UP_AFTER and not in_quickbooks:
                raise AnswerLost
        else:
            self._another_session()
        return call() if before else answer

    def _armed(self, call: Callable[[], Any]) -> Any:
        """QuickBooks does something else than usual with this set, or the next ones."""
        kind = self._rng.choice(_ARMED)
        self._world.mishaps.tell(f"armed {kind}")
        match kind:
            case "forgets":
                call()
                self.company.stored_sets.clear()
                raise Crash(kind)
            case "breaks off":
                self.company.break_off(self._rng.randrange(1, 4))
            case "throws":
                self.company.throw(self._rng.choice(_THROWN))
            case "locked":
                self.company.refuse(self._rng.choice(_WRITES), 3175, _LOCKED, times=self._rng.choice([1, 1, 2, 3]))
            case _:
                self.company.refuse(self._rng.choice(_WRITES), 1000, _INTERNAL, times=self._rng.choice([1, 1, 2, 3]))
        return call()


_LOCKED = "The transaction could not be locked.  It is in use by another user."
_INTERNAL = "There has been an internal error when processing the request."
