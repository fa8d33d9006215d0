"""Events of an account with QuickBooks Desktop, whose company file knows "State Tax", 8.25 %."""

from typing import Any

from tests.support import events


def invoice(invoice_id: int = 309, **fields: Any) -> dict[str, Any]:
    """Two lines of 100.00 at 8.25 %, which is what "State Tax" is in the company file."""
    return events.invoice_detail(
        invoice_id,
        totals=("200.00", "16.50", "216.50"),
        **{"products": [events.product(3, name="Managed Services"), events.product(4, name="Unknown")], **fields},
    )


def changed_invoice(version: int = 2, **fields: Any) -> dict[str, Any]:
    """One line of 100.00 more."""
    lines = [events.line(1, 3), events.line(2, 4), events.line(5, None)]
    return events.invoice_detail(
        309,
        version=version,
        lines=lines,
        totals=("300.00", "24.75", "324.75"),
        products=[events.product(3, name="Managed Services"), events.product(4, name="Unknown")],
        **fields,
    )


def payment(
    payment_id: int = 501, *invoices: tuple[int, str], amount: str = "216.50", version: int = 1, **fields: Any
) -> dict[str, Any]:
    owner = fields.pop("owner", None) or events.customer()
    return {
        "event_id": f"payment-{payment_id}-{version}",
        "account_id": events.ACCOUNT,
        "occurred_at": "2026-11-23T09:00:00.000Z",
        "version": version,
        "payment": {
            "id": payment_id,
            "customer_id": owner["id"],
            "success": True,
            "payment_amount": amount,
            "applied_at": "2026-11-21T00:00:00.000Z",
            "payment_method": "Check",
            "ref_num": "4711",
            "allocations": [{"invoice_id": each, "amount": part} for each, part in invoices],
            **fields,
        },
        "customer": owner,
    }


def credit(credit_id: int, amount: str, version: int = 1) -> dict[str, Any]:
    return {
        "event_id": f"credit-{credit_id}-{version}",
        "account_id": events.ACCOUNT,
        "occurred_at": "2026-11-23T09:00:00.000Z",
        "version": version,
        "store_credit": {
            "id": credit_id,
            "customer_id": 72,
            "amount": amount,
            "origin": "manual",
            "origin_id": None,
            "date": "2026-11-20T00:00:00.000Z",
            "note": "Goodwill",
        },
        "customer": events.customer(),
    }
