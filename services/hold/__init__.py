"""Money: accounts, the credit wallet, the POC wallet, and the ledger that explains every dong of both."""
