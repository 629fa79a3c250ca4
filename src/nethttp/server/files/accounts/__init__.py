"""Accounts of a shared folder: users and their passwords, sessions, tries, and rules for users."""
