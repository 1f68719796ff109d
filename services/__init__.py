"""The services: each a set of pure rules over its own tables."""
