"""What a ladder costs, what it is worth in a shock, and what stands beside it."""
