"""How the services are run, and the command line that runs them."""
