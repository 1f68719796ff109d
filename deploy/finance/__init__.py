"""What finance takes from a month: its record, and the control sheet that ties it to the ledger. Reads only."""
