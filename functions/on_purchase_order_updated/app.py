"""Door of `purchase_order.created`, `.updated` and `.deleted`: the order with its vendor and products."""

from syncro_quickbooks.event_door import event_door

handler = event_door("purchase_order")
