"""The choice of June 2024 as files: what was known then, the bid, and the replay of what came of it.

Nothing in the first two was published after 6 June 2024. The replay is history and labelled so: it tests no forecast.
"""

CORE_2024 = """\
schema = "megawatt/deal/1"

# Core Scientific, as it could be known from 3 to 6 June 2024. A number in brackets is low, likely, high: where the source
# is "judgement", nobody had published it, and `megawatt deal` prints at which value the answer turns.

[deal]
name = "Core Scientific - CoreWeave, as known on 6 June 2024"
host = "Core Scientific"
known = 2024-06-06
discount_rate = [0.08, 0.10, 0.12]
source = "company releases of 8 May, 3 June and 5 June 2024; share counts: see [[strike]]"

[[lease]]
name = "CoreWeave 200 MW"
critical_it_mw = 200.0                       # release of 3 June 2024
years = 12.0
total_revenue_musd = 3500.0
noi_margin = [0.60, 0.775, 0.80]             # target 75-80 %; a first year of 16 MW was the only experience
delay_months = [7.0, 15.0, 33.0]             # plan: first half of 2025; overrun: judgement, from building works in general
ramp_months = [6.0, 12.0, 24.0]              # judgement
hazard_per_year = [0.01, 0.04, 0.12]         # judgement: one young tenant without a rating
relet_months = 12.0                          # judgement
relet_fraction = [0.3, 0.7, 1.0]             # judgement
host_capex_musd_per_it_mw = [0.0, 0.3, 1.5]  # the tenant pays the conversion; shell and power stay with the host
credited_capex_musd_per_it_mw = [0.0, 0.7, 1.5]  # whether the tenant takes back what it builds was not published
displaced_mining_mw = 137.0                  # 200 IT MW / 0.70 gross / 1.03 = 277; customers' machines, some 140 MW, leave first
cleared_month = 3

[[lease]]
name = "300 MW under discussion"
firmness = "optional"
critical_it_mw = 300.0                       # release of 5 June 2024
years = 12.0
total_revenue_musd = [4200.0, 5250.0, 5250.0]  # at most the price of the first contract: judgement
noi_margin = [0.60, 0.775, 0.80]
delay_months = [15.0, 27.0, 48.0]
ramp_months = [6.0, 12.0, 24.0]
hazard_per_year = [0.01, 0.04, 0.12]
relet_months = 12.0
relet_fraction = [0.3, 0.7, 1.0]
host_capex_musd_per_it_mw = [0.0, 0.3, 1.5]
credited_capex_musd_per_it_mw = [0.0, 0.7, 1.5]
exercise_probability = [0.0, 0.3, 0.9]       # judgement
displaced_mining_mw = 357.0                  # what is left of the machines
cleared_month = 12

[mining]
it_mw = 494.0                                # 20.4 EH/s at 24.23 J/TH, release of 5 June 2024; customers' machines not counted
efficiency_j_per_th = 24.23
years = 5.0                                  # judgement
hashprice_usd_per_ph_day = [45.0, 55.0, 66.0]  # weeks of May and June 2024: 49.6 and 62.1
fade_per_year = [0.0, 0.15, 0.35]            # judgement
power_price_usd_per_mwh = [37.0, 42.0, 48.0] # judgement around 40, the company's cost of the year
opex_usd_per_mw_year = [40000.0, 60000.0, 90000.0]
pue = 1.03

[company]
net_debt_musd = [120.0, 210.0, 300.0]        # cash 98.1 (release of 8 May); debt without the convertible notes: judgement
overhead_musd_per_year = [50.0, 65.0, 80.0]  # operating expenses of 16.9 in the first quarter of 2024
tax_fraction = [0.0, 0.08, 0.21]             # judgement: losses of the past may be used
basic_million = 177.8                        # implied by 866 M USD at 4.87
units_million = 0.0                          # the count of share units was not in the sources read: the value errs high

[[strike]]
name = "warrants at 6.81"
count_million = 98.0                         # counts as an investor published them; not checked with the filing
strike_usd = 6.81

[[strike]]
name = "warrants at 0.01, asleep below 8.72"
count_million = 82.0
strike_usd = 0.01
trigger_usd = 8.72

[[convertible]]
name = "secured convertible notes"
principal_musd = 260.0
conversion_usd = 5.83                        # 44.6 M shares
"""

CORE_2024_BID = """\
schema = "megawatt/bid/1"

[bid]
bidder = "CoreWeave"
cash_usd = 5.75
headline_musd = 1600.0                       # as some reported it; 1,022 M USD is the price of the basic shares
gross_mw = 745.0                             # operating infrastructure, release of 8 May 2024

[[base]]
name = "last close"
price_usd = 4.87

[[base]]
name = "3-month VWAP"
price_usd = 3.71
"""

CORE_2024_REPLAY = (
    CORE_2024.split("[[lease]]", maxsplit=1)[0]
    .replace("as known on 6 June 2024", "replay of what happened, known in May 2026")
    .replace("as it could be known from 3 to 6 June 2024", "a replay of known history, not a forecast")
    .replace("known = 2024-06-06", "known = 2026-05-31")
    .replace(
        "company releases of 8 May, 3 June and 5 June 2024; share counts: see [[strike]]",
        "releases of 2024 to 2026; figures of 2026 from secondary sources",
    )
    + """\
[[lease]]
name = "CoreWeave 590 MW"
critical_it_mw = 590.0                       # 26 February 2025: all options used, and Denton enlarged
years = 12.0
total_revenue_musd = 10200.0
noi_margin = [0.70, 0.775, 0.85]             # target raised to 80-85 % in 2026; 9 % (16 % in cash) in the fourth quarter of 2024
delay_months = 10.0                          # first halls in the first half of 2025
ramp_months = [22.0, 24.0, 30.0]             # 243 MW billed in spring 2026, 590 planned for early 2027
hazard_per_year = [0.01, 0.04, 0.12]         # the tenant pays; how long is as unknown as before
relet_months = 12.0
relet_fraction = [0.3, 0.7, 1.0]
host_capex_musd_per_it_mw = [0.18, 0.5, 1.5] # 104 M USD of its own for the last 70 MW; the tenant paid 90.3 of 121.3 in Q2 2025
credited_capex_musd_per_it_mw = [0.0, 0.7, 1.5]
displaced_mining_mw = 494.0
cleared_month = 12

"""
    + CORE_2024[CORE_2024.index("[mining]") :]
)

DEAL_EXAMPLES = {"core-2024": CORE_2024, "core-2024-bid": CORE_2024_BID, "core-2024-replay": CORE_2024_REPLAY}
"""Text of the example deals and bids by name."""
