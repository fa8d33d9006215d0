"""What an edition's entries are in Syncro."""

from syncro_quickbooks.desktop.mapping.imported import organization_for_syncro
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.one_time.making import ForSyncro
from syncro_quickbooks.online.mapping import imported
from syncro_quickbooks.sync.accounts import Edition
from syncro_quickbooks.sync.model import Kind


def for_syncro(edition: Edition) -> ForSyncro:
    """The mapping from an entry of the edition's list to the fields that Syncro's API takes."""
    return imported.for_syncro if edition is Edition.ONLINE else _of_desktop


def _of_desktop(_kind: Kind, ret: JsonObject) -> JsonObject:
    return organization_for_syncro(ret)  # Desktop has organizations only
