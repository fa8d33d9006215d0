"""Door of `force_update.requested`: somebody wants a thing sent again, an invoice with its payments, dates too."""

from syncro_quickbooks.event_door import event_door

handler = event_door("force_update")
