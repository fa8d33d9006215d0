"""The demo's story: which sample events are sent in which order, what each says, and what must be in the books then."""

from collections.abc import Mapping
from decimal import Decimal

from local.cloudformation import Template, mapping

STEPS: tuple[tuple[str, str], ...] = (
    ("invoice_created.json", "an invoice"),
    ("invoice_updated.json", "one more toner on it"),
    ("payment_created.json", "a check for part of it"),
    ("payment_updated.json", "the check is corrected"),
    ("payment_created_overpayment.json", "a card payment over the rest, $100 too much"),
    ("store_credit_created_overpayment.json", "Syncro's credit for those $100: not booked again"),
    ("invoice_created_december.json", "next month's invoice"),
    ("payment_created_from_overpayment.json", "the $100 pay part of it, by the same card payment"),
    ("store_credit_created.json", "a credit by hand: a credit memo"),
    ("store_credit_updated.json", "it is raised"),
    ("payment_created_from_credit.json", "it pays part of the invoice, through a payment of $0"),
    ("customer_updated.json", "a new phone number: travels with the next document"),
    ("product_updated.json", "a new price: the item is updated"),
    ("vendor_updated.json", "a vendor: nothing to do yet"),
    ("purchase_order_created.json", "a purchase order, with its vendor"),
    ("purchase_order_updated.json", "it is finished: one bill, linked to it"),
    ("customer_purchase_updated.json", "used goods bought from the customer"),
    ("force_update_requested.json", "Force Update: everything about the invoice again, dates included"),
)
"""File in events/, and what happens."""

KINDS = {
    "invoice": "invoices",
    "payment": "payments",
    "store_credit": "store credits",
    "customer": "customers",
    "product": "products",
    "vendor": "vendors",
    "purchase_order": "purchase orders",
    "customer_purchase": "customer purchases",
}


def subject(event: Template) -> tuple[str, str]:
    """The kind and id of the thing an event is about."""
    detail = mapping(event["detail"])
    kind = str(event["detail-type"]).partition(".")[0]
    if kind == "force_update":
        return str(detail["kind"]), str(detail["id"])
    return kind, str(mapping(detail[kind])["id"])


class SyncroSide:
    """What Syncro holds after the events so far: the newest version of each thing."""

    def __init__(self) -> None:
        self.things: dict[tuple[str, str], Template] = {}

    def hear(self, event: Template) -> None:
        """Note what the event says."""
        kind, thing_id = subject(event)
        if kind in mapping(event["detail"]):
            self.things[kind, thing_id] = mapping(mapping(event["detail"])[kind])

    def of(self, kind: str) -> list[Template]:
        """The things of a kind."""
        return [thing for (each, _), thing in self.things.items() if each == kind]

    def owed(self) -> Decimal:
        """What the customer owes: invoices, less money received, less credits that are no part of a payment."""
        invoiced = sum((amount(each, "total") for each in self.of("invoice")), Decimal(0))
        received = sum(
            (amount(each, "payment_amount") for each in self.of("payment") if each["payment_method"] != "Store Credit"),
            Decimal(0),
        )
        credited = sum(
            (amount(each, "amount") for each in self.of("store_credit") if each["origin"] != "overpayment"), Decimal(0)
        )
        return invoiced - received - credited

    def open_on(self, invoice: Template) -> Decimal:
        """What is left to pay of an invoice."""
        paid = Decimal(0)
        for payment in self.of("payment"):
            shares = payment["allocations"]
            for share in shares if isinstance(shares, list) else []:
                if mapping(share)["invoice_id"] == invoice["id"]:
                    paid += amount(mapping(share), "amount")
        return amount(invoice, "total") - paid


def amount(thing: Mapping[str, object], field: str) -> Decimal:
    """A figure at cents; absent is nothing."""
    return Decimal(str(thing.get(field) or 0)).quantize(Decimal("0.01"))
