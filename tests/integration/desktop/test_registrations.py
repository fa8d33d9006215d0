"""What an account is known by in the Web Connector, and the file that tells it to the Web Connector."""

from uuid import UUID

import pytest
from lxml import etree  # type: ignore[import-untyped]  # no stubs in the lock file

from syncro_quickbooks.desktop.logins import Logins, NotLetIn
from syncro_quickbooks.desktop.qwc import qwc_document
from syncro_quickbooks.desktop.registrations import Registration, UserTaken
from syncro_quickbooks.sync.accounts import AnotherCompany, Edition
from tests.support.web_connector import ADDRESS, PASSWORD, Script, Service

pytestmark = pytest.mark.usefixtures("aws_services")


@pytest.fixture
def service() -> Service:
    return Service(Script())


def test_the_guids_of_an_account_never_change(service: Service) -> None:
    first = service.registrations.register("acme", "acme-user")
    service.registrations.set_password("acme", PASSWORD)
    again = service.registrations.register("acme", "another-name")
    assert again == first == service.registrations.find("acme")
    for guid in (first.owner_id, first.file_id):
        assert guid == f"{{{UUID(guid)}}}"
    assert first.owner_id != first.file_id


def test_every_account_has_guids_of_its_own(service: Service) -> None:
    one, other = (service.registrations.register(name, name) for name in ("acme", "bolt"))
    assert len({one.owner_id, one.file_id, other.owner_id, other.file_id}) == 4


def test_a_registered_account_is_connected_to_its_company_file(service: Service) -> None:
    file_id = service.registrations.register("acme", "acme").file_id
    connection = service.accounts.connection("acme")
    assert connection is not None
    assert (connection.edition, connection.realm_id, connection.moved) == (Edition.DESKTOP, file_id, False)


def test_a_user_name_belongs_to_one_account(service: Service) -> None:
    service.registrations.register("acme", "joe")
    with pytest.raises(UserTaken):
        service.registrations.register("bolt", "joe")
    assert service.registrations.find("bolt") is None
    assert service.accounts.connection("bolt") is None


def test_an_account_in_quickbooks_online_is_not_moved_by_registering(service: Service) -> None:
    service.accounts.connect("acme", Edition.ONLINE, "9130")
    with pytest.raises(AnotherCompany):
        service.registrations.register("acme", "acme")
    assert service.registrations.find("acme") is None


@pytest.mark.parametrize("user", ["", "x" * 65])
def test_a_user_name_nobody_could_type(service: Service, user: str) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        service.registrations.register("acme", user)


def test_passwords(service: Service) -> None:
    registration = service.registrations.register("acme", "joe")
    logins = Logins(service.table, service.clock)
    with pytest.raises(ValueError, match="12 characters"):
        service.registrations.set_password("acme", "short")
    with pytest.raises(LookupError, match="bolt"):
        service.registrations.set_password("bolt", PASSWORD)
    with pytest.raises(NotLetIn):
        logins.let_in("joe", "", ADDRESS)
    service.registrations.set_password("acme", PASSWORD)
    assert logins.let_in("joe", PASSWORD, ADDRESS) == registration
    service.registrations.set_password("acme", "another password")
    assert logins.let_in("joe", "another password", ADDRESS) == registration
    with pytest.raises(NotLetIn):
        logins.let_in("joe", PASSWORD, ADDRESS)


def test_the_file_for_the_web_connector() -> None:
    registration = Registration(
        "acme", "joe & <co>", "{11111111-2222-4333-8444-555555555555}", "{66666666-7777-4888-9999-000000000000}"
    )
    written = qwc_document(
        registration, app_url="https://qb.example.com/qbwc", support_url="https://qb.example.com/support"
    )
    assert written.startswith("<?xml")
    assert written.isascii()
    root = etree.fromstring(written.encode())
    assert root.tag == "QBWCXML"
    fields = {child.tag: child.text for child in root if not len(child)}
    assert fields["UserName"] == "joe & <co>"
    assert fields["AppURL"] == "https://qb.example.com/qbwc"
    assert fields["AppSupport"] == "https://qb.example.com/support"
    assert (fields["OwnerID"], fields["FileID"]) == (registration.owner_id, registration.file_id)
    assert (fields["QBType"], fields["IsReadOnly"]) == ("QBFS", "false")
    assert "acme" in str(fields["AppName"])
    assert len(str(fields["AppDescription"])) <= 80
    assert root.findtext("Scheduler/RunEveryNMinutes") == "15"
    required = {"AppName", "AppID", "AppURL", "AppDescription", "AppSupport", "UserName", "OwnerID", "FileID", "QBType"}
    assert required <= set(fields)
    assert "assword" not in written
