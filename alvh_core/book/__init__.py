"""The paper book: what ladders hold, how they leave it, what it was worth."""
