"""Door of `vendor.created`, `.updated` and `.deleted`: kept until a purchase order of that vendor travels."""

from syncro_quickbooks.event_door import event_door

handler = event_door("vendor")
