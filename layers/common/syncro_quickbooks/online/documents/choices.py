"""What people decided about a document, as far as the mapping has to know. Pure."""

from syncro_quickbooks.online.mapping.precheck import Choices
from syncro_quickbooks.sync.attempts import is_forced
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import Settings


def choices_of(view: View) -> Choices:
    """Force Update sends Syncro's dates; the rest are the lasting choices about the record."""
    return Choices(
        force_update=is_forced(view),
        ignore_start_date=view.record.chosen("push_anyway") is not None,
        redate=view.record.chosen("redate") is not None,
    )


def settings_for(view: View, settings: Settings) -> Settings:
    """The settings without their start date, where somebody decided that the document is sent all the same."""
    return settings.model_copy(update={"start_date": None}) if view.record.chosen("push_anyway") else settings
