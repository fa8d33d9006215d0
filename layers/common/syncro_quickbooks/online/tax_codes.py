"""Tax codes that the settings ask for: found by name, or made through TaxService (facts: QBO 1.7).

A tax code books money to an agency and can be neither changed nor deleted by an app, so it is made only as somebody
confirmed it, and one that exists is taken over only if its percentages are the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.client import quote, select
from syncro_quickbooks.online.company import TaxMode
from syncro_quickbooks.online.frozen import TAX_SERVICE
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.matching import Adopt, Ask, Match, NoMatch
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Work
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.model import Attention, Kind, Operation, Problem, RecordKey, Who, Write
from syncro_quickbooks.sync.records import View, without_document
from syncro_quickbooks.sync.settings import NewTaxCode, NewTaxRate, fold

ENTITY = "TaxCode"
MAX_RATE_NAME = 10


class TaxCodes:
    """The tax codes of one run."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._rates: dict[RecordKey, list[JsonObject]] = {}
        self.desired: set[RecordKey] = set()
        """The records whose desired state this run may have written, and their outbox entries with it."""

    def wanted(self, key: RecordKey) -> bool:
        """Whether the settings ask for this tax code."""
        return int(key.id) in self._work.settings.new_tax_codes

    def desire(self, keys: Collection[RecordKey]) -> None:
        """What somebody confirmed becomes what is desired of the record."""
        for key in sorted(keys):
            if key.kind is Kind.TAX_RATE and self.wanted(key):
                confirmed = self._work.settings.new_tax_codes[int(key.id)]
                self._work.dependents.confirm(key, confirmed.model_dump(mode="json"))
                self.desired.add(key)

    def current(self, view: View) -> View:
        """`view` without its link if that is to a code that was confirmed before: codes cannot be changed."""
        if not view.state.linked or view.state.applied_digest == digest(view):
            return view
        state = without_document(view.state)
        self._work.store.release(view, state)
        return replace(view, state=state)

    def match(self, view: View) -> Match:
        """Look for a code of the confirmed name, and for its rates. Raises as the client's `query` does."""
        wanted = _confirmed(view)
        if self._work.company.tax_mode is TaxMode.US_AUTOMATED:
            return Ask(_automated(view.key, wanted))
        query = select(ENTITY, f"Name = {quote(wanted.name)}")
        named = self._work.client.query(query, ENTITY, ReadPurpose.USER)
        rates = self._work.client.query_all("TaxRate", "", ReadPurpose.USER)
        self._rates[view.key] = rates
        code = next((row for row in named if fold(bodies.text(row, "Name")) == fold(wanted.name)), None)
        if code is None:
            return NoMatch()
        has, wants = sorted(_percents(code, rates)), sorted(rate.percent for rate in wanted.rates)
        return Adopt(code) if has == wants else Ask(_other_percentages(view.key, wanted, has, wants))

    def map(self, view: View) -> Write | Attention:
        """The code as TaxService makes it, with the rates that `match` found."""
        wanted = _confirmed(view)
        details: list[Json] = []
        for rate in wanted.rates:
            detail = _detail(rate, wanted.agency.id, self._rates.get(view.key, []))
            if detail is None:
                return Attention(_rate_name_taken(view.key, wanted, rate))
            details.append(detail)
        body: JsonObject = {"TaxCode": wanted.name, "TaxRateDetails": details}
        return Write(Operation.CREATE, TAX_SERVICE, body, digest(view))


def linked(stored: JsonObject) -> tuple[str, str]:
    """Id and SyncToken of a code: as TaxService answers, which has no token, or as it is read."""
    return str(stored.get("TaxCodeId") or stored["Id"]), str(stored.get("SyncToken", ""))


def carries(code: JsonObject, body: JsonObject) -> bool:
    """Whether a code as read has as many rates as the request that may have made it."""
    return len(_rate_ids(code)) == len(bodies.objects(body, "TaxRateDetails"))


def _confirmed(view: View) -> NewTaxCode:
    return NewTaxCode.model_validate(view.record.desired)


def digest(view: View) -> str:
    """Identifies what was confirmed."""
    return bodies.digest(view.record.desired or {})


