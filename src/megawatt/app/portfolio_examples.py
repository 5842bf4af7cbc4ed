"""An example portfolio: four sites, five years, one tenant who wants two of them."""

FOUR_SITES = """\
schema = "megawatt/portfolio/1"

# Four sites, what each could become, and what the company can carry in each of five years. All figures are an example:
# take values per MW from `megawatt invest` or `megawatt deal`. A number in brackets after value_ is low, likely, high.

[portfolio]
name = "Four sites, 2025 to 2029"
first_year = 2025
discount_rate = 0.10
aversion = 0.3                               # 30 % of the weight on the mean of the worst 5 % of the scenarios
tail = 0.05
same_mode_correlation = 0.7                  # mines share one hashprice, halls one market of rents
capital_musd = [450.0, 700.0, 700.0, 400.0, 200.0]
power_mw = [330.0, 330.0, 360.0, 400.0, 400.0]
crews = [2.0, 3.0, 3.0, 3.0, 3.0]

[[project]]
site = "North"
mode = "mine"
most_mw = 120.0
value_musd_per_mw = [-0.4, 0.5, 1.6]
capital_musd_per_mw = [0.3]

[[project]]
site = "North"
mode = "host"
start_years = [2025, 2026, 2027]
least_mw = 40.0
most_mw = 100.0
value_musd_per_mw = [-2.5, 1.8, 4.5]
meanwhile_musd_per_mw_year = 0.15            # it mines until then
capital_musd_per_mw = [4.0, 5.0]
power_share = [0.3, 0.7, 1.0]
crews = [1.0, 2.0]
bundle = "one tenant"                        # the tenant wants North and South, or neither

[[project]]
site = "South"
mode = "mine"
most_mw = 80.0
value_musd_per_mw = [-0.5, 0.3, 1.2]
capital_musd_per_mw = [0.2]

[[project]]
site = "South"
mode = "host"
start_years = [2025, 2026, 2027]
least_mw = 30.0
most_mw = 60.0
value_musd_per_mw = [-3.0, 1.2, 4.0]
meanwhile_musd_per_mw_year = 0.10
capital_musd_per_mw = [4.0, 5.0]
power_share = [0.3, 0.7, 1.0]
crews = [1.0, 1.0]
bundle = "one tenant"

[[project]]
site = "River"
mode = "mine"
most_mw = 150.0
value_musd_per_mw = [-0.3, 0.6, 1.8]
capital_musd_per_mw = [0.4]

[[project]]
site = "River"
mode = "stand by"
most_mw = 150.0
value_musd_per_mw = [0.2, 0.4, 0.7]
capital_musd_per_mw = [0.05]
power_share = [0.1]

[[project]]
site = "Plain"
mode = "host"
start_years = [2026, 2027]
least_mw = 50.0
most_mw = 120.0
value_musd_per_mw = [-4.0, 2.2, 5.5]
capital_musd_per_mw = [3.5, 5.5]
power_share = [0.0, 0.5, 1.0]
crews = [2.0, 2.0]

[[project]]
site = "Plain"
mode = "sell power"
most_mw = 90.0
value_musd_per_mw = [0.1, 0.3, 0.6]
capital_musd_per_mw = [0.0]
power_share = [0.0]
"""

PORTFOLIO_EXAMPLES = {"four-sites": FOUR_SITES}
"""Text of the example portfolios by name."""
