"""Turns what has happened into mails: each one asked for once, for the people and in the language of an account."""
