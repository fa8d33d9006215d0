"""The account's settings, and QuickBooks' own lists that they are chosen from."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, Field

from syncro_quickbooks.console.app import TheCaller, TheDeployment
from syncro_quickbooks.console.problems import ApiProblem, FieldBody, SyncProblemBody, not_found, sync_problem
from syncro_quickbooks.sync.accounts import AnotherCompany, Edition, StaleSettings
from syncro_quickbooks.sync.pick_lists import Entry, ListsUnavailable, page_of
from syncro_quickbooks.sync.references import Rule
from syncro_quickbooks.sync.settings import Reason, Settings, SettingsError
from syncro_quickbooks.sync.settings_desk import NotConnected, SettingsView

router = Router()

_LONGEST_CURSOR = 700  # a name of five levels, and an id


class ListChoiceBody(BaseModel):
    """What a setting is chosen from."""

    list: str
    what: str


class SettingsBody(BaseModel):
    """The settings of the caller's account and how they stand."""

    settings: Annotated[Settings | None, Field(description="Null if what is stored cannot be read.")]
    version: Annotated[int, Field(description="Send it back with what you save.")]
    edition: Edition
    company: Annotated[
        dict[str, str | bool | None] | None,
        Field(description="What QuickBooks says of the company, null if not known."),
    ]
    company_problem: Annotated[SyncProblemBody | None, Field(description="Why the company could not be read now.")]
    checklist: Annotated[
        list[SyncProblemBody] | None,
        Field(description="What is missing before anything is sent; null as long as the company is not known."),
    ]
    refused: Annotated[
        list[FieldBody],
        Field(description="What is wrong with the saved settings, by the lists as they were last read."),
    ]
    enabled_at: Annotated[dict[str, datetime], Field(description="Since when each switch is on; it acts from then on.")]
    choices: Annotated[dict[str, ListChoiceBody], Field(description="By setting: which list it is chosen from.")]


class NewSettingsBody(BaseModel):
    """Settings to be saved as a whole."""

    version: Annotated[int, Field(ge=0, description="The version that was read; 0 if nothing was saved yet.")]
    settings: Settings


class SavedBody(BaseModel):
    """The settings were saved."""

    version: int


class TriedSettingsBody(BaseModel):
    """Settings to be checked."""

    settings: Settings


class CheckBody(BaseModel):
    """What is wrong with settings; nothing if they could be saved."""

    refused: list[FieldBody]


class RateBody(BaseModel):
    """One rate of a tax code, in percent."""

    name: str
    percent: str


class ListEntryBody(BaseModel):
    """An entry of a list. `kind` is QuickBooks' type; items name their account, tax codes their rates on sales."""

    id: str
    name: str
    kind: str
    subtype: str
    account: str
    bought: bool
    rates: list[RateBody]
    suggested_for: Annotated[list[str], Field(description="Settings that this is the usual choice for.")]


class PickListBody(BaseModel):
    """A page of one of QuickBooks' lists, in order of name."""

    entries: list[ListEntryBody]
    total: Annotated[int, Field(description="How many there are on all pages.")]
    cursor: Annotated[str | None, Field(description="Asks for the next page; null on the last one.")]
    read_at: Annotated[datetime | None, Field(description="When the list was read; null if it is about to be.")]
    problem: Annotated[SyncProblemBody | None, Field(description="Why the list is not newer, if it should be.")]


@router.get("/settings", summary="Read the settings", tags=["settings"])
def read_settings(
    caller: TheCaller,
    deployment: TheDeployment,
    refresh: Annotated[bool, Query(description="Read the company from QuickBooks first.")] = False,
) -> SettingsBody:
    """The settings, what is missing or wrong, and what QuickBooks says of the company."""
    with _explained():
        return _body(deployment.settings_desk.view(caller.account_id, refresh=refresh))


@router.put("/settings", summary="Save the settings", tags=["settings"])
def save_settings(body: NewSettingsBody, caller: TheCaller, deployment: TheDeployment) -> SavedBody:
    """Save the settings as a whole: all of them or, if anything is wrong, none."""
    with _explained():
        desk = deployment.settings_desk
        saved = desk.save(caller.account_id, body.settings, version=body.version, user_id=caller.user_id)
        return SavedBody(version=saved)


@router.post("/settings/check", summary="Check settings without saving them", tags=["settings"])
def check_settings(body: TriedSettingsBody, caller: TheCaller, deployment: TheDeployment) -> CheckBody:
    """What would be refused if these settings were saved."""
    with _explained():
        return CheckBody(refused=_fields(deployment.settings_desk.check(caller.account_id, body.settings)))


