"""``python -m pyhwnas``."""

from pyhwnas.cli import main

main()
