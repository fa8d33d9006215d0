"""What the push makes of much to do: in virtual time, at QuickBooks' limits and with answers that take time."""
