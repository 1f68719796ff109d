"""What is said between services and with the world: every message, every topic, and how they look on the wire."""
