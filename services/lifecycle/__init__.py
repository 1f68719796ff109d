"""Resources and clusters: what is POC of them, until when they are paid, and what becomes of them."""