@router.get("/pick-lists/<name>", summary="Read one of QuickBooks' lists", tags=["settings"])
def read_pick_list(
    *,
    name: Annotated[str, Path(pattern="^[a-z_]{1,30}$", description="As `choices` of the settings name it.")],
    caller: TheCaller,
    deployment: TheDeployment,
    query: Annotated[str, Query(max_length=100, description="A part of the name.")] = "",
    setting: Annotated[str, Query(max_length=60, description="Only what can be chosen for this setting.")] = "",
    cursor: Annotated[str, Query(max_length=_LONGEST_CURSOR, description="From the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    refresh: Annotated[bool, Query(description="Read the list from QuickBooks, at most once a minute.")] = False,
) -> PickListBody:
    """A page of a list, as it was read at most a day ago, unless QuickBooks cannot be asked."""
    with _explained():
        desk = deployment.settings_desk
        try:
            shown = desk.pick_list(caller.account_id, name, refresh=refresh, setting=setting)
        except LookupError:
            raise not_found("such list, or the setting is not chosen from it") from None
        rules = desk.chosen_from(caller.account_id, name)
    page = page_of(shown.entries, query, cursor, limit)
    return PickListBody(
        entries=[_entry(entry, rules) for entry in page.entries],
        total=page.total,
        cursor=page.cursor,
        read_at=shown.read_at,
        problem=sync_problem(shown.problem) if shown.problem else None,
    )


@contextmanager
def _explained() -> Iterator[None]:
    """What the desk raises, as an answer."""
    try:
        yield
    except NotConnected:
        raise ApiProblem(
            HTTPStatus.CONFLICT, "not_connected", "The account is not connected to QuickBooks.", "Connect it first."
        ) from None
    except StaleSettings:
        raise ApiProblem(
            HTTPStatus.CONFLICT,
            "stale_settings",
            "Somebody saved the settings after you read them. Nothing was changed.",
            "Read them again, and make your changes to what they are now.",
        ) from None
    except AnotherCompany:
        raise ApiProblem(
            HTTPStatus.CONFLICT,
            "another_company",
            "The account was connected to another company meanwhile. Nothing was changed.",
            "Read the settings again and choose from the lists of that company.",
        ) from None
    except SettingsError as error:
        said = "; ".join(map(str, error.reasons[:5]))
        raise ApiProblem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "settings_refused",
            f"The settings were not saved: {said}",
            "Correct what `fields` names and save again.",
            fields=_fields(error.reasons),
        ) from None
    except ListsUnavailable as unavailable:
        raise ApiProblem.of(HTTPStatus.SERVICE_UNAVAILABLE, unavailable.problem) from None


def _body(view: SettingsView) -> SettingsBody:
    connection = view.connection
    company = connection.company
    facts = (
        None if company is None else {name: _fact(value) for name, value in company.items() if _is_fact(name, value)}
    )
    return SettingsBody(
        settings=view.settings,
        version=connection.settings_version,
        edition=connection.edition,
        company=facts,
        company_problem=sync_problem(view.company_problem) if view.company_problem else None,
        checklist=None if view.checklist is None else [sync_problem(problem) for problem in view.checklist],
        refused=_fields(view.refused),
        enabled_at=dict(connection.enabled_at),
        choices={setting: ListChoiceBody(list=rule.list, what=rule.what) for setting, rule in view.rules.items()},
    )


def _is_fact(name: str, value: object) -> bool:
    return name != "schema" and (value is None or isinstance(value, str | bool))


def _fact(value: object) -> str | bool | None:
    return value if isinstance(value, str | bool) else None


def _fields(reasons: Sequence[Reason]) -> list[FieldBody]:
    return [
        FieldBody(field=f"body.settings.{reason.setting}", message=f"{reason.message} {reason.fix}".strip())
        for reason in reasons
    ]


def _entry(entry: Entry, rules: Mapping[str, Rule]) -> ListEntryBody:
    return ListEntryBody(
        id=entry.id,
        name=entry.name,
        kind=entry.kind,
        subtype=entry.subtype,
        account=entry.account,
        bought=entry.bought,
        rates=[RateBody(name=rate.name, percent=str(rate.percent)) for rate in entry.rates],
        suggested_for=[setting for setting, rule in rules.items() if rule.suggests(entry)],
    )
