"""Door of `store_credit.created`, `.updated` and `.deleted`: the credit, how it arose, and whose it is."""

from syncro_quickbooks.event_door import event_door

handler = event_door("store_credit")
