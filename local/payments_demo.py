"""The demo's part about payments from QuickBooks: a bookkeeper records one there, and it arrives in Syncro.

The account's settings are turned around for it over the REST API, as somebody would on the settings page, and back
again at the end: an imported payment is not pushed then either.
"""

import hmac
import json
import time
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

import requests
from rich.console import Console
from rich.table import Table

from local import accounts
from local.books import entities, publish, sample, until
from local.cloudformation import Template, mapping, mappings
from local.deployment import WEBHOOK_VERIFIER
from local.records import Records, has_arrived, said_of
from local.stack import Stack
from syncro_quickbooks.online.tokens import ConnectionKey

SECONDS_TO_ARRIVE = 120
"""The settings just saved make the push read the company's preferences first; a poll that finds none waits for them."""

SYNCRO_TOKEN = "syncro-token"  # noqa: S105 - what the emulator takes
_INVOICE = "invoice_created_december.json"
_PAID = "100.00"
_SECONDS = 20


def run(up: Stack, console: Console) -> bool:
    """Turns the first account around, records a payment in QuickBooks and waits for it in Syncro. True if it came."""
    return PaymentsDemo(up, console).run()


class PaymentsDemo:
    """One telling, on the account whose invoices the story before has brought into QuickBooks."""

    def __init__(self, up: Stack, console: Console) -> None:
        self._up = up
        self._console = console
        self._account = up.config.accounts[0]
        self._headers = {"Authorization": f"Bearer {up.issuer.token(self._account.account_id)}"}
        self._event = sample(_INVOICE)

    def run(self) -> bool:
        """As the module's `run`."""
        self._console.rule(f"Payments from QuickBooks: {self._account.account_id}")
        self._invoice_in_syncro()
        self._turn("FROM")
        paid = self._bookkeeper_records_payment()
        arrived = self._waits_for_it(paid)
        if arrived is None:
            self._console.print(f"It did not arrive within {SECONDS_TO_ARRIVE} s: {self._told()}", style="red")
            return False
        self._turn("TO")
        told_back = self._syncro_tells_of_it(arrived)
        table = Table(title="The payment, in both books", title_justify="left")
        for column in ("QuickBooks payment", "Syncro payment", "invoice", "amount", "reference", "pushed back?"):
            table.add_column(column)
        table.add_row(
            paid,
            str(arrived["id"]),
            str(self._invoice["number"]),
            f"{float(str(arrived['payment_amount'])):.2f}",
            str(arrived["ref_num"]),
            told_back,
        )
        self._console.print(table)
        return "not sent" in told_back

    @property
    def _invoice(self) -> Template:
        return mapping(mapping(self._event["detail"])["invoice"])

    def _invoice_in_syncro(self) -> None:
        """The emulator of Syncro's API gets what Syncro itself would have."""
        detail = mapping(self._event["detail"])
        invoice = {**self._invoice, "balance_due": "356.00", "payments": []}
        things = {"customers": [mapping(detail["customer"])], "invoices": [invoice]}
        requests.post(f"{self._up.config.syncro_url}/_emulator/load", json=things, timeout=_SECONDS).raise_for_status()

    def _turn(self, direction: str) -> None:
        self._api("PUT", "syncro-access", {"subdomain": "demo", "token": SYNCRO_TOKEN})
        saved = self._api("GET", "settings")
        switches = {"sync_payments_to": direction == "TO", "sync_payments_from": direction == "FROM"}
        self._api(
            "PUT", "settings", {"version": saved["version"], "settings": {**mapping(saved["settings"]), **switches}}
        )
        self._console.print(f"Settings: Sync Payments {direction} QuickBooks is on, the other direction off")

    def _bookkeeper_records_payment(self) -> str:
        """By QuickBooks' API, as its own pages do. Intuit then tells of it by a signed webhook."""
        realm_id, number = self._account.realm_id, self._invoice["number"]
        invoice = next(each for each in entities(self._up, realm_id, "Invoice") if each.get("DocNumber") == number)
        body = {
            "CustomerRef": mapping(invoice["CustomerRef"]),
            "TotalAmt": float(_PAID),
            "Line": [{"Amount": float(_PAID), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}],
        }
        key = ConnectionKey(self._account.account_id, realm_id)
        token = accounts.deployed(self._up).tokens.access_token(key).value
        made = requests.post(
            f"{self._up.config.qbo_url}/v3/company/{realm_id}/payment",
            json=body,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=_SECONDS,
        )
        made.raise_for_status()
        paid = str(mapping(mapping(made.json())["Payment"])["Id"])
        self._console.print(f"QuickBooks: the bookkeeper records payment {paid}, {_PAID} for {number}")
        self._webhook(paid)
        return paid

    def _webhook(self, paid: str) -> None:
        event = {"specversion": "1.0", "id": f"demo-{paid}", "type": "qbo.payment.created.v1"}
        event |= {"intuitentityid": paid, "intuitaccountid": self._account.realm_id}
        delivery = json.dumps([event]).encode()
        signature = b64encode(hmac.new(WEBHOOK_VERIFIER.encode(), delivery, sha256).digest()).decode()
        answer = requests.post(
            f"{self._up.api_url}/webhooks/intuit",
            data=delivery,
            headers={"intuit-signature": signature, "Content-Type": "application/json"},
            timeout=_SECONDS,
        )
        self._console.print(f"Intuit: a signed webhook, answered {answer.status_code}")

    def _waits_for_it(self, paid: str) -> "Template | None":
        start = time.monotonic()
        headers = {"Authorization": f"Bearer {SYNCRO_TOKEN}"}
        address = f"{self._up.config.syncro_url}/api/v1/payments"
        with self._console.status("waiting for it in Syncro"):
            for _ in until(SECONDS_TO_ARRIVE, 0.5):
                answer = requests.get(address, params={"query": f"QBO-{paid}"}, headers=headers, timeout=_SECONDS)
                found = mappings(mapping(answer.json())["payments"]) if answer.ok else []
                if found:
                    self._console.print(f"Syncro: payment {found[0]['id']} after {time.monotonic() - start:.1f} s")
                    return found[0]
        return None

    def _syncro_tells_of_it(self, payment: Template) -> str:
        """Syncro publishes its new payment like any other. Returns what its record says."""
        told = sample("payment_created.json")
        detail = mapping(told["detail"])
        changed: Template = {
            **mapping(detail["payment"]),
            "id": payment["id"],
            "payment_amount": _PAID,
            "payment_method": payment["payment_method"],
            "ref_num": payment["ref_num"],
            "allocations": [{"invoice_id": self._invoice["id"], "amount": _PAID, "source_credit_id": None}],
        }
        event: Template = {**told, "detail": {**detail, "event_id": "demo-imported", "payment": changed}}
        publish(self._up, [event])
        records = Records(self._up, self._account.account_id)
        for _ in until(SECONDS_TO_ARRIVE):
            record = records.of("payment", str(payment["id"]))
            if has_arrived(record, event) and record.problems:
                return ": ".join(said_of(record))
        return "its event did not arrive"

    def _told(self) -> str:
        return json.dumps(self._api("GET", "payments-from-quickbooks"))[:600]

    def _api(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Template:
        answer = requests.request(
            method, f"{self._up.api_url}/{path}", json=body, headers=self._headers, timeout=_SECONDS
        )
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return mapping(answer.json())
