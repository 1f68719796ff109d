"""The stand-in of the product teams' systems: it changes resources when asked, or fails as planned."""
