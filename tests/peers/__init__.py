"""Other people's clients of Xero, unchanged, against the sandbox: `nox -s peers` installs and runs them."""
