"""One Syncro account: its things, and what Syncro accepts (facts: Syncro 2, its Swagger file)."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

Obj: TypeAlias = dict[str, Any]
KINDS = {
    "customers": "customer",
    "invoices": "invoice",
    "products": "product",
    "payments": "payment",
    "vendors": "vendor",
}
CREATABLE = frozenset({"customers", "products", "vendors", "payments"})
_PRODUCT = {
    "price_cost": 0,
    "price_retail": 0,
    "maintain_stock": False,
    "quantity": 0,
    "disabled": False,
    "taxable": True,
    "qb_item_id": None,
    "discount_percent": None,
}
"""What a product has that was made without them (Swagger's example; defaults [G])."""

_ONLY_IN_FULL = frozenset({"balance_due", "customer", "line_items", "payments"})
"""What only `GET /invoices/{id}` tells of an invoice."""

_ADDRESS = ("address", "city", "state", "zip")
_TEXTS = {
    "customers": (
        "business_name",
        "firstname",
        "lastname",
        "email",
        "phone",
        "mobile",
        "address_2",
        "notes",
        *_ADDRESS,
    ),
    "products": ("name", "description", "condition", "product_category", "upc_code", "notes"),
    "vendors": ("name", "rep_first_name", "rep_last_name", "email", "phone", "website", "notes", *_ADDRESS),
}


class Invalid(Exception):
    """Syncro does not accept what it was sent; the texts are those of the Swagger file where it has one."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = list(messages)


class SyncroAccount:
    """What belongs to one API token."""

    def __init__(self, subdomain: str, clock: Callable[[], datetime]) -> None:
        self.subdomain = subdomain
        self._clock = clock
        self._things: dict[str, dict[int, Obj]] = {kind: {} for kind in KINDS}
        self._last_id = dict.fromkeys(KINDS, 0)
        self._emails: set[str] = set()  # of customers: an index of what is in `_things`
        # Payments keep to themselves what of them each invoice got: the public API has no allocations.
        self._applied: dict[int, dict[int, Decimal]] = {}
        self.answers_before_it_applies = False
        """[G] Whether the answer to a payment knows of no invoice yet."""

        self.keeps_as_credit = False
        """[G] Whether payments are taken and applied to no invoice: how that comes about is unpublished, only that
        `invoice_ids` is then `[null]` (facts: Syncro 2.3)."""

    def load(self, kind: str, *things: Obj) -> None:
        """Add or replace things of a kind ("customers", "invoices" …) by their id, whatever Syncro would say."""
        for thing in things:
            self._keep(kind, dict(thing))

    def all(self, kind: str) -> list[Obj]:
        """All things of a kind as they show in its list, in order of id."""
        return self._rows(kind, sorted(self._things[kind]))

    def one(self, kind: str, number: str) -> Obj | None:
        """A thing in full; an invoice by its id or else its number, with what was paid on it."""
        thing = self._things[kind].get(int(number)) if number.isdecimal() else None
        if kind != "invoices":
            return dict(thing) if thing else None
        if thing is None:
            thing = next((each for each in self._things[kind].values() if each.get("number") == number), None)
        return self._with_payments(thing) if thing else None

    def create(self, kind: str, body: Obj) -> Obj:
        """Make a thing as POST does. Raises Invalid."""
        if kind == "payments":
            return self._create_payment(body)
        {"customers": self._check_customer, "products": _check_product, "vendors": _check_vendor}[kind](body)
        defaults = {**dict.fromkeys(_TEXTS[kind]), **(_PRODUCT if kind == "products" else {})}
        made = {**defaults, **body, **self._stamps(kind)}
        if kind == "customers":
            made |= _names(made) | {"disabled": False}
        self._keep(kind, made)
        return dict(made)

    def page(self, kind: str, start: int, size: int) -> list[Obj]:
        """Some things of the whole list, in order of id."""
        return self._rows(kind, sorted(self._things[kind])[start : start + size])

    def count(self, kind: str) -> int:
        """How many things of a kind there are."""
        return len(self._things[kind])

    def _rows(self, kind: str, numbers: list[int]) -> list[Obj]:
        things = [self._things[kind][number] for number in numbers]
        return [self._row(each) for each in things] if kind == "invoices" else [dict(each) for each in things]

    def _row(self, invoice: Obj) -> Obj:
        """A list tells whether an invoice is paid, but neither how much is due nor its lines (Swagger)."""
        row = {name: value for name, value in invoice.items() if name not in _ONLY_IN_FULL}
        return {**row, "is_paid": self._open(invoice) <= 0}

    def _keep(self, kind: str, thing: Obj) -> None:
        number = int(thing["id"])
        self._things[kind][number] = thing
        self._last_id[kind] = max(self._last_id[kind], number)
        if kind == "customers" and thing.get("email"):
            self._emails.add(str(thing["email"]).casefold())

    def pay(self, payment: Obj, parts: dict[int, Decimal]) -> None:
        """What a person does in Syncro: a payment, and how much of it each invoice gets."""
        self._keep("payments", {**payment, "invoice_ids": list(parts)})
        self._applied[int(payment["id"])] = dict(parts)

    def delete_payment(self, payment_id: int) -> None:
        """What a person does in Syncro; the public API cannot."""
        del self._things["payments"][payment_id]
        self._applied.pop(payment_id, None)

    def _stamps(self, kind: str) -> Obj:
        now = self._clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"id": self._last_id[kind] + 1, "created_at": now, "updated_at": now}

    def _check_customer(self, body: Obj) -> None:
        email = str(body.get("email") or "")
        problems = []
        if email and not _is_email(email):
            problems.append("Email is not an email")
        if email and email.casefold() in self._emails:
            problems.append("Email has already been taken")  # its identifier of a customer (facts: Syncro 1.6)
        if not any(body.get(name) for name in ("business_name", "firstname", "lastname")):
            problems.append("Business name can't be blank")  # [G] the only required field is the organization's name
        if problems:
            raise Invalid(*problems)

    def _create_payment(self, body: Obj) -> Obj:
        """No idempotency key, so a repeat makes a second payment. What exceeds the invoice becomes store credit."""
        amount_cents = body.get("amount_cents")
        invoice = self._things["invoices"].get(int(body.get("invoice_id") or 0))
        if body.get("invoice_id") and invoice is None:
            raise Invalid("Invoice not found")
        customer = self._things["customers"].get(
            int(body.get("customer_id") or (invoice or {}).get("customer_id") or 0)
        )
        if customer is None or not isinstance(amount_cents, int) or amount_cents <= 0:
            raise Invalid("Customer and amount are required")
        amount = Decimal(amount_cents) / 100
        invoice = None if self.keeps_as_credit else invoice
        stamps = self._stamps("payments")
        made: Obj = {
            **stamps,
            "success": True,
            "payment_amount": amount,
            "invoice_ids": [invoice["id"]] if invoice else [None],
            "ref_num": body.get("ref_num"),
            "applied_at": body.get("applied_at") or stamps["created_at"],  # undocumented, seen in the wild
            "payment_method": body.get("payment_method"),
            "transaction_response": None,
            "signature_date": None,
            "customer": customer,
        }
        if invoice:
            self._applied[made["id"]] = {invoice["id"]: min(amount, self._open(invoice))}
        self._keep("payments", made)
        # The answer to a create has tickets in place of the customer (Swagger).
        answer = {name: value for name, value in made.items() if name != "customer"}
        told = {"invoice_ids": [None]} if self.answers_before_it_applies else {}
        return {**answer, **told, "tickets": []}

    def _with_payments(self, invoice: Obj) -> Obj:
        paid = [self._things["payments"][each] for each, parts in self._applied.items() if invoice["id"] in parts]
        left = self._open(invoice)
        return {
            **invoice,
            "balance_due": format(left, "f"),
            "is_paid": left <= 0,
            "customer": self._things["customers"].get(int(invoice.get("customer_id") or 0)),
            "line_items": invoice.get("line_items", []),
            "payments": [*invoice.get("payments", []), *paid],
        }

    def _open(self, invoice: Obj) -> Decimal:
        applied = sum((parts.get(invoice["id"], Decimal(0)) for parts in self._applied.values()), Decimal(0))
        return Decimal(str(invoice.get("balance_due", invoice.get("total", "0")))) - applied


def _names(customer: Obj) -> Obj:
    full = " ".join(str(customer[name]) for name in ("firstname", "lastname") if customer.get(name))
    business = customer.get("business_name")
    return {"fullname": full, "business_then_name": business or full}


def _check_product(body: Obj) -> None:
    missing = [name for name in ("name", "description") if not str(body.get(name) or "").strip()]
    if missing:
        raise Invalid(*(f"{name.capitalize()} can't be blank" for name in missing))


def _check_vendor(body: Obj) -> None:
    if not body.get("name"):
        raise Invalid("Name can't be blank")  # [G]: the Swagger file requires nothing
    if body.get("email") and not _is_email(str(body["email"])):
        raise Invalid("Email is not an email")


def _is_email(text: str) -> bool:
    name, _, domain = text.partition("@")
    return bool(name) and "." in domain and " " not in text
