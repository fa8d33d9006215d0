"""Ask an emulated company file in qbXML, by hand, and read its answers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from emulators.quickbooks_desktop import CompanyFile, Session
from tests.support.clock import ManualClock

NOON = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # a Monday, New York time


def message_set(inner: str, *, on_error: str = "continueOnError", version: str = "13.0", **attributes: str) -> str:
    """A message set around the given requests."""
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<?qbxml version="{version}"?>\n'
        f'<QBXML><QBXMLMsgsRq onError="{on_error}"{more}>{inner}</QBXMLMsgsRq></QBXML>'
    )


def answers(text: str) -> list[Element]:
    """The Rs elements of an answer."""
    return list(ElementTree.fromstring(text)[0])  # noqa: S314  # the emulator's own


def set_attributes(text: str) -> Mapping[str, str]:
    """The attributes of QBXMLMsgsRs."""
    return ElementTree.fromstring(text)[0].attrib  # noqa: S314  # as above


class Office:
    """A company file with a clock, and one session with it."""

    def __init__(self, **settings: object) -> None:
        self.time = ManualClock(NOON)
        self.company = CompanyFile(clock=self.time.now, **settings)  # type: ignore[arg-type]  # any of its settings
        self.session: Session = self.company.begin_session()

    def ask(self, inner: str, **attributes: str) -> list[Element]:
        """Requests in, their answers out."""
        return answers(self.session.process(message_set(inner, **attributes)))

    def one(self, inner: str) -> Element:
        """One request and its answer."""
        (answer,) = self.ask(inner)
        return answer

    def status(self, inner: str) -> tuple[str, str]:
        """Code and text of one request's answer."""
        answer = self.one(inner)
        return answer.attrib["statusCode"], answer.attrib["statusMessage"]

    def done(self, inner: str) -> Element:
        """The Ret of one request that must succeed."""
        answer = self.one(inner)
        assert answer.attrib["statusCode"] == "0", answer.attrib
        return answer[0]

    def customer(self, name: str, more: str = "") -> str:
        """A new customer's ListID."""
        return text(
            self.done(f"<CustomerAddRq><CustomerAdd><Name>{name}</Name>{more}</CustomerAdd></CustomerAddRq>"), "ListID"
        )

    def invoice(self, customer: str, *amounts: str, number: str = "", date: str = "2026-11-20") -> Element:
        """A new untaxed invoice with a line for each amount."""
        lines = "".join(line(f"<Amount>{amount}</Amount>") for amount in amounts)
        ref = f"<RefNumber>{number}</RefNumber>" if number else ""
        return self.done(invoice_add(customer, lines, f"<TxnDate>{date}</TxnDate>{ref}"))


def line(price: str, *, item: str = "Labor", code: str = "Non", verb: str = "InvoiceLineAdd") -> str:
    """A line of an item; `price` is Quantity, Rate or Amount elements."""
    return (
        f"<{verb}><ItemRef><FullName>{item}</FullName></ItemRef>{price}"
        f"<SalesTaxCodeRef><FullName>{code}</FullName></SalesTaxCodeRef></{verb}>"
    )


def invoice_add(customer: str, lines: str, head: str = "", macro: str = "") -> str:
    """An InvoiceAdd request; `head` stands between customer and lines."""
    named = f' defMacro="{macro}"' if macro else ""
    return (
        f"<InvoiceAddRq><InvoiceAdd{named}><CustomerRef><FullName>{customer}</FullName></CustomerRef>"
        f"{head}{lines}</InvoiceAdd></InvoiceAddRq>"
    )


def payment_add(customer: str, total: str, *applied: str, head: str = "") -> str:
    """A ReceivePaymentAdd request; `applied` are the insides of AppliedToTxnAdd, none means not applied."""
    rows = "".join(f"<AppliedToTxnAdd>{one}</AppliedToTxnAdd>" for one in applied)
    amount = f"<TotalAmount>{total}</TotalAmount>" if total else ""
    return (
        f"<ReceivePaymentAddRq><ReceivePaymentAdd><CustomerRef><FullName>{customer}</FullName></CustomerRef>"
        f"{head}{amount}{rows or '<IsAutoApply>false</IsAutoApply>'}</ReceivePaymentAdd></ReceivePaymentAddRq>"
    )


def on(txn_id: str, amount: str = "", more: str = "") -> str:
    """The inside of an AppliedToTxnAdd."""
    paid = f"<PaymentAmount>{amount}</PaymentAmount>" if amount else ""
    return f"<TxnID>{txn_id}</TxnID>{paid}{more}"


def credit(txn_id: str, amount: str) -> str:
    """A SetCredit."""
    return f"<SetCredit><CreditTxnID>{txn_id}</CreditTxnID><AppliedAmount>{amount}</AppliedAmount></SetCredit>"


def text(element: Element, *path: str) -> str:
    """The text at a path below; an absent element is an error."""
    found = element.find("/".join(path))
    assert found is not None, path
    return found.text or ""


def names(element: Element) -> str:
    """The names of an element's children, in order, with spaces between."""
    return " ".join(child.tag for child in element)
