"""What each document and item says in QuickBooks, compared with what Syncro says of it.

Expected values come from Syncro's side alone. Whose a document is says the mark in its note.
"""

from collections import Counter
from decimal import Decimal
from typing import Any, TypeAlias

from emulators.quickbooks_online import Company
from tests.simulation.engine.purchases import Order
from tests.simulation.engine.syncro import Bought, Syncro
from tests.support.books import is_void
from tests.support.goods import PRODUCTS, STOCKED, tax_of
from tests.support.syncro_model import SyncroAccount, Thing

Said: TypeAlias = dict[str, object]
"""What a document says, in words of Syncro's."""

BY_HAND, CREDIT, USED = "Services", "Store Credit", "Used Goods"
"""The items in the settings: for lines of invoices without a product, for store credit, for what customers sell."""

_KINDS = ("Invoice", "Payment", "CreditMemo", "PurchaseOrder", "Bill", "Purchase")


def agree(company: Company, syncro: Syncro) -> None:
    """Raises AssertionError with the first document or item that says something else than Syncro."""
    books = _Books(company, syncro)
    for entity, expected in _in_syncro(syncro).items():
        where, found = f"{syncro.account}: {entity}", books.said(entity)
        assert found.keys() == expected.keys(), f"{where} of {sorted(found)}, in Syncro {sorted(expected)}"
        for record, wanted in expected.items():
            said = found[record]
            differs = {name: (said[name], value) for name, value in wanted.items() if said[name] != value}
            assert not differs, f"{where} of {record} says, and Syncro: {differs}"
    _items_agree(books, syncro)


def _items_agree(books: "_Books", syncro: Syncro) -> None:
    """What is sold or bought has one item, with the newest name and prices; nothing has two."""
    sold = [line.product for customer in syncro.customers for each in customer.live("invoice") for line in each.lines]
    used = {*sold, *(line.product for order in syncro.orders for line in order.lines)}
    for product in PRODUCTS:
        told = syncro.goods.told(product)
        first = syncro.goods.first_name(product)
        found = [each for each in books.items.values() if each["Name"].startswith(first)]
        assert len(found) == 1 or not (found or product in used), f"{syncro.account}: items of {first}: {found}"
        for item in found:
            says = item["Name"], item["UnitPrice"], item["PurchaseCost"], item["Type"]
            cost, kind = Decimal(told["price_cost"]), "NonInventory" if product in STOCKED else "Service"
            wanted = told["name"], Decimal(told["price_retail"]), cost, kind
            assert says == wanted, f"{syncro.account}: the item of product {product} is {says}, in Syncro {wanted}"


class _Books:
    """A company's documents that count, by the Syncro record whose mark they bear."""

    def __init__(self, company: Company, syncro: Syncro) -> None:
        self.items = {each["Id"]: each for each in company.entities("Item")}
        self._emails = {each["Id"]: each["PrimaryEmailAddr"]["Address"] for each in company.entities("Customer")}
        self._vendors = {each["Id"]: each["DisplayName"] for each in company.entities("Vendor")}
        self._methods = {each["Id"]: each["Name"] for each in company.entities("PaymentMethod")}
        self._names = {name: vendor for vendor in syncro.vendors for name in syncro.names_of_vendor(vendor)}
        self._documents = {entity: company.entities(entity) for entity in _KINDS}
        self._records = {(e, each["Id"]): _record(each) for e, found in self._documents.items() for each in found}

    def said(self, entity: str) -> dict[str, Said]:
        """What each of them says."""
        say = {
            "Invoice": self._invoice,
            "Payment": self._payment,
            "CreditMemo": self._credit,
            "PurchaseOrder": self._purchase,
            "Bill": self._purchase,
            "Purchase": self._expense,
        }[entity]
        standing = [each for each in self._documents[entity] if not is_void(each)]
        return {_record(each): say(each) for each in standing}

    def _invoice(self, document: dict[str, Any]) -> Said:
        return {
            "number": document["DocNumber"],
            "due": document["DueDate"],
            "tax": document["TxnTaxDetail"]["TotalTax"],
            **self._credit(document),
        }

    def _credit(self, document: dict[str, Any]) -> Said:
        lines = [each for each in document["Line"] if each["DetailType"] == "SalesItemLineDetail"]
        details = [(each["SalesItemLineDetail"], each["Amount"]) for each in lines]
        said = [(*self._line(detail, amount), detail["TaxCodeRef"]["value"]) for detail, amount in details]
        return {**self._head(document), "lines": said}

    def _payment(self, document: dict[str, Any]) -> Said:
        links = [(line["LinkedTxn"][0], line["Amount"]) for line in document["Line"]]
        method = document.get("PaymentMethodRef", {}).get("value", "")
        return {
            **self._head(document),
            "reference": document.get("PaymentRefNum"),
            "method": self._methods.get(method),
            "applied": {self._records[link["TxnType"], link["TxnId"]]: amount for link, amount in links},
        }

    def _purchase(self, document: dict[str, Any]) -> Said:
        lines = [(each["ItemBasedExpenseLineDetail"], each["Amount"]) for each in document["Line"]]
        links = [link for each in (document, *document["Line"]) for link in each.get("LinkedTxn", ())]
        vendor = self._vendors[document["VendorRef"]["value"]]
        return {
            "number": document["DocNumber"],
            "vendor": self._names.get(vendor, vendor),
            "day": document["TxnDate"],
            "due": document.get("DueDate"),
            "total": document["TotalAmt"],
            "lines": Counter(self._line(*each) for each in lines),
            "linked": {self._records[each["TxnType"], each["TxnId"]] for each in links},
            "status": document.get("POStatus"),
        }

    def _expense(self, document: dict[str, Any]) -> Said:
        lines = [(each["ItemBasedExpenseLineDetail"], each["Amount"]) for each in document["Line"]]
        return {
            "customer": self._emails[document["EntityRef"]["value"]],
            "day": document["TxnDate"],
            "total": document["TotalAmt"],
            "method": document["PaymentType"],
            "lines": [self._line(*each) for each in lines],
        }

    def _head(self, document: dict[str, Any]) -> Said:
        email = self._emails[document["CustomerRef"]["value"]]
        return {"customer": email, "day": document["TxnDate"], "total": document["TotalAmt"]}

    def _line(self, detail: dict[str, Any], amount: Decimal) -> tuple[str, Decimal, Decimal, Decimal]:
        item = self.items[detail["ItemRef"]["value"]]
        return item["Name"], detail["Qty"], detail["UnitPrice"], amount


