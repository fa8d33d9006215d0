"""Money and tax as QuickBooks computes them: cents half-up, tax per rate on the rate's sum (facts: QBO 1.7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from .json_text import Obj
from .store import Store

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
ZERO = Decimal(0)
PSEUDO_CODES = frozenset({"TAX", "NON", "CustomSalesTax"})


def cents(amount: Decimal) -> Decimal:
    """Half-up at two decimals."""
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(slots=True)
class RateTax:
    """The tax of one rate over a whole transaction."""

    rate_id: str
    percent: Decimal
    base: Decimal = ZERO
    tax: Decimal = ZERO

    def line(self) -> Obj:
        """As a TxnTaxDetail.TaxLine entry."""
        return {
            "Amount": cents(self.tax),
            "DetailType": "TaxLineDetail",
            "TaxLineDetail": {
                "TaxRateRef": {"value": self.rate_id},
                "PercentBased": True,
                "TaxPercent": self.percent,
                "NetAmountTaxable": cents(self.base),
            },
        }


def compute(
    store: Store, taxed: Iterable[tuple[Decimal, str]], *, purchase: bool = False, per_line: bool = False
) -> list[RateTax]:
    """The tax of (amount, tax code id) pairs, one entry a rate, rounded to cents.

    `per_line` rounds each line's tax and adds those up instead: the alternative reading of the recorded 448.40.
    """
    totals: dict[str, RateTax] = {}
    amounts = list(taxed) if per_line else _by_code(taxed)
    for amount, code_id in amounts:
        code = store.get("TaxCode", code_id) or {}
        so_far = ZERO
        for detail in _details(code, purchase):
            rate_id = detail["TaxRateRef"]["value"]
            rate = store.get("TaxRate", rate_id) or {}
            kind = detail["TaxTypeApplicable"]
            base = so_far if kind == "TaxOnTax" else amount + so_far if kind == "TaxOnAmountPlusTax" else amount
            entry = totals.setdefault(rate_id, RateTax(rate_id, rate.get("RateValue", ZERO)))
            tax = base * entry.percent / HUNDRED
            tax = cents(tax) if per_line else tax
            so_far += tax
            entry.base += base
            entry.tax += tax
    for entry in totals.values():
        entry.tax = cents(entry.tax)
    return list(totals.values())


def scale_to(taxes: list[RateTax], total: Decimal) -> None:
    """Prorate an explicit tax total over the rates, the last one taking the rest (Intuit hub blog 2017-12-11)."""
    computed = sum((entry.tax for entry in taxes), ZERO)
    left = cents(total)
    for entry in taxes[:-1]:
        entry.tax = cents(total * entry.tax / computed) if computed else ZERO
        left -= entry.tax
    if taxes:
        taxes[-1].tax = left


def has_rates(store: Store, code_id: str) -> bool:
    """True if any rate above zero belongs to the code."""
    code = store.get("TaxCode", code_id) or {}
    rates = (store.get("TaxRate", detail["TaxRateRef"]["value"]) or {} for detail in _details(code, purchase=False))
    return any(rate.get("RateValue", ZERO) for rate in rates)


def _details(code: Obj, purchase: bool) -> list[Obj]:
    rates = code.get("PurchaseTaxRateList" if purchase else "SalesTaxRateList") or {}
    return sorted(rates.get("TaxRateDetail", ()), key=lambda detail: detail["TaxOrder"])


def _by_code(taxed: Iterable[tuple[Decimal, str]]) -> list[tuple[Decimal, str]]:
    sums: dict[str, Decimal] = {}
    for amount, code_id in taxed:
        sums[code_id] = sums.get(code_id, ZERO) + amount
    return [(amount, code_id) for code_id, amount in sums.items()]
