"""What every service stands on: the contracts, the engine, and a few pure modules."""
