"""Where payments meet the world: who asks the gateways, and the door at which they tell of their own accord."""
