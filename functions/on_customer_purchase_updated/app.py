"""Door of `customer_purchase.created`, `.updated` and `.deleted`: used goods, from whom, and the payout."""

from syncro_quickbooks.event_door import event_door

handler = event_door("customer_purchase")
