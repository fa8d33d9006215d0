"""What settings point at: every reference is found, has a rule in each edition, and gets QuickBooks' own name."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from syncro_quickbooks.desktop import choices as desktop
from syncro_quickbooks.desktop.choices import DesktopChoices
from syncro_quickbooks.online.choices import OnlineChoices
from syncro_quickbooks.sync.pick_lists import Entry, Rate
from syncro_quickbooks.sync.references import Reference, Rule, of_kind, references, with_names, wrong
from syncro_quickbooks.sync.settings import NewTaxCode, NewTaxRate, PaymentMethod, Ref, Settings

A_REF = Ref(id="1", name="as saved")
A_CODE = NewTaxCode(name="Dallas", agency=A_REF, rates=(NewTaxRate(name="Dallas", percent=Decimal("8.25")),))
SPECIAL: Mapping[str, Any] = {
    "new_tax_codes": {9: A_CODE},
    "payment_methods": {"cash": PaymentMethod(kind="money", method=A_REF, deposit_account=A_REF)},
    "terms": {3: A_REF},
}


def every_reference() -> Settings:
    """Settings in which everything that can be a reference is one, told from the model's own types."""
    filled: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        kind = str(field.annotation)
        if "Mapping[str" in kind:
            filled[name] = {"labor": A_REF}
        elif "Mapping[int" in kind:
            filled[name] = {7: A_REF}
        elif "Ref" in kind:
            filled[name] = A_REF
    return Settings(**{**filled, **SPECIAL})


EVERY = references(every_reference())


def online() -> OnlineChoices:
    return OnlineChoices(lists=None, client_for=None)  # type: ignore[arg-type]  # the rules ask nobody


def test_every_reference_is_found() -> None:
    assert len(EVERY) == 26
    assert {each.setting for each in EVERY} >= {
        "fallback_item",
        "tax_codes.7",
        "category_items.labor",
        "terms.3",
        "new_tax_codes.9.agency",
        "payment_methods.cash.method",
        "payment_methods.cash.deposit_account",
    }


@pytest.mark.parametrize("reference", EVERY, ids=[each.setting for each in EVERY])
def test_every_reference_has_a_rule_online_and_a_rule_or_a_refusal_on_desktop(reference: Reference) -> None:
    assert online().rule(reference).list
    on_desktop = DesktopChoices(accounts=None).rule(reference)  # type: ignore[arg-type]  # rules are asked for only, nothing is read
    refused = {reason.setting for reason in desktop.refusals(every_reference())}
    assert (on_desktop is None) == (reference.path[0] in refused)


def test_a_setting_that_desktop_has_no_use_for_is_refused_only_if_it_is_used() -> None:
    assert desktop.refusals(Settings()) == []
    (reason,) = desktop.refusals(Settings(sync_purchase_orders=True))
    assert reason.setting == "sync_purchase_orders"


def test_names_are_replaced_and_nothing_else() -> None:
    settings = every_reference()
    stored = with_names(settings, lambda reference: f"name of {reference.setting}")
    assert stored["fallback_item"] == {"id": "1", "name": "name of fallback_item"}
    assert stored["payment_methods"] == {
        "cash": {
            "kind": "money",
            "method": {"id": "1", "name": "name of payment_methods.cash.method"},
            "deposit_account": {"id": "1", "name": "name of payment_methods.cash.deposit_account"},
        }
    }
    unnamed = with_names(settings, lambda _: "as saved")
    assert unnamed == {"schema": 1, **settings.model_dump(mode="json")}


def finder(**entries: Entry) -> Callable[[str, str], Entry | None]:
    return lambda _list, entry_id: entries.get(f"_{entry_id}")


def test_an_entry_that_is_not_there_is_named_as_it_was_saved() -> None:
    rule = Rule("accounts", "a bank account", of_kind("Bank"))
    reason = wrong(Reference(("purchase_account",), Ref(id="9", name="Old bank")), rule, finder())
    assert reason is not None
    assert (reason.setting, reason.fix) == ("purchase_account", "Choose a bank account from QuickBooks' list.")
    assert "'Old bank' (id 9)" in reason.message


HIDDEN = Entry("1", "Hidden", "Sales", rates=(Rate("rate 7", Decimal(-1)),))
RETAINER = Entry("1", "Retainer", "Service", account="50")
CASES = [
    (
        "deposit_item",
        Entry("1", "Retainer", "Service", account="50"),
        Entry("50", "Held", "Other Current Liability"),
        "",
    ),
    (
        "deposit_item",
        Entry("1", "Retainer", "Service", account="50"),
        Entry("50", "Sales", "Income"),
        "count as income",
    ),
    ("deposit_item", Entry("1", "Retainer", "Service", account="51"), Entry("50", "Held", "Equity"), "not in use"),
    ("deposit_item", Entry("1", "Retainer", "Group"), Entry("50", "Held", "Equity"), "of the type 'Group'"),
    ("purchase_item", Entry("1", "Used", "NonInventory", bought=True), None, ""),
    ("purchase_item", Entry("1", "Used", "NonInventory"), None, "no expense account"),
    ("zero_tax_code", Entry("1", "Free", "Sales", rates=(Rate("F", Decimal("0.00")),)), None, ""),
    ("zero_tax_code", Entry("1", "Exempt", "Without rates"), None, ""),
    ("zero_tax_code", Entry("1", "NON", "US line code"), None, ""),
    ("zero_tax_code", Entry("1", "TAX", "US line code"), None, "no code for untaxed"),
    ("zero_tax_code", Entry("1", "Bought", "Purchases only"), None, "no code for untaxed"),
    (
        "zero_tax_code",
        Entry("1", "Hidden", "Sales", rates=(Rate("rate 7", Decimal(-1)),)),
        None,
        "a rate that QuickBooks does not show",
    ),
    ("tax_codes", Entry("1", "Exempt", "Without rates"), None, ""),
    ("tax_codes", Entry("1", "Bought", "Purchases only"), None, "for purchases only"),
]


@pytest.mark.parametrize(("setting", "entry", "other", "words"), CASES)
def test_what_may_be_chosen(setting: str, entry: Entry, other: Entry | None, words: str) -> None:
    reference = Reference((setting,) if setting != "tax_codes" else (setting, "7"), A_REF)
    found = {"_1": entry, **({f"_{other.id}": other} if other else {})}
    reason = wrong(reference, online().rule(reference), finder(**found))
    assert (reason is None) == (words == "")
    assert reason is None or words in reason.message


@pytest.mark.parametrize(("kind", "fits"), [("0.00", True), ("0", True), ("8.25", False), ("ItemSalesTaxGroup", False)])
def test_the_untaxed_item_of_desktop_charges_nothing(kind: str, fits: bool) -> None:
    reference = Reference(("zero_tax_code",), A_REF)
    rule = DesktopChoices(accounts=SimpleNamespace()).rule(reference)  # type: ignore[arg-type]  # rules are asked for only, nothing is read
    assert rule is not None
    assert (wrong(reference, rule, finder(_1=Entry("1", "Out of State", kind))) is None) is fits
