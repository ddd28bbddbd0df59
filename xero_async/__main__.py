"""`python -m xero_async`: the same as the command `xero-async`."""

from .cli import main

main()
