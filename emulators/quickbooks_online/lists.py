"""Name lists: customers, vendors, items, accounts and the small ones (facts: QBO 1.1, 1.2, 1.8)."""

from collections.abc import Callable

from . import refusals
from .books import Books
from .entities import DELETED_SUFFIX, ENTITIES, PEOPLE, unique_name
from .json_text import Obj
from .lines import currency
from .tax import ZERO

_NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_REVENUE = "Revenue"
_CLASSIFICATIONS = {
    "Bank": "Asset",
    "Accounts Receivable": "Asset",
    "Other Current Asset": "Asset",
    "Fixed Asset": "Asset",
    "Other Asset": "Asset",
    "Accounts Payable": "Liability",
    "Credit Card": "Liability",
    "Other Current Liability": "Liability",
    "Long Term Liability": "Liability",
    "Equity": "Equity",
    "Income": _REVENUE,
    "Other Income": _REVENUE,
    "Cost of Goods Sold": "Expense",
    "Expense": "Expense",
    "Other Expense": "Expense",
}
# A deposit item posts to a liability account, which QuickBooks allows for services.
_SOLD_INTO = ("Income", "Other Income", "Other Current Liability", "Long Term Liability")
_BOUGHT_INTO = ("Cost of Goods Sold", "Expense", "Other Expense", "Other Current Asset")


def prepare(books: Books, entity: str, new: Obj, old: Obj | None, *, any_number: bool) -> Obj:
    """A list entry as QuickBooks stores it.

    Raises Refusal: 2020, 6080 (no name), 6240 (name taken, also by an inactive entry), 6430, 6010 and others by kind.
    """
    del any_number
    _check_name(entity, new)
    preparer = _BY_ENTITY.get(entity)
    if preparer is not None:
        preparer(books, new, old)
    _mark_activity(entity, new, old)
    _check_unique(books, entity, new, old)
    return new


def _check_name(entity: str, new: Obj) -> None:
    if entity in PEOPLE:
        parts = " ".join(new[name] for name in _NAME_PARTS if new.get(name))
        new.setdefault("DisplayName", parts)
        if not new["DisplayName"].strip():
            raise refusals.simple(
                "6080", "No Name Provided", "DisplayName or one of the name parts is required", "DisplayName"
            )
        new["DisplayName"] = new["DisplayName"].strip()
        return
    field = ENTITIES[entity].name_field
    if not str(new.get(field, "")).strip():
        raise refusals.missing(field)
    new[field] = str(new[field]).strip()


def _mark_activity(entity: str, new: Obj, old: Obj | None) -> None:
    """Deactivating appends " (deleted)" to the name, reactivating takes it away (facts: QBO 1.0)."""
    active = new.setdefault("Active", True)
    was_active = old.get("Active", True) if old else True
    field = ENTITIES[entity].name_field
    if was_active and not active and not new[field].endswith(DELETED_SUFFIX):
        new[field] += DELETED_SUFFIX
    if active and not was_active:
        new[field] = new[field].removesuffix(DELETED_SUFFIX)
    if "FullyQualifiedName" in new:
        parent = new["FullyQualifiedName"].rpartition(":")[0]
        new["FullyQualifiedName"] = f"{parent}:{new[field]}" if parent else new[field]


def _check_unique(books: Books, entity: str, new: Obj, old: Obj | None) -> None:
    name = unique_name(ENTITIES[entity], new)
    if old is not None and unique_name(ENTITIES[entity], old).casefold() == name.casefold():
        return
    holder = books.store.holder_of_name(ENTITIES[entity], name)
    if holder is None or (old is not None and holder == (entity, old["Id"])):
        return
    if entity not in PEOPLE:
        raise refusals.duplicate_name(f"Id={holder[1]}")
    if holder[0] == entity:
        raise refusals.duplicate_name("null")  # recorded for a customer (vcr error/validation)
    raise refusals.duplicate_name(
        "Another customer, vendor or employee is already using this \nname. Please use a different name."
    )


def _qualify(books: Books, entity: str, new: Obj) -> Obj | None:
    """FullyQualifiedName and Level from the parent, which is returned."""
    name = new[ENTITIES[entity].name_field]
    reference = new.get("ParentRef")
    parent = books.store.get(entity, reference["value"]) if reference else None
    if parent is None:
        new["FullyQualifiedName"] = name
        new.pop("Level", None)
        return None
    new["Level"] = int(parent.get("Level", 0)) + 1
    if new["Level"] > 4:
        raise refusals.simple("6180", "Sub Level Limit", "Entities can be nested five levels deep", "ParentRef")
    new["FullyQualifiedName"] = f"{parent.get('FullyQualifiedName', name)}:{name}"
    return parent


def _employee(books: Books, new: Obj, old: Obj | None) -> None:
    del books, old
    new.setdefault("PrintOnCheckName", new["DisplayName"][:100])


def _partner(books: Books, new: Obj, old: Obj | None) -> None:
    """What customers and vendors have: a currency and a balance."""
    code = new.get("CurrencyRef", {}).get("value", books.home_currency)
    if old is not None:
        code = old["CurrencyRef"]["value"]  # write-once (REF customer)
    if code != books.home_currency and not books.multi_currency:
        raise refusals.invalid_value("2220", "Invalid Currency Type", "CurrencyRef", code)
    new["CurrencyRef"] = currency(code)
    new["Balance"] = old.get("Balance", ZERO) if old else ZERO
    new.setdefault("PrintOnCheckName", new["DisplayName"][:100])


