"""What each entity is: name list or transaction, what may be queried, which operations exist (facts: QBO 1.0, 2.4)."""

from dataclasses import dataclass

_COMMON = "Id MetaData.CreateTime MetaData.LastUpdatedTime"
_TXN = f"{_COMMON} TxnDate TotalAmt"


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity type.

    `name_field` is set for name lists; `void` says how a void is asked for: "void" (operation=void), "include"
    (operation=update&include=void) or "" (there is none).
    """

    name: str
    queryable: frozenset[str]
    name_field: str = ""
    void: str = ""
    writable: bool = True
    posting: bool = True

    @property
    def is_list(self) -> bool:
        """True for name lists, which are deactivated, never deleted."""
        return bool(self.name_field)


def _names(name: str, queryable: str, name_field: str = "Name", *, writable: bool = True) -> Entity:
    return Entity(name, frozenset(f"{_COMMON} {queryable} Active".split()), name_field, writable=writable)


def _transaction(name: str, queryable: str, *, void: str = "", posting: bool = True) -> Entity:
    return Entity(name, frozenset(f"{_TXN} {queryable}".split()), void=void, posting=posting)


_PERSON = (
    "DisplayName GivenName MiddleName FamilyName CompanyName PrintOnCheckName FullyQualifiedName PrimaryEmailAddr "
    "Balance Job ParentRef"
)

# Payment has no DocNumber filter and PrivateNote is queryable nowhere (facts: QBO 2.4).
_ALL = (
    _names("Customer", _PERSON, "DisplayName"),
    _names("Vendor", _PERSON, "DisplayName"),
    _names("Employee", _PERSON, "DisplayName"),
    _names("Item", "Name FullyQualifiedName Type Sku SubItem"),
    _names(
        "Account", "Name FullyQualifiedName AccountType AccountSubType Classification AcctNum CurrentBalance SubAccount"
    ),
    _names("Term", "Name Type DueDays"),
    _names("PaymentMethod", "Name Type"),
    _names("Department", "Name FullyQualifiedName SubDepartment"),
    _names("Class", "Name FullyQualifiedName SubClass"),
    _names("TaxAgency", "DisplayName Name", "DisplayName"),
    _names("TaxCode", "Name Description", writable=False),
    _names("TaxRate", "Name Description AgencyRef", writable=False),
    _transaction("Invoice", "DocNumber CustomerRef DueDate Balance", void="void"),
    _transaction("CreditMemo", "DocNumber CustomerRef Balance RemainingCredit"),
    _transaction("Payment", "CustomerRef PaymentRefNum UnappliedAmt PaymentMethodRef", void="include"),
    _transaction("PurchaseOrder", "DocNumber VendorRef POStatus DueDate", posting=False),
    _transaction("Bill", "DocNumber VendorRef DueDate Balance APAccountRef"),
    _transaction("BillPayment", "DocNumber VendorRef", void="include"),
    _transaction("Purchase", "DocNumber PaymentType AccountRef EntityRef"),
    _transaction("Deposit", "DocNumber DepositToAccountRef"),
    Entity("CompanyInfo", frozenset(_COMMON.split()), writable=False),
    Entity("Preferences", frozenset(_COMMON.split()), writable=False),
)

ENTITIES: dict[str, Entity] = {entity.name: entity for entity in _ALL}
BY_LOWER: dict[str, Entity] = {entity.name.lower(): entity for entity in _ALL}
# Customers, vendors and employees share one name space (REF customer).
PEOPLE = frozenset({"Customer", "Vendor", "Employee"})
# CDC leaves these out (REF changedatacapture).
NOT_IN_CDC = frozenset({"TaxAgency", "TaxCode", "TaxRate"})
DELETED_SUFFIX = " (deleted)"


def name_scope(entity: Entity) -> str:
    """The name space within which a name must be unique."""
    return "people" if entity.name in PEOPLE else entity.name


def unique_name(entity: Entity, values: dict[str, object]) -> str:
    """The name that must be unique: sub-items, sub-accounts and sub-classes are told apart by their parent's name."""
    if entity.name in PEOPLE or entity.name == "TaxAgency":
        return str(values.get("DisplayName", ""))
    return str(values.get("FullyQualifiedName") or values.get("Name", ""))
