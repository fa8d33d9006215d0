"""Pure mapping: a Syncro snapshot, settings and references in; a QuickBooks Online body out. No I/O."""
