"""`python -m lawsmith` is `discover`."""

from lawsmith.agent.cli import main

main()
