"""The .qwc file: what a customer opens in the Web Connector to add this application (facts: QBD 1.5)."""

from syncro_quickbooks.desktop.registrations import Registration
from syncro_quickbooks.desktop.xml_writing import escape

MINUTES_BETWEEN_RUNS = 15


def qwc_document(registration: Registration, *, app_url: str, support_url: str) -> str:
    """The file for one account. `app_url` is the SOAP service; `support_url` must be of the same domain.

    Written twice it is the same twice: with other GUIDs the Web Connector would refuse it (QBWC1039). It holds no
    password; the user types that into the Web Connector.
    """
    name = f"Syncro ({registration.account_id})"
    elements = {
        "AppName": name,
        "AppUniqueName": name,  # added again it replaces itself instead of standing there twice
        "AppID": "",
        "AppURL": app_url,
        "AppDescription": "Brings customers, invoices and payments from Syncro to QuickBooks",
        "AppSupport": support_url,
        "UserName": registration.user,
        "OwnerID": registration.owner_id,
        "FileID": registration.file_id,
        "QBType": "QBFS",
        "PersonalDataPref": "pdpNotNeeded",
        "UnattendedModePref": "umpOptional",
        "IsReadOnly": "false",
    }
    body = "".join(f"  <{tag}>{escape(text)}</{tag}>\n" for tag, text in elements.items())
    every = f"  <Scheduler><RunEveryNMinutes>{MINUTES_BETWEEN_RUNS}</RunEveryNMinutes></Scheduler>\n"
    return f'<?xml version="1.0"?>\n<QBWCXML>\n{body}{every}</QBWCXML>\n'
