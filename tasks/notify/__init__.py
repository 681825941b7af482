"""Adapters to people: messages out by mail, chat or webhook."""
