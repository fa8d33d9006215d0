"""Sets the local Desktop accounts up like a customer: application, first session, settings from the lists it read."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import requests

from local import accounts
from local.cloudformation import Template, mapping, mappings
from local.config import DesktopAccount
from local.processes import StartFailed
from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.sync.pick_lists import Entry
from syncro_quickbooks.sync.settings import MethodKind, PaymentMethod, Ref, Settings, dump_settings

if TYPE_CHECKING:
    from local.stack import Stack

_SECONDS = 60
"""For a whole session, which starts the function behind the service."""


class Office:
    """A customer's QuickBooks Desktop with its Web Connector, in the emulator. Raises what requests raises."""

    def __init__(self, qbd_url: str, account_id: str) -> None:
        self._companies = f"{qbd_url}/_emulator/companies"
        self._company = f"{self._companies}/{account_id}"
        self._account_id = account_id

    def add(self, company_name: str, application: Mapping[str, str]) -> None:
        """Open a new company file and add our application to its Web Connector: url, user, password and GUIDs."""
        self._post(self._companies, {"name": self._account_id, **application})
        self._post(f"{self._company}/settings", {"name": company_name})

    def run(self) -> Template:
        """Have the Web Connector run a session. Returns its report."""
        return self._post(f"{self._company}/run", {})

    def entities(self, kind: str) -> list[Template]:
        """Everything of a kind ("Invoice", "Customer") in the books, as QuickBooks would return it."""
        answer = requests.get(f"{self._company}/{kind}", timeout=_SECONDS)
        answer.raise_for_status()
        return mappings(mapping(answer.json())[kind])

    def _post(self, address: str, body: Mapping[str, object]) -> Template:
        answer = requests.post(address, json=body, timeout=_SECONDS)
        answer.raise_for_status()
        return mapping(answer.json())


def connect(up: "Stack") -> dict[str, str]:
    """Sets every Desktop account of the run up. Returns their FileIDs by account. Raises StartFailed."""
    parts = accounts.deployed(up)
    try:
        return {
            account.account_id: _set_up(parts, up.config.qbd_url, up.qbwc_url, account)
            for account in up.config.desktop_accounts
        }
    except requests.RequestException as error:
        raise StartFailed(f"The Desktop accounts could not be set up at {up.config.qbd_url}: {error}") from error


def _set_up(parts: Deployment, qbd_url: str, qbwc_url: str, account: DesktopAccount) -> str:
    registration = parts.registrations.register(account.account_id, account.user)
    parts.registrations.set_password(account.account_id, account.password)
    guids = {"owner_id": registration.owner_id, "file_id": registration.file_id}
    office = Office(qbd_url, account.account_id)
    office.add(account.company_name, {"url": qbwc_url, "user": account.user, "password": account.password, **guids})
    report = office.run()  # reads the lists that the settings are chosen from
    connection = parts.accounts.connection(account.account_id)
    if connection is None or connection.company is None or not Company.from_json(connection.company).lists:
        said = " ".join(str(report[part]) for part in ("code", "message", "last_error"))
        raise StartFailed(f"The first session of {account.account_id} did not read QuickBooks' lists: {said}")
    settings = settings_for(Company.from_json(connection.company))
    parts.accounts.save_settings(account.account_id, dump_settings(settings), version=0)
    return registration.file_id


def settings_for(company: Company) -> Settings:
    """What the customer picked in the settings, out of the lists that the first session read. Raises StartFailed."""
    charges = _ref(company, "items", "Syncro Charges")
    return Settings(
        sync_store_credit=True,
        start_date=date(2026, 1, 1),
        time_zone="America/Chicago",
        quiet_seconds=0,  # a session takes the newest state anyway
        fallback_item=charges,
        discount_item=charges,
        deposit_item=charges,
        # Rate 1 of the sample events.
        tax_codes={1: _ref(company, "sales_tax_items", "State Tax")},
        zero_tax_code=_ref(company, "sales_tax_items", "Out of State"),
        payment_methods=_payment_methods(company),
        deposit_account=_ref(company, "accounts", "Undeposited Funds"),
        store_credit_item=_ref(company, "items", "Store Credit"),
        terms_by_days={days: _ref(company, "terms", f"Net {days}") for days in (15, 30, 60)},
    )


def _payment_methods(company: Company) -> dict[str, PaymentMethod]:
    """Syncro's default methods (facts: Syncro 1.8), and what each is in the books."""
    in_quickbooks = {
        "Cash": "Cash",
        "Check": "Check",
        "Credit Card": "Visa",
        "Offline CC": "Visa",
        "ACH": "E-Check",
        "Quick": "Cash",
    }
    money = {
        name: PaymentMethod(kind=MethodKind.MONEY, method=_ref(company, "payment_methods", method))
        for name, method in in_quickbooks.items()
    }
    return {
        **money,
        "Other": PaymentMethod(kind=MethodKind.MONEY),
        "Store Credit": PaymentMethod(kind=MethodKind.STORE_CREDIT),
        "Bad Debt": PaymentMethod(kind=MethodKind.WRITE_OFF),
    }


def _ref(company: Company, list_name: str, name: str) -> Ref:
    """The entry of one of the lists by its name. Raises StartFailed if there is none."""
    entries: Sequence[Entry] = company.lists.get(list_name, ())
    found = next((entry for entry in entries if entry.name == name), None)
    if found is None:
        raise StartFailed(
            f"The company file has nothing named {name!r} among its {list_name}, which the settings need."
        )
    return Ref(id=found.id, name=found.name)
