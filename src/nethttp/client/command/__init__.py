"""The command ``nethttp get``: options, the request they make, and how its response is shown."""
