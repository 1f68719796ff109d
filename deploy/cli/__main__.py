"""`python -m deploy.cli`: the `stoppoc` command, for who has no path to it."""

from deploy.cli.main import app

app(prog_name="stoppoc")
