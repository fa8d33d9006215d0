"""Door of `customer.created`, `.updated` and `.deleted`: kept until a document of that customer travels."""

from syncro_quickbooks.event_door import event_door

handler = event_door("customer")
