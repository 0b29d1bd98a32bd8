"""What the flows work with. A flow is a use case around the database: it reads, decides, writes, and enqueues what follows.

Unlike the core, flows know PostgreSQL: what they promise (written once, told at least once) is made of its transactions.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from service.adapters.database.pool import Database
from service.adapters.outbound import Outbound
from service.adapters.queue import Queue
from service.flows.flight import Flights
from service.flows.recent import Recent
from service.handlers import Services

DEFAULT_TENANT = "default"
EXTRACT, READ, ADMIN = "extract", "read", "admin"
SCOPES = (EXTRACT, READ, ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. `key_id` is None in open mode (loopback) and for work that a CMS's hook started."""

    tenant_id: str = DEFAULT_TENANT
    key_id: str | None = None
    scopes: frozenset[str] = frozenset(SCOPES)


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Ceilings:
    """The operator's limits; None is no limit."""

    requests_per_minute: int | None = None  # calls to each remote model, over all processes
    tokens_per_day: int | None = None  # of all models and tenants
    queued_jobs: int = 100_000


@dataclass(slots=True, kw_only=True)
class Desk:
    """Built once a process by `bootstrap`; tests build one over a real database with their own parts."""

    database: Database
    queue: Queue
    services: Services
    outbound: Outbound
    base_url: str = ""  # of this service as others reach it, for links in messages; empty: links are paths
    ceilings: Ceilings = field(default_factory=Ceilings)
    now: Callable[[], datetime] = utc_now
    schedule_s: tuple[float, ...] | None = None  # of outgoing retries; None: the usual one
    flights: Flights = field(default_factory=Flights)
    owner: str = field(default_factory=lambda: secrets.token_hex(8))  # of claims; never the same for two desks
    claims: set[tuple[str, str]] = field(default_factory=set)  # what is read here just now
    recent: Recent[Hashable, Any] = field(default_factory=Recent)  # rows that every request needs: keys
