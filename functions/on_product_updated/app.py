"""Door of `product.created`, `.updated` and `.deleted`: prices and names for the item it is in QuickBooks."""

from syncro_quickbooks.event_door import event_door

handler = event_door("product")
