"""Planning: what of an account's outbox goes into the next message set, and what becomes of the rest."""
