"""Money, time and what is sold: the parts every service reckons with."""
