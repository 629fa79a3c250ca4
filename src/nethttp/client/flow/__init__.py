"""What happens to a request, as generators that yield effects: no socket, no thread, no await."""
