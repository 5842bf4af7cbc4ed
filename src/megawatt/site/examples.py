"""Three site files that run and teach: a bare mine, a hybrid, and an AI campus with some mining left.

Figures are public where a source stands beside them, and assumptions of a sensible operator where none does.
"""

from megawatt.core.errors import InputError
from megawatt.site.faults import suggestion

TEXAS_MINE = """\
# A bare Bitcoin mine of 100 MW in West Texas: when should it mine, and when sell its power back?
# Every key, its unit and its default: docs/site-file.md. Check your changes with: megawatt check texas-mine.toml
schema = "megawatt/site/1"

[site]
name = "texas-mine"
zone = "ERCOT"
timezone = "America/Chicago"
load_settlement_point = "LZ_WEST"  # a load in ERCOT pays its load zone, not the cheaper hub
meter_limit_mw = 120.0             # above all loads together: it does not bind here
loss_fraction = 0.01               # transformers and feeders
interval_minutes = 15              # as ERCOT settles
price_adder_usd_per_mwh = 3.0      # delivery, fees and retailer's margin; an assumption

[period]
start = 2024-01-01
end = 2025-01-01  # the first day after the period; the halving of 20 April 2024 lies within

[data]
power = "reference"    # the shipped, modelled prices; "store" = series you imported
network = "reference"  # the shipped table of difficulty epochs

[pue]
mining_points = [[10.0, 1.03], [40.0, 1.08]]  # fans work harder on hot days

# Three generations of machines. One fleet = one model; blocks are switched separately.
[[fleet]]
name = "s21"
model = "Antminer S21"  # 200 TH/s at 3,500 W = 17.5 J/TH
count = 10_000          # 35.0 MW
blocks = 5
availability_fraction = 0.97
pool_fee_fraction = 0.01
payout = "fpps"
hashrate_derating_per_c = 0.005
derating_from_c = 35.0
installed = 2023-12-01
degradation_per_year = 0.01
minutes_to_full_hashrate = 10.0
start_usd = 35.0  # per block: 5 USD per MW for failures and work; an assumption
stop_usd = 14.0   # 2 USD per MW
min_up_minutes = 30.0
min_down_minutes = 15.0

[[fleet]]
name = "s19-xp"
model = "Antminer S19 XP"  # 140 TH/s at 3,010 W = 21.5 J/TH
count = 11_000             # 33.1 MW
blocks = 5
installed = 2022-08-01
degradation_per_year = 0.01
# The machines also run in a saving mode: 70 % of the power for 77 % of the hash rate.
modes = [
  { name = "normal", power_fraction = 1.0, hashrate_fraction = 1.0 },
  { name = "eco", power_fraction = 0.70, hashrate_fraction = 0.77 },
]
start_usd = 33.0
stop_usd = 13.0
min_up_minutes = 30.0
min_down_minutes = 15.0

[[fleet]]
name = "s19j-pro"
model = "Antminer S19j Pro"  # 104 TH/s at 3,068 W = 29.5 J/TH: first to stop when power is dear
count = 10_400               # 31.9 MW
blocks = 4
availability_fraction = 0.95  # older machines fail more
installed = 2021-09-01
degradation_per_year = 0.01
start_usd = 40.0
stop_usd = 16.0
min_up_minutes = 30.0
min_down_minutes = 15.0

# Power bought ahead. It is a position, not a load: whether a machine runs depends on the spot price alone.
[[energy]]
name = "block-60"
block_mw = 60.0
price_usd_per_mwh = 32.0
settlement_point = "HB_WEST"  # blocks trade at the hub; the difference to LZ_WEST stays with the mine
resale = "free"               # unused energy is sold back at spot

# Four coincident peaks: mean load in ERCOT's peak intervals of June to September sets next year's charge.
[[charge]]
name = "4cp"
kind = "coincident"
usd_per_kw_year = 60.0
months = [6, 7, 8, 9]
billing = "following_calendar_year"

[finance]
mining_capex_usd_per_th = 16.0  # assumption: price of an S21 at the end of 2024
mining_life_years = 4.0         # assumption
mining_opex_usd_per_mw_year = 60_000.0  # assumption: staff, repair, lease
"""

