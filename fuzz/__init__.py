"""Fuzzing of the wire: the twins against each other, nethttp against llhttp and h11.

`messages` makes almost-valid messages; `properties` lists what must hold for them: `twins`,
`framing`, which compares the `readings` of three parsers, and `usual`. `targets` runs the
properties under atheris, and ``python -m fuzz`` runs everything for a given time.
"""
