"""What a client decides: where it may connect, through what, how often, with which credentials."""
