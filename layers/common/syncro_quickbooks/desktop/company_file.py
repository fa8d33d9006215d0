"""Which company file QuickBooks has open: the Web Connector writes our FileID into it (facts: QBD 1.3)."""

from syncro_quickbooks.desktop.xml_reading import local_name, parse


def file_ids(company: str) -> list[str]:
    """Every FileID in `company`, the Web Connector's first description of the company file. Raises Unreadable.

    Whose they are (OwnerID) does not matter: a GUID that is equal to ours can only be ours.
    """
    found: list[str] = []
    for entry in parse(company).iter():
        if local_name(entry) == "DataExtRet":
            fields = {local_name(part): (part.text or "").strip() for part in entry}
            if fields.get("DataExtName") == "FileID":
                found.append(fields.get("DataExtValue", ""))
    return found


def same_guid(one: str, other: str) -> bool:
    """Whether two GUIDs are equal, however they are written."""
    return one.strip("{} ").lower() == other.strip("{} ").lower()
