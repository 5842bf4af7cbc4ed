"""What stands in ``plan.json``, as arrays (sections 'plan.json' and 'Bound' of the page)."""

import math
from dataclasses import dataclass

import numpy as np

from checker.problem import Problem
from checker.reading import Array, MalformedError, Node, number, row

Cuts = tuple[Array, ...]
"""Covers at which each award hour is cut; nothing at all when no hour is."""


@dataclass(frozen=True)
class Unit:
    """Some blocks of a class that do the same."""

    machine: int
    blocks: int
    share: Array  # modes x T


@dataclass(frozen=True)
class Decision:
    """What a plan does."""

    units: tuple[Unit, ...]
    job_on: Array  # jobs x T
    elastic: Array  # elastic loads x T
    award: Array  # programmes x H


@dataclass(frozen=True)
class Prices:
    """Prices of the bound."""

    running: Array  # T x classes
    cover: Array  # T
    wage: Array  # T x jobs

    def key(self) -> bytes:
        """The same for equal prices."""
        return self.running.tobytes() + self.cover.tobytes() + self.wage.tobytes()


@dataclass(frozen=True)
class Piece:
    """A cut of a month's peak."""

    least: float
    most: float
    usd: float


@dataclass(frozen=True)
class Exclusion:
    """Pieces of a month that hold no better plan."""

    month: int
    pieces: tuple[Piece, ...]
    prices: Prices


@dataclass(frozen=True)
class Certificate:
    """What proves the bound."""

    bound_usd: float
    together: bool
    floor_usd: float
    """Minus infinity for none."""
    prices: Prices
    pieces: tuple[tuple[Piece, ...], ...]
    cuts: Cuts
    exclusions: tuple[Exclusion, ...]


@dataclass(frozen=True)
class Plan:
    """All of the file."""

    value_usd: float
    idle_usd: float
    bound_usd: float | None
    decision: Decision
    certificate: Certificate | None
    weeks: tuple["Week", ...] = ()


@dataclass(frozen=True)
class Week:
    """A part of the gap."""

    first: int
    end: int
    gap_usd: float


def _prices(node: Node, problem: Problem) -> Prices:
    columns = [("running", len(problem.machines)), ("wage", len(problem.jobs))]
    running, wage = (node.table(key, problem.T, width) if width else np.zeros((problem.T, 0)) for key, width in columns)
    node.raw("running"), node.raw("wage")
    return Prices(running, node.row("cover", problem.T), wage)


def _piece(node: Node) -> Piece:
    return Piece(node.number("least_mw"), node.limit("most_mw"), node.number("usd"))


def _cuts(node: Node, problem: Problem) -> Cuts:
    """Whether they rise within ``cap_H`` is checked later, hour by hour."""
    found = node.items("cuts")
    if len(found) not in {0, problem.hours}:
        raise MalformedError(f"{node.at('cuts')}: {len(found)} lists, neither 0 nor {problem.hours}")
    return tuple(row(one, None, f"{node.at('cuts')}[{hour}]") for hour, one in enumerate(found))


def _certificate(node: Node, problem: Problem) -> Certificate:
    months = len(problem.peaks[0].usd) if problem.peaks else 1
    pieces = node.items("pieces")
    if len(pieces) != months or not all(isinstance(one, list) for one in pieces):
        raise MalformedError(f"{node.at('pieces')}: not {months} lists, one a month")
    exclusions = []
    for one in node.nodes("exclusions"):
        if one.whole("month") >= months:
            raise MalformedError(f"{one.at('month')}: there are {months} months")
        parts = tuple(_piece(part) for part in one.nodes("pieces"))
        exclusions.append(
            Exclusion(one.whole("month"), parts, _prices(Node(one.raw("prices"), one.at("prices")), problem))
        )
    together = node.flag("together") if "together" in node.found else False
    floor = node.raw("floor_usd") if "floor_usd" in node.found else None
    if floor is not None and not together:
        raise MalformedError(f"{node.at('floor_usd')}: a number, and together is not true")
    return Certificate(
        bound_usd=node.number("bound_usd"),
        together=together,
        floor_usd=-math.inf if floor is None else number(floor, node.at("floor_usd")),
        prices=_prices(Node(node.raw("prices"), node.at("prices")), problem),
        pieces=tuple(
            tuple(_piece(Node(part, f"{node.at('pieces')}[{m}][{i}]")) for i, part in enumerate(one))
            for m, one in enumerate(pieces)
        ),
        cuts=_cuts(node, problem),
        exclusions=tuple(exclusions),
    )


def _unit(node: Node, problem: Problem) -> Unit:
    machine = node.whole("machine")
    if machine >= len(problem.machines):
        raise MalformedError(f"{node.at('machine')}: there are {len(problem.machines)} classes")
    return Unit(machine, node.whole("blocks"), node.table("share", len(problem.machines[machine].power), problem.T))


def read_plan(found: dict[str, object], problem: Problem) -> Plan:
    """The plan in a file's object."""
    node = Node(found, "plan")
    node.schema("megawatt/plan/2")
    node.text("inputs_sha256")
    node.text("method")
    units = tuple(_unit(one, problem) for one in node.nodes("units"))
    decision = Decision(
        units=units,
        job_on=node.table("batch_on", len(problem.jobs), problem.T),
        elastic=node.table("elastic_mw", len(problem.elastic), problem.T),
        award=node.table("award_mw", len(problem.reserves), problem.hours),
    )
    bound = node.raw("bound_usd")
    certificate = node.raw("certificate")
    return Plan(
        value_usd=node.number("value_usd"),
        idle_usd=node.number("idle_usd"),
        bound_usd=None if bound is None else number(bound, "plan.bound_usd"),
        decision=decision,
        certificate=None if certificate is None else _certificate(Node(certificate, "plan.certificate"), problem),
        weeks=tuple(
            Week(one.whole("first"), one.whole("end"), one.number("gap_usd"))
            for one in (node.nodes("gap_by_week") if "gap_by_week" in found else [])
        ),
    )


def idle_decision(problem: Problem) -> Decision:
    """All machines off, no award, floors, each job as one block from its first possible interval of each window."""
    on = np.zeros((len(problem.jobs), problem.T))
    for j, job in enumerate(problem.jobs):
        for window, need in enumerate(job.need):
            able = np.flatnonzero((job.window == window) & (job.power != 0))
            if len(able):
                on[j, able[0] : able[0] + int(need)] = 1
    return Decision(
        units=tuple(Unit(c, m.blocks, np.zeros_like(m.power)) for c, m in enumerate(problem.machines)),
        job_on=on,
        elastic=np.zeros((len(problem.elastic), problem.T)),
        award=np.zeros((len(problem.reserves), problem.hours)),
    )
