"""What may be said: cards, their sources, review."""