def _record(document: dict[str, Any]) -> str:
    marks = [word for word in str(document.get("PrivateNote", "")).split() if word.startswith("syncro:")]
    return marks[0].removeprefix("syncro:").rpartition(":")[0] if marks else f"nobody's {document['Id']}"


# -- Syncro's side -------------------------------------------------------------------------------------------------


def _in_syncro(syncro: Syncro) -> dict[str, dict[str, Said]]:
    invoices: dict[str, Said] = {}
    payments: dict[str, Said] = {}
    credits: dict[str, Said] = {}
    for customer in syncro.customers:
        invoices |= {f"invoice:{each.id}": _billed(syncro, customer, each) for each in customer.live("invoice")}
        credits |= {f"store_credit:{each.id}": _granted(customer, each) for each in customer.live("credit")}
        payments |= _paid(customer)
    finished = [order for order in syncro.orders if order.finished]
    return {
        "Invoice": invoices,
        "CreditMemo": credits,
        "Payment": payments,
        "PurchaseOrder": {f"purchase_order:{each.id}": _ordered(syncro, each) for each in syncro.orders},
        "Bill": {f"bill:{each.id}": _received(syncro, each) for each in finished},
        "Purchase": {f"customer_purchase:{each.id}": _paid_out(each) for each in syncro.purchases if each.counts},
    }


def _billed(syncro: Syncro, customer: SyncroAccount, invoice: Thing) -> Said:
    items = [syncro.goods.name(each.product) if each.product else BY_HAND for each in invoice.lines]
    return {
        **_of(customer, invoice, invoice.amount),
        "number": invoice.number,
        "due": str(invoice.due),
        "tax": tax_of(invoice.lines),
        "lines": [
            (item, each.quantity, each.of_one, each.amount, "TAX" if each.taxable else "NON")
            for item, each in zip(items, invoice.lines, strict=True)
        ],
    }


def _granted(customer: SyncroAccount, credit: Thing) -> Said:
    line = (CREDIT, Decimal(1), credit.amount, credit.amount, "NON")
    return {**_of(customer, credit, credit.amount), "lines": [line]}


def _paid(customer: SyncroAccount) -> dict[str, Said]:
    """Money, with what its rest was used for; and each use of a store credit, which is a payment of nothing."""
    found: dict[str, Said] = {}
    uses = customer.live("use")
    credits = {credit.id for credit in customer.live("credit")}
    for payment in customer.live("payment"):
        paid: dict[str, Decimal] = {}
        for each in [payment, *(use for use in uses if use.source == payment.id)]:
            for invoice, part in each.applied.items():
                if part:
                    paid[f"invoice:{invoice}"] = paid.get(f"invoice:{invoice}", Decimal(0)) + part
        known = {"reference": payment.reference, "method": "Check", "applied": paid}
        found[f"payment:{payment.id}"] = {**_of(customer, payment, payment.amount), **known}
    for use in uses:
        if use.source in credits:
            applied = {f"invoice:{invoice}": part for invoice, part in use.applied.items() if part}
            applied[f"store_credit:{use.source}"] = use.amount
            by_memo = {"reference": use.reference, "method": None, "applied": applied}
            found[f"payment:{use.id}"] = {**_of(customer, use, Decimal(0)), **by_memo}
    return found


def _of(customer: SyncroAccount, thing: Thing, total: Decimal) -> Said:
    return {"customer": customer.customer["email"], "day": str(thing.day), "total": total}


def _paid_out(bought: Bought) -> Said:
    line = (USED, Decimal(1), bought.amount, bought.amount)
    head = {"customer": bought.seller["email"], "day": "2026-11-08", "total": bought.amount}
    return {**head, "method": bought.method, "lines": [line]}


def _ordered(syncro: Syncro, order: Order) -> Said:
    linked, status = ({f"bill:{order.id}"}, "Closed") if order.finished else (set(), "Open")
    return {**_bought(syncro, order), "day": str(order.day), "linked": linked, "status": status}


def _received(syncro: Syncro, order: Order) -> Said:
    due = {"due": str(order.due)} if order.due else {}
    return {**_bought(syncro, order), **due, "day": str(order.finished_on), "linked": {f"purchase_order:{order.id}"}}


def _bought(syncro: Syncro, order: Order) -> Said:
    lines = [(syncro.goods.name(each.product), each.quantity, each.cost, each.amount) for each in order.lines]
    return {"vendor": order.vendor, "number": order.number, "total": order.total, "lines": Counter(lines)}
