"""Files as desks save them: one small module per layout, a registry that knows them by their columns.

A layout says which columns it needs and what they mean; bytes in, wire columns out, the same as from the live feed. How
to add one: docs/filedrops.md. Judging prices is validation's business, storing is the archive's.
"""
