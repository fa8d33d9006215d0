"""Door of `payment.created`, `.updated` and `.deleted`: the payment, what it pays, and whose it is."""

from syncro_quickbooks.event_door import event_door

handler = event_door("payment")
