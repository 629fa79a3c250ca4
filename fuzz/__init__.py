"""Fuzzing of the wire: the twins against each other, nethttp against llhttp and h11.

`messages` makes almost-valid messages, `properties` names what must hold for them: `twins` and
`framing`, which compares the `readings` of three parsers. `targets` gives the properties to
atheris, and ``python -m fuzz`` runs all of it for a given time.
"""
