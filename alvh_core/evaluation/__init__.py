"""The evaluation: what all nights together say of every ladder, by rules that were set before."""