def _rate_ids(code: JsonObject) -> list[str]:
    details = bodies.objects(bodies.section(code, "SalesTaxRateList"), "TaxRateDetail")
    return [bodies.ref_value(detail, "TaxRateRef") for detail in details]


def _percents(code: JsonObject, rates: Sequence[JsonObject]) -> list[Decimal]:
    """What the code charges on sales. A rate that is not among `rates` is hidden, and never what was confirmed."""
    values = {bodies.text(rate, "Id"): bodies.amount(rate, "RateValue") for rate in rates}
    return [value if (value := values.get(each)) is not None else Decimal(-1) for each in _rate_ids(code)]


def _detail(wanted: NewTaxRate, agency: str, rates: Sequence[JsonObject]) -> JsonObject | None:
    """An existing rate of that name, percentage and agency, else a new one; None if no name is free for it."""
    for name in (wanted.name, _other_name(wanted)):
        same_name = [rate for rate in rates if fold(bodies.text(rate, "Name")) == fold(name)]
        for rate in same_name:
            same_agency = bodies.ref_value(rate, "AgencyRef") == agency
            if same_agency and bodies.amount(rate, "RateValue") == wanted.percent and rate.get("Active") is not False:
                return {"TaxRateId": bodies.text(rate, "Id")}
        if name and not same_name:
            new: JsonObject = {"TaxRateName": name, "RateValue": wanted.percent, "TaxAgencyId": agency}
            return {**new, "TaxApplicableOn": "Sales"}
    return None


def _other_name(rate: NewTaxRate) -> str:
    """The name with its percentage behind it, which is the same whenever it is asked for; empty if that has no room."""
    tail = f" {rate.percent.normalize():f}"
    room = MAX_RATE_NAME - len(tail)
    return rate.name[:room].rstrip() + tail if room > 0 else ""


def name_taken(key: RecordKey, name: str, verbatim: str) -> Problem:
    """QuickBooks refuses a name that no code or rate we can see has."""
    return _problem(
        "tax_code_name_taken",
        f"QuickBooks did not make the tax code '{name}' ({key}): its name, or that of one of its rates, is taken, "
        "perhaps by one that is inactive.",
        "Confirm the tax code under other names in the settings, or choose an existing one.",
        key,
        verbatim,
    )


def shared(key: RecordKey, name: str, owner: str) -> Problem:
    """Two Syncro rates were confirmed as the same code."""
    return _problem(
        "tax_code_shared",
        f"The tax code '{name}' of {key} was made for {owner} already.",
        "In the settings choose this QuickBooks tax code for the rate, or confirm one of another name.",
        key,
    )


def _automated(key: RecordKey, wanted: NewTaxCode) -> Problem:
    return _problem(
        "tax_code_with_automated_tax",
        f"The tax code '{wanted.name}' ({key}) cannot be made: QuickBooks has automated sales tax on, which chooses "
        "the codes itself.",
        "Take the new tax code out of the settings; invoices then go out without a code of their own.",
        key,
    )


def _other_percentages(key: RecordKey, wanted: NewTaxCode, has: Sequence[Decimal], wants: Sequence[Decimal]) -> Problem:
    theirs = problems.percentages([rate for rate in has if rate >= 0]) or "no rate that is in use"
    return _problem(
        "tax_code_differs",
        f"QuickBooks has a tax code '{wanted.name}' already, with {theirs}; {key} was confirmed with "
        f"{problems.percentages(wants)}.",
        "Confirm the new tax code under another name in the settings, or choose an existing one.",
        key,
    )


def _rate_name_taken(key: RecordKey, wanted: NewTaxCode, rate: NewTaxRate) -> Problem:
    return _problem(
        "tax_rate_name_taken",
        f"The tax code '{wanted.name}' ({key}) cannot be made: QuickBooks uses the name '{rate.name}' for another tax "
        f"rate than {problems.percentages([rate.percent])} of {wanted.agency.name or 'its agency'}.",
        "Give the rate another name of at most 10 characters in the settings, or choose an existing tax code.",
        key,
    )


def _problem(code: str, message: str, fix: str, key: RecordKey, verbatim: str = "") -> Problem:
    actions = (problems.settings_action("new_tax_codes", rate_id=key.id), problems.RETRY)
    return Problem(code, message, fix, Who.ADMIN, actions, verbatim)