HYBRID = """\
# Mining and AI behind one meter: 100 MW of machines, 40 MW of halls, and a limit of 125 MW between them.
schema = "megawatt/site/1"

[site]
name = "hybrid"
zone = "ERCOT"
timezone = "America/Chicago"
load_settlement_point = "LZ_WEST"
meter_limit_mw = 125.0  # below the sum of all loads (about 160 MW): the dispatch decides who gets it
loss_fraction = 0.01
interval_minutes = 60
price_adder_usd_per_mwh = 3.0

[period]
start = 2024-07-01
end = 2024-08-01

[pue]
mining_points = [[10.0, 1.03], [40.0, 1.08]]
hall_points = [[10.0, 1.20], [40.0, 1.35]]  # chillers; 1.18 was planned at Ellendale, 1.45 is gross over IT at Barber Lake

# Four blocks of 25 MW in three classes.
[[fleet]]
name = "s21"
model = "Antminer S21"  # 17.5 J/TH
count = 14_286          # 50.0 MW
blocks = 2
start_usd = 125.0       # 5 USD per MW and start; an assumption
stop_usd = 50.0
min_up_minutes = 60.0
min_down_minutes = 60.0

[[fleet]]
name = "s19-xp"
model = "Antminer S19 XP"  # 21.5 J/TH
count = 8_306              # 25.0 MW
blocks = 1
start_usd = 125.0
stop_usd = 50.0
min_up_minutes = 60.0
min_down_minutes = 60.0

[[fleet]]
name = "s19j-pro"
model = "Antminer S19j Pro"  # 29.5 J/TH
count = 8_148                # 25.0 MW
blocks = 1
start_usd = 125.0
stop_usd = 50.0
min_up_minutes = 60.0
min_down_minutes = 60.0

[[hall]]
name = "firm-hall"
kind = "firm"          # always on: its power is taken first
critical_it_mw = 20.0  # IT power without cooling: this is what the rent counts
contract = "tenant-a"
backup_mw = 28.0       # carries the hall with its cooling

[[hall]]
name = "batch-hall"
kind = "batch"         # training and rendering: when is free, how much is not
critical_it_mw = 20.0
contract = "tenant-b"
window = "week"
duty_fraction = 0.6    # 100.8 h of a week of 168 h
restart_usd = 2_000.0  # checkpoint, reload, lost steps
min_run_minutes = 120.0

[[contract]]
name = "tenant-a"
tenant = "Example AI Inc."
kind = "colocation"
start = 2024-01-01
years = 12.0
rent_usd_per_kw_month = 122.0  # 3,500 M USD / 12 years / 200 MW, Core Scientific and CoreWeave, June 2024
power = "pass_through"         # the tenant pays his energy on top
take_or_pay = true             # rent is due used or not
uptime_fraction = 0.9999
# Availability of a month below the step -> share of that month's rent credited.
credits = [
  { below = 0.9999, credit_fraction = 0.05 },
  { below = 0.999, credit_fraction = 0.10 },
  { below = 0.99, credit_fraction = 0.25 },
]

[[contract]]
name = "tenant-b"
tenant = "Example Research Ltd."
kind = "batch"
start = 2024-01-01
years = 3.0
fee_usd_per_it_mwh = 150.0  # assumption: 10 % below the firm rent, which is 167 USD per MWh of IT energy
power = "included"

[[charge]]
name = "demand"
kind = "demand"
usd_per_kw_month = 5.0
billing = "same_month"

# Standing by: machines that can stop within 10 minutes earn a capacity price in every hour of award.
[[programme]]
name = "rrs"
product = "rrs"
direction = "up"          # up for the grid = the load steps down
price_series = "as/rrs"   # 2024 mean 5.71 USD per MW and hour
min_offer_mw = 1.0
share_fraction = 0.5      # half of the flexible load
qualified = true
response_minutes = 10.0
call_probability = 0.005  # assumption: about 44 hours a year
penalty_usd_per_mwh = 5_000.0
clawback_fraction = 1.0

[finance]
discount_rate = 0.10
mining_capex_usd_per_th = 16.0
mining_life_years = 4.0
mining_opex_usd_per_mw_year = 60_000.0
"""

