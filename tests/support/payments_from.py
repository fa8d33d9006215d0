"""A deployment that brings payments from QuickBooks into Syncro: both emulators, polls, webhooks, in virtual time."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import botocore.exceptions
import requests

from emulators.quickbooks_online import Company, Fault
from emulators.syncro_api import SyncroEmulator
from emulators.wsgi_adapter import WSGIAdapter
from syncro_quickbooks.online.faults import QuickBooksError
from syncro_quickbooks.online.payments_from.imports import PaymentImport
from syncro_quickbooks.syncro_api.access import SyncroAccess
from tests.support.boundaries import Crash
from tests.support.events import ACCOUNT, invoice_detail
from tests.support.world import FUNCTION_TIME, REDELIVERED_AFTER, World, ready_settings

SYNCRO_URL = "http://demo.syncro.test"
VERIFIER = "test-verifier"
TOKEN = "a-token-of-the-demo-account"


class SyncroAdapter(WSGIAdapter):
    """HTTP to the Syncro emulator, through the boundaries."""

    def __init__(self, world: "PaymentsFromWorld") -> None:
        super().__init__(world.syncro)
        self._world = world

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        path = (request.url or "").removeprefix(f"{SYNCRO_URL}/api/v1").partition("?")[0]

        def late() -> None:
            self._world.syncro.faults.add(Fault(kind="late", delay=240))
            with suppress(requests.ConnectionError):
                super(SyncroAdapter, self).send(request, *args, **options)

        return self._world.boundaries.pass_through(
            f"syncro.{request.method} {path}",
            lambda: super(SyncroAdapter, self).send(request, *args, **options),
            lambda: requests.exceptions.ReadTimeout(request=request),
            late=late if request.method == "POST" else None,
        )


class PaymentsFromWorld(World):
    """`acme` imports payments; its invoices 309 and 310, of 216.00 each, are in both books."""

    def __init__(self, *invoices: int, **company: Any) -> None:
        super().__init__()
        self.syncro = SyncroEmulator(clock=self.clock.now)
        self.in_syncro = self.syncro.add_account(TOKEN, "demo")
        self._environ |= {"SYNCRO_API_BASE_URL": SYNCRO_URL}
        self.deployment = self.process()
        self.connect(number_check=False, **company)
        self.choose(2, sync_payments_to=False, sync_payments_from=True)
        self.give_access()
        self.in_syncro.load("customers", {"id": 72, "business_name": "Returns R Us"})
        for invoice in invoices or (309, 310):
            self.invoice(invoice)
        self.run()
        self.clock.sleep(600)
        self.poll()

    def invoice(self, invoice_id: int) -> None:
        """An invoice is written in Syncro."""
        self.in_syncro.load(
            "invoices", {"id": invoice_id, "number": f"10{invoice_id}", "customer_id": 72, "total": "216.00"}
        )
        self.publish("invoice.created", invoice_detail(invoice_id))

    def give_access(self) -> None:
        """Somebody saves the API token of the account's Syncro."""
        self.deployment.syncro_access.save(ACCOUNT, SyncroAccess("demo", TOKEN))

    def choose(self, version: int, **changes: Any) -> None:
        """Somebody saves the settings, which are at `version` - 1."""
        settings = ready_settings(self.company, **changes)
        self.deployment.accounts.save_settings(ACCOUNT, settings, version=version - 1)

    @property
    def company(self) -> Company:
        return self.companies[ACCOUNT]

    # -- what the bookkeeper does ----------------------------------------------------------------------------------

    def qbo_invoice(self, invoice_id: int) -> str:
        """QuickBooks' id of a Syncro invoice."""
        return next(
            str(each["Id"]) for each in self.company.entities("Invoice") if each["DocNumber"] == f"10{invoice_id}"
        )

    def pay(self, *shares: tuple[int | str, str], total: str | None = None, **fields: Any) -> str:
        """A payment over (Syncro invoice or QuickBooks invoice id, amount); returns its id."""
        lines = [
            {
                "Amount": Decimal(amount),
                "LinkedTxn": [{"TxnId": self.qbo_invoice(of) if isinstance(of, int) else of, "TxnType": "Invoice"}],
            }
            for of, amount in shares
        ]
        amount = Decimal(total) if total else sum((Decimal(each) for _, each in shares), Decimal(0))
        customer = self.company.entities("Customer")[0]["Id"]
        body = {
            "CustomerRef": {"value": customer},
            "TotalAmt": amount,
            "TxnDate": "2026-11-22",
            "Line": lines,
            **fields,
        }
        self.clock.sleep(1)
        return str(self.company.create_by_hand("Payment", body)["Id"])

    def lines(self, *shares: tuple[int, str]) -> list[dict[str, Any]]:
        return [
            {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": self.qbo_invoice(of), "TxnType": "Invoice"}]}
            for of, amount in shares
        ]

    # -- what AWS does ---------------------------------------------------------------------------------------------

    def _session(self) -> requests.Session:
        session = super()._session()
        session.mount(SYNCRO_URL, SyncroAdapter(self))
        return session

    def sent(self, arguments: dict[str, Any]) -> None:
        if arguments["QueueUrl"] == "polls.fifo":
            self._enqueue(self.clock.now(), "poll", arguments["MessageBody"])
        else:
            super().sent(arguments)

    def poll(self, account: str = ACCOUNT) -> None:
        """Every bit of QuickBooks is read now, and what counts is brought into Syncro."""
        self._handle("webhook", account)
        self._handle("poll", account)

    def _handle(self, queue: str, body: str) -> None:
        if queue not in ("poll", "sweep", "webhook"):
            super()._handle(queue, body)
            return
        try:
            if queue == "sweep":
                self.deployment.wakes.wake_due()
                self.deployment.polls.wake_due()
            elif queue == "webhook":
                self.deployment.polls.announced(body, "9130001", about_payments=True)
            else:
                self.deployment.payment_poll.run(body, self.clock.now() + FUNCTION_TIME)
        except Crash:
            self.boundaries.revive()
        except (botocore.exceptions.BotoCoreError, QuickBooksError):
            pass
        else:
            return
        if body:
            self._enqueue(self.clock.now() + REDELIVERED_AFTER, queue, body)

    # -- what a test looks at --------------------------------------------------------------------------------------

    def imported(self, qbo_id: str) -> PaymentImport:
        """What is known of a QuickBooks payment."""
        found = self.deployment.payment_imports(ACCOUNT, "9130001").get_many([qbo_id])
        assert qbo_id in found, f"nothing is told about QuickBooks payment {qbo_id}"
        return found[qbo_id]

    def payments_in_syncro(self) -> list[tuple[str, Decimal, list[Any]]]:
        """Reference, amount and invoices of every payment in Syncro."""
        self.syncro.settle()
        return [(p["ref_num"], p["payment_amount"], p["invoice_ids"]) for p in self.in_syncro.all("payments")]

    def reads(self) -> int:
        """Metered reads of QuickBooks so far."""
        return sum(entry.reads for entry in self.emulator.journal)


QUARTER = timedelta(minutes=15)
