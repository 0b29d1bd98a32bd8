"""Placeholder until the outbound client is written."""

from __future__ import annotations


class Outbound:
    """HTTP to addresses that others chose."""