AI_CAMPUS = """\
# A mine of 150 MW that was turned into an AI campus. Some machines stay: they are the load that can wait.
schema = "megawatt/site/1"

[site]
name = "ai-campus"
zone = "ERCOT"
timezone = "America/Chicago"
load_settlement_point = "LZ_WEST"
meter_limit_mw = 130.0           # of 150 before; all loads together need about 135 MW on the hottest day
loss_fraction = 0.01
grid_firmness = "interruptible"  # in a grid emergency the utility may ask for everything without backup
interval_minutes = 60
price_adder_usd_per_mwh = 3.0

[period]
start = 2024-01-01
end = 2025-01-01

[pue]
mining_points = [[10.0, 1.03], [40.0, 1.08]]
hall_points = [[10.0, 1.18], [40.0, 1.32]]

[[hall]]
name = "firm-hall"
kind = "firm"
critical_it_mw = 60.0
contract = "cloud-tenant"
backup_mw = 80.0

[[hall]]
name = "inference-hall"
kind = "capped"              # GPUs may be capped: throughput falls less than power
critical_it_mw = 15.0
contract = "inference-tenant"
workload = "infer_llama_8b"  # measured curve: 87 % of the throughput at 62 % of the power cap
min_power_fraction = 0.5
emergency_curtailable = true

[[hall]]
name = "rental-hall"
kind = "spot"          # GPU-hours sold on a rental market or a decentralised network, when they pay
critical_it_mw = 5.0
contract = "gpu-market"
gpus = 4_000           # 1.25 kW each with their share of the server, as in a DGX H100
restart_usd = 50.0     # assumption: images and models are loaded again
min_run_minutes = 60.0
# gpu_series = "gpu/H100"  # with an imported series the dated price holds instead of the contract's

[[hall]]
name = "storage-hall"
kind = "storage"       # disks: small, always on
critical_it_mw = 1.0
contract = "storage-network"
capacity_tb = 500_000  # 2 W per TB with servers; an assumption
backup_mw = 1.4

[[contract]]
name = "cloud-tenant"
tenant = "Example Cloud Inc."
kind = "colocation"
start = 2024-01-01
years = 10.0
rent_usd_per_kw_month = 149.0  # 3,000 M USD / 10 years / 168 MW, Cipher and Fluidstack, September 2025
power = "pass_through"
escalator_per_year = 0.03      # 3 %, Hut 8 and Fluidstack, December 2025
uptime_fraction = 0.9999
credits = [
  { below = 0.9999, credit_fraction = 0.05 },
  { below = 0.999, credit_fraction = 0.10 },
]

[[contract]]
name = "inference-tenant"
tenant = "Example Chat Ltd."
kind = "colocation"
start = 2024-01-01
years = 5.0
rent_usd_per_kw_month = 122.0
power = "pass_through"
uptime_fraction = 0.995
curtailable_hours_per_year = 100.0  # in these hours a cap is no breach
credits = [{ below = 0.995, credit_fraction = 0.05 }]

[[contract]]
name = "gpu-market"
tenant = "a GPU rental market"
kind = "spot"
start = 2024-01-01
years = 1.0
usd_per_gpu_hour = 2.49       # RunPod, H100 spot, 2024 (skypilot catalog)
platform_fee_fraction = 0.20  # assumption
utilisation_fraction = 0.60   # assumption: four of ten offered hours find no renter

[[contract]]
name = "storage-network"
tenant = "a decentralised storage network"
kind = "storage"
start = 2024-01-01
years = 3.0
usd_per_tb_month = 2.0  # assumption
uptime_fraction = 0.99
credits = [{ below = 0.99, credit_fraction = 0.10 }]

[[contract]]
name = "hosted-miners"
tenant = "Example Hash LLC"
kind = "hosted_mining"
start = 2024-01-01
years = 2.0
fee_usd_per_kwh = 0.075           # energy included
curtailment_hours_per_year = 500  # the host may switch them off so long; the saved power is his

# Own machines, kept because they start and stop in minutes.
[[fleet]]
name = "s21"
model = "Antminer S21"
count = 5_000  # 17.5 MW
blocks = 4
start_usd = 20.0
stop_usd = 8.0
min_up_minutes = 60.0

# Somebody else's machines, hosted for a fee per kWh.
[[fleet]]
name = "s19k-pro-hosted"
model = "Antminer S19k Pro"  # 120 TH/s at 2,760 W = 23 J/TH
count = 3_000                # 8.3 MW
blocks = 2
owner = "hosted"
contract = "hosted-miners"
min_up_minutes = 60.0

[[charge]]
name = "4cp"
kind = "coincident"
usd_per_kw_year = 60.0

[[programme]]
name = "nspin"
product = "nspin"
price_series = "as/nspin"  # 2024 mean 6.26 USD per MW and hour
min_offer_mw = 1.0
share_fraction = 0.8
qualified = true
response_minutes = 30.0
call_probability = 0.01    # assumption
penalty_usd_per_mwh = 1_000.0
clawback_fraction = 1.0

[finance]
discount_rate = 0.10
hall_capex_usd_per_it_mw = 9.0e6  # 8-10 M USD, TeraWulf and Fluidstack, August 2025
hall_life_years = 15.0
mining_capex_usd_per_th = 16.0
mining_life_years = 4.0
mining_opex_usd_per_mw_year = 60_000.0
"""

EXAMPLES = {"texas-mine": TEXAS_MINE, "hybrid": HYBRID, "ai-campus": AI_CAMPUS}
"""Text of the example site files by name."""


def example(name: str) -> str:
    """Text of an example site file.

    Raises:
        InputError: No example has the name.
    """
    if name not in EXAMPLES:
        raise InputError(f"the example {name!r}", "there is none of that name", suggestion(name, list(EXAMPLES)))
    return EXAMPLES[name]
