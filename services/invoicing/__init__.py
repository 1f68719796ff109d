"""Invoices: what was bought, numbered without a gap and never changed; and the use of what is paid by its use."""