def _customer(books: Books, new: Obj, old: Obj | None) -> None:
    _partner(books, new, old)
    if new.get("Job") and not new.get("ParentRef"):
        raise refusals.simple("6150", "ParentRef Required Validation Error", "A job needs a ParentRef", "ParentRef")
    _qualify(books, "Customer", new)
    new.setdefault("Job", False)
    new.setdefault("BillWithParent", False)
    new.setdefault("Taxable", True)
    new.setdefault("PreferredDeliveryMethod", "Print")
    new["BalanceWithJobs"] = new["Balance"]


def _vendor(books: Books, new: Obj, old: Obj | None) -> None:
    _partner(books, new, old)
    new.setdefault("Vendor1099", False)


def _item(books: Books, new: Obj, old: Obj | None) -> None:
    new.setdefault("Type", "Service")
    _qualify(books, "Item", new)
    if new["Type"] == "Category":
        return
    if new["Type"] == "Inventory":
        _check_inventory(new)
    if not new.get("IncomeAccountRef") and not new.get("ExpenseAccountRef"):
        raise refusals.missing("IncomeAccountRef")
    if new["Type"] == "Service" and not new.get("IncomeAccountRef"):
        raise refusals.missing("IncomeAccountRef")
    if new["Type"] == "NonInventory" and new.get("PurchaseCost") and not new.get("ExpenseAccountRef"):
        raise refusals.missing("ExpenseAccountRef")
    if old is not None and old["Type"] == "Inventory" and new["Type"] != "Inventory":
        raise refusals.business("The type of an inventory item cannot be changed", "Type")
    _check_item_account(books, new, "IncomeAccountRef", _SOLD_INTO)
    _check_item_account(books, new, "ExpenseAccountRef", _BOUGHT_INTO)
    for name in ("UnitPrice", "PurchaseCost"):
        if new.setdefault(name, ZERO) < 0:
            raise refusals.simple("2290", "Negative Amount", f"{name} must not be negative", name)
    new.setdefault("TrackQtyOnHand", new["Type"] == "Inventory")
    if books.country == "US":
        new.setdefault("Taxable", False)


def _check_inventory(new: Obj) -> None:
    for name in (
        "TrackQtyOnHand",
        "QtyOnHand",
        "InvStartDate",
        "AssetAccountRef",
        "IncomeAccountRef",
        "ExpenseAccountRef",
    ):
        if new.get(name) is None:
            raise refusals.missing(name)


def _check_item_account(books: Books, new: Obj, field: str, allowed: tuple[str, ...]) -> None:
    reference = new.get(field)
    if not reference:
        return
    kind = (books.store.get("Account", reference["value"]) or {}).get("AccountType")
    if kind not in allowed:
        raise refusals.simple(
            "6430", "Invalid account type used", f"{field} cannot be an account of type {kind}", field
        )


def _account(books: Books, new: Obj, old: Obj | None) -> None:
    if not new.get("AccountType") and not new.get("AccountSubType"):
        raise refusals.simple(
            "6010", "Invalid Account Type", "AccountType or AccountSubType is required", "AccountType"
        )
    new.setdefault("AccountType", "Expense")
    number = new.get("AcctNum", "")
    limit = 20 if books.country in ("AU", "CA") else 7  # REF account
    if len(number) > limit:
        raise refusals.too_long("AcctNum", limit, len(number))
    parent = _qualify(books, "Account", new)
    new["SubAccount"] = parent is not None
    new["Classification"] = _CLASSIFICATIONS.get(new["AccountType"], "Expense")
    new["CurrencyRef"] = currency(new.get("CurrencyRef", {}).get("value", books.home_currency))
    balance = old.get("CurrentBalance", ZERO) if old else ZERO
    new["CurrentBalance"] = new["CurrentBalanceWithSubAccounts"] = balance


def _term(books: Books, new: Obj, old: Obj | None) -> None:
    del books, old
    by_days, by_date = "DueDays" in new, "DayOfMonthDue" in new
    if by_days == by_date:
        raise refusals.business("A term has either DueDays or DayOfMonthDue", "DueDays")
    if by_days and not 0 <= new["DueDays"] <= 999:
        raise refusals.simple("2240", "Invalid Number Range", "DueDays must be 0 through 999", "DueDays")
    new["Type"] = "STANDARD" if by_days else "DATE_DRIVEN"


def _payment_method(books: Books, new: Obj, old: Obj | None) -> None:
    del books, old
    new.setdefault("Type", "NON_CREDIT_CARD")


def _class(books: Books, new: Obj, old: Obj | None) -> None:
    del old
    if not (books.class_tracking or books.class_per_transaction):
        raise refusals.not_in_plan("Class tracking is off")
    new["SubClass"] = _qualify(books, "Class", new) is not None


def _department(books: Books, new: Obj, old: Obj | None) -> None:
    del old
    if not books.track_departments:
        raise refusals.not_in_plan("Location tracking is off")
    new["SubDepartment"] = _qualify(books, "Department", new) is not None


def _agency(books: Books, new: Obj, old: Obj | None) -> None:
    del books, old
    new.update({"TaxTrackedOnSales": True, "TaxTrackedOnPurchases": False, "TaxAgencyConfig": "USER_DEFINED"})


_BY_ENTITY: dict[str, Callable[[Books, Obj, Obj | None], None]] = {
    "Customer": _customer,
    "Vendor": _vendor,
    "Employee": _employee,
    "Item": _item,
    "Account": _account,
    "Term": _term,
    "PaymentMethod": _payment_method,
    "Class": _class,
    "Department": _department,
    "TaxAgency": _agency,
}
