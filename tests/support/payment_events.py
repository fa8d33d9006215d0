"""Payment and store-credit events as Syncro sends them, built in a few words. Figures are given by the test."""

from typing import Any

from tests.support.events import ACCOUNT, customer


def allocation(invoice_id: int, amount: str, source: int | None = None) -> dict[str, Any]:
    return {"invoice_id": invoice_id, "amount": amount, "source_credit_id": source}


def payment_detail(
    payment_id: int = 344,
    amount: str = "216.00",
    allocations: list[dict[str, Any]] | None = None,
    *,
    version: int = 1,
    account: str = ACCOUNT,
    method: str = "Check",
    owner: dict[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """The detail of a payment event: the whole of invoice 309 by check unless told otherwise."""
    owner = owner or customer()
    return {
        "event_id": f"event-{account}-payment-{payment_id}-{version}",
        "account_id": account,
        "occurred_at": "2026-11-23T10:00:00.000Z",
        "version": version,
        "payment": {
            "id": payment_id,
            "customer_id": owner["id"],
            "success": True,
            "payment_amount": amount,
            "applied_at": "2026-11-22T00:00:00.000Z",
            "payment_method": method,
            "ref_num": f"1{payment_id}",
            "allocations": [allocation(309, amount)] if allocations is None else allocations,
            **fields,
        },
        "customer": owner,
    }


def store_credit_detail(
    credit_id: int = 259,
    amount: str = "40.00",
    origin: str = "manual",
    origin_id: int | None = None,
    *,
    version: int = 1,
    account: str = ACCOUNT,
    owner: dict[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """The detail of a store-credit event: 40.00 by hand unless told otherwise."""
    owner = owner or customer()
    return {
        "event_id": f"event-{account}-credit-{credit_id}-{version}",
        "account_id": account,
        "occurred_at": "2026-11-23T10:00:00.000Z",
        "version": version,
        "store_credit": {
            "id": credit_id,
            "customer_id": owner["id"],
            "amount": amount,
            "origin": origin,
            "origin_id": origin_id,
            "date": "2026-11-21T00:00:00.000Z",
            "note": f"credit {credit_id}",
            **fields,
        },
        "customer": owner,
    }
