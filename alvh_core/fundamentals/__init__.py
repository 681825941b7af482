"""Fundamentals of companies: what had been filed before a night, and the ratios that follow. No forecasts here."""
