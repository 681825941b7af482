"""The shell: thin Prefect tasks, one module per stage, and the adapters they call (sources, lake, warehouse, render).

Only the modules directly in this folder may import Prefect; the adapters below it know neither Prefect nor one another.
"""
