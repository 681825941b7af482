"""Alerts, without sending any: which rules there are, what a night raises, what stays quiet, who wants to hear it."""
