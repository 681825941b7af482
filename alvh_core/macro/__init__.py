"""Macro calendar and series: what was known when. Windows around events and their effect are the signals' business."""
