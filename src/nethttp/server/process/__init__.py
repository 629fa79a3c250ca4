"""The command `nethttp serve` and `serve()`: options, listeners, worker processes, signals."""
