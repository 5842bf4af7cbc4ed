"""A deal and a bid as their files state them, turned into what can be valued."""

from dataclasses import dataclass

from megawatt.core.errors import InputError
from megawatt.core.units import ItMW
from megawatt.invest.bid import Bid, Majority, Stock, Vote
from megawatt.invest.company import Company, LeaseOutlook, Mine
from megawatt.invest.deal_tables import (
    BaseTable,
    BidHead,
    CompanyTable,
    ConvertibleTable,
    DealHead,
    LeaseTable,
    MineTable,
    StrikeTable,
    VoteTable,
    as_range,
)
from megawatt.invest.lease import Firmness
from megawatt.invest.ranges import Range
from megawatt.invest.shares import Convertible, Shares, Strike

MUSD = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """DEAL.toml.

    Attributes:
        head: ``[deal]``.
        leases: All ``[[lease]]``.
        mining: ``[mining]``, if the host mines.
        company: ``[company]``, without which a contract is valued alone.
        strikes: All ``[[strike]]``.
        convertibles: All ``[[convertible]]``.
    """

    head: DealHead
    leases: tuple[LeaseTable, ...]
    mining: MineTable | None = None
    company: CompanyTable | None = None
    strikes: tuple[StrikeTable, ...] = ()
    convertibles: tuple[ConvertibleTable, ...] = ()

    @property
    def discount_rate(self) -> Range:
        """Yearly rate."""
        return as_range(self.head.discount_rate)

    def outlooks(self) -> tuple[LeaseOutlook, ...]:
        """The leases with their ranges."""
        return tuple(outlook(one) for one in self.leases)

    def as_company(self) -> Company | None:
        """The company behind the deal; None when the file does not describe it."""
        if self.company is None:
            return None
        one = self.company
        self._priced()
        return Company(
            name=self.head.host,
            leases=self.outlooks(),
            shares=self._shares(one),
            discount_rate=self.discount_rate,
            mine=_mine(self.mining) if self.mining else None,
            overhead_usd_per_year=as_range(one.overhead_musd_per_year, MUSD),
            overhead_years=one.overhead_years,
            tax_fraction=as_range(one.tax_fraction),
            net_debt_usd=as_range(one.net_debt_musd, MUSD),
        )

    def _priced(self) -> None:
        """The warrants that pay for a guarantee are among the strikes."""
        known = {one.name for one in self.strikes}
        for one in self.leases:
            if one.backstop_strike and one.backstop_strike not in known:
                raise InputError(
                    f"backstop_strike = {one.backstop_strike!r} of {one.name!r}",
                    f"the guarantor's warrants are a [[strike]] of the company ({', '.join(sorted(known)) or 'it has none'})",
                    "Add the [[strike]] with count and price, or name one of these.",
                )

    def _shares(self, company: CompanyTable) -> Shares:
        return Shares(
            basic=company.basic_million * 1e6,
            units=company.units_million * 1e6,
            strikes=tuple(Strike(s.name, s.count_million * 1e6, s.strike_usd, s.trigger_usd) for s in self.strikes),
            convertibles=tuple(
                Convertible(c.name, c.principal_musd * MUSD, c.conversion_usd) for c in self.convertibles
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """BID.toml.

    Attributes:
        head: ``[bid]``.
        bases: All ``[[base]]``.
        vote: ``[vote]``, once there was one.
    """

    head: BidHead
    bases: tuple[BaseTable, ...] = ()
    vote: VoteTable | None = None

    @property
    def bidder_usd(self) -> Range | None:
        """Price of the bidder's shares at closing; None for a bid in cash."""
        return as_range(self.head.bidder_price_usd) if self.head.bidder_price_usd and self.bid.stock else None

    @property
    def bid(self) -> Bid:
        """The terms."""
        one, stock = self.head, None
        if one.ratio:
            stock = Stock(ratio=one.ratio)
        elif one.value_usd:
            low, high = one.collar_usd or (0.0, float("inf"))
            stock = Stock(value_usd=one.value_usd, low_usd=low, high_usd=high)
        return Bid(
            one.bidder,
            one.cash_usd,
            stock,
            one.break_fee_musd * MUSD,
            {base.name: base.price_usd for base in self.bases},
        )

    def counted(self) -> Vote | None:
        """The vote, if there was one."""
        if self.vote is None:
            return None
        one = self.vote
        cast = Vote.of_quorum(one.votes_for, one.votes_against, one.abstained, one.present_fraction)
        return Vote(cast.votes_for, cast.votes_against, cast.abstained, cast.outstanding, Majority(one.majority))


def outlook(one: LeaseTable) -> LeaseOutlook:
    """A lease of the file with its ranges; the first year's rent is what its escalator makes the stated total of."""
    year_sum = sum((1 + one.escalator_per_year) ** (month // 12) for month in range(round(one.years * 12))) / 12
    return LeaseOutlook(
        name=one.name,
        firmness=Firmness(one.firmness),
        it=ItMW(one.critical_it_mw),
        years=one.years,
        rent_usd_per_it_mw_year=as_range(one.total_revenue_musd, MUSD / year_sum / one.critical_it_mw),
        noi_margin=as_range(one.noi_margin),
        delay_months=as_range(one.delay_months),
        ramp_months=as_range(one.ramp_months),
        hazard_per_year=as_range(one.hazard_per_year),
        relet_fraction=as_range(one.relet_fraction),
        host_capex_usd_per_it_mw=as_range(one.host_capex_musd_per_it_mw, MUSD),
        credited_capex_usd_per_it_mw=as_range(one.credited_capex_musd_per_it_mw, MUSD),
        exercised=as_range(one.exercise_probability),
        escalator_per_year=one.escalator_per_year,
        relet_months=one.relet_months,
        credit_cap_fraction=one.credit_cap_fraction,
        backstop_usd=one.backstop_musd * MUSD,
        backstop_strike=one.backstop_strike,
        displaced=ItMW(one.displaced_mining_mw),
        cleared_month=one.cleared_month,
    )


def _mine(one: MineTable) -> Mine:
    return Mine(
        it=ItMW(one.it_mw),
        efficiency_j_per_th=one.efficiency_j_per_th,
        years=one.years,
        hashprice_usd_per_ph_day=as_range(one.hashprice_usd_per_ph_day),
        fade_per_year=as_range(one.fade_per_year),
        power_price_usd_per_mwh=as_range(one.power_price_usd_per_mwh),
        opex_usd_per_mw_year=as_range(one.opex_usd_per_mw_year),
        pue=one.pue,
    )
