"""Every check speaks when its rule is broken, in a site that is silent otherwise."""

import dataclasses

import pytest

from megawatt.core.errors import InputError
from megawatt.site import Finding, Site
from megawatt.site.check import CHECKS, check

SOUND = """\
schema = "megawatt/site/1"

[site]
name = "sound"
zone = "ERCOT"
timezone = "America/Chicago"
load_settlement_point = "LZ_WEST"
meter_limit_mw = 60.0

[period]
start = 2024-07-01
end = 2024-08-01

[[fleet]]
name = "s21"
model = "Antminer S21"
count = 8_000
blocks = 8
modes = [
  { name = "normal", power_fraction = 1.0, hashrate_fraction = 1.0 },
  { name = "eco", power_fraction = 0.7, hashrate_fraction = 0.77 },
]
min_up_minutes = 30
min_down_minutes = 15

[[fleet]]
name = "guests"
hashrate_th_s = 104
power_w = 3068
count = 1_000
owner = "hosted"
contract = "guests"

[[hall]]
name = "firm"
kind = "firm"
critical_it_mw = 5.0
contract = "tenant"
backup_mw = 6.5

[[hall]]
name = "batch"
kind = "batch"
critical_it_mw = 5.0
contract = "research"
window = "day"
duty_fraction = 0.5
min_run_minutes = 60

[[hall]]
name = "rental"
kind = "spot"
critical_it_mw = 1.25
contract = "market"
gpus = 1_000

[[contract]]
name = "tenant"
tenant = "A"
kind = "colocation"
start = 2024-01-01
years = 10
rent_usd_per_kw_month = 122
uptime_fraction = 0.999
credits = [{ below = 0.999, credit_fraction = 0.05 }]

[[contract]]
name = "research"
tenant = "B"
kind = "batch"
start = 2024-01-01
years = 3
fee_usd_per_it_mwh = 150

[[contract]]
name = "market"
tenant = "C"
kind = "spot"
start = 2024-01-01
years = 1
usd_per_gpu_hour = 2.5

[[contract]]
name = "guests"
tenant = "D"
kind = "hosted_mining"
start = 2024-01-01
years = 2
fee_usd_per_kwh = 0.075

[[energy]]
name = "block"
block_mw = 30
price_usd_per_mwh = 32
settlement_point = "HB_WEST"

[[charge]]
name = "demand"
kind = "demand"
usd_per_kw_month = 5
ratchet_fraction = 0.8
past_peak_mw = 55

[[programme]]
name = "rrs"
product = "rrs"
price_series = "as/rrs"
qualified = true

[debt]
dscr = 1.4

[treasury]
cash_usd = 2e6
least_cash_usd = 1e6

[[forward]]
name = "ahead"
kind = "hashrate_sold"
hashrate_ph_s = 400
price_usd_per_ph_day = 50
valid_to = 2025-01-01

[[forward]]
name = "cheap power"
kind = "power_bought"
block_mw = 15
price_usd_per_mwh = 35
valid_to = 2025-01-01
"""

CASES = [
    # (check, severity, before, after, what is said)
    ("forward_has_treasury", "error", "[treasury]\ncash_usd = 2e6\nleast_cash_usd = 1e6\n", "", "without [treasury]"),
    ("forward_lies_ahead", "warning", "valid_to = 2025-01-01", "valid_to = 2024-08-01", "delivered until 2024-08-01"),
    ("forward_is_covered", "warning", "hashrate_ph_s = 400", "hashrate_ph_s = 4000", "4,000 PH/s are sold ahead"),
    ("forward_is_covered", "warning", "block_mw = 15", "block_mw = 60", "60 MW are bought ahead"),
    ("cash_above_least", "warning", "cash_usd = 2e6", "cash_usd = 0.5e6", "cash_usd is 500,000"),
    ("names_are_unique", "error", 'name = "guests"\nhash', 'name = "s21"\nhash', "two fleets or halls are named 's21'"),
    ("names_are_unique", "error", 'name = "batch"\nkind', 'name = "s21"\nkind', "two fleets or halls are named 's21'"),
    ("hall_contract", "error", 'contract = "tenant"', 'contract = "tenat"', "hall 'firm' has the contract 'tenat'"),
    (
        "hall_contract",
        "error",
        'contract = "market"',
        'contract = "tenant"',
        "of kind spot has a contract of kind colocation",
    ),
    ("fleet_contract", "error", 'contract = "guests"', 'contract = "gests"', "fleet 'guests' has the contract 'gests'"),
    ("fleet_contract", "error", 'contract = "guests"', 'contract = "market"', "has a contract of kind spot"),
    ("contract_is_used", "warning", 'name = "guests"\ntenant', 'name = "other"\ntenant', "'other' is named by no hall"),
    ("programme_excludes", "error", 'product = "rrs"', 'product = "rrs"\nexcludes = ["ecrs"]', "excludes 'ecrs'"),
    ("firm_load_fits", "error", "meter_limit_mw = 60.0", "meter_limit_mw = 6.0", "firm load of 6.5 MW at the meter"),
    ("batch_fits", "error", "meter_limit_mw = 60.0", "meter_limit_mw = 12.0", "needs 6.5 MW beside 6.5 MW"),
    ("sum_of_loads", "warning", "meter_limit_mw = 60.0", "meter_limit_mw = 40.0", "all loads together need up to"),
    ("sum_of_loads", "warning", "meter_limit_mw = 60.0", "meter_limit_mw = 600.0", "meter_limit_mw is 600"),
    ("batch_duty_fits_run", "error", "min_run_minutes = 60", "min_run_minutes = 750", "is due for 720 minutes a day"),
    ("batch_is_due", "warning", "duty_fraction = 0.5", "duty_fraction = 0", "a duty_fraction of 0"),
    ("batch_is_due", "warning", "duty_fraction = 0.5", "duty_fraction = 1", "a duty_fraction of 1"),
    ("backup_carries_hall", "warning", "backup_mw = 6.5", "backup_mw = 5.0", "backup of 5 MW"),
    ("gpu_power", "warning", "gpus = 1_000", "gpus = 10_000", "10,000 GPUs in 1.25 MW are 125 W each"),
    ("gpu_power", "warning", "gpus = 1_000", "gpus = 100", "12,500 W each"),
    (
        "export",
        "warning",
        "meter_limit_mw = 60.0",
        "meter_limit_mw = 60.0\nexport_limit_mw = 10",
        "export_limit_mw is 10",
    ),
    ("efficiency", "error", "power_w = 3068", "power_w = 306", "2.942 J/TH"),
    ("figures_of_model", "warning", "hashrate_th_s = 104", 'model = "S21"\nhashrate_th_s = 104', "has 29.5 J/TH"),
    ("blocks_divide_machines", "warning", "count = 8_000", "count = 8_001", "8,001 machines in 8 blocks"),
    ("blocks_divide_machines", "error", "count = 8_000", "count = 7", "8 blocks of 7 machines"),
    (
        "block_can_run",
        "warning",
        "critical_it_mw = 5.0",
        "critical_it_mw = 44.0",
        "a block of fleet 'guests' needs 3.125 MW",
    ),
    (
        "modes_are_useful",
        "warning",
        "hashrate_fraction = 0.77",
        "hashrate_fraction = 1.01",
        "mode 'normal' draws 1 for 1",
    ),
    ("times_are_whole_intervals", "warning", "min_up_minutes = 30", "min_up_minutes = 20", "min_up_minutes is 20"),
    ("times_are_whole_intervals", "warning", "min_run_minutes = 60", "min_run_minutes = 50", "min_run_minutes is 50"),
    ("times_fit_period", "warning", "end = 2024-08-01", "end = 2024-07-02", "stays on 1440 and off 15"),
    (
        "installed",
        "warning",
        'model = "Antminer S21"',
        'model = "S21"\ninstalled = 2024-08-01',
        "is installed on 2024-08-01",
    ),
    ("payout", "warning", 'model = "Antminer S21"', 'model = "S21"\npayout = "pps"', "is paid pps"),
    (
        "emergency_curtailment",
        "warning",
        "backup_mw = 6.5",
        "emergency_curtailable = true",
        "may switch off hall 'firm'",
    ),
    ("interruptible_connection", "warning", "backup_mw = 6.5\n", "", "promises 99.900% with 0 MW of backup"),
    ("uptime_has_credits", "warning", "credits = [{ below = 0.999, credit_fraction = 0.05 }]", "", "without credits"),
    ("uptime_has_credits", "warning", "below = 0.999,", "below = 0.9999,", "due below 99.9900%"),
    (
        "contract_covers_period",
        "warning",
        "start = 2024-01-01\nyears = 10",
        "start = 2024-07-02\nyears = 10",
        "from 2024-07-02",
    ),
    ("contract_covers_period", "warning", "years = 10", "years = 0.5", "from 2024-01-01 to 2024-07-01"),
    ("hosting_fee_covers_energy", "warning", "fee_usd_per_kwh = 0.075", "fee_usd_per_kwh = 0.03", "pay 30 USD/MWh"),
    ("time_zone", "error", "America/Chicago", "America/Denver", "timezone is 'America/Denver'"),
    ("settlement_point", "warning", "LZ_WEST", "HB_HUBAVG", "at the hub HB_HUBAVG"),
    ("blocks_of_energy", "warning", "block_mw = 30", "block_mw = 70", "70 MW are bought"),
    ("blocks_of_energy", "error", "block_mw = 30", 'block_mw = 70\nresale = "forbidden"', "70 MW are bought"),
    ("blocks_of_energy", "warning", "price_usd_per_mwh = 32", "price_usd_per_mwh = -1", "costs -1 USD/MWh"),
    (
        "energy_covers_period",
        "warning",
        "block_mw = 30",
        "block_mw = 30\nvalid_from = 2024-07-02",
        "delivered from 2024-07-02",
    ),
    ("energy_covers_period", "warning", "block_mw = 30", "block_mw = 30\nvalid_to = 2024-07-31", "to 2024-07-31"),
    ("charge_is_measured", "warning", "past_peak_mw = 55", "past_peak_mw = 55\nmonths = [8, 9]", "in the months 8, 9"),
    (
        "charge_is_measured",
        "warning",
        "past_peak_mw = 55",
        "past_peak_mw = 55\nvalid_from = 2024-08-01",
        "from 2024-08-01",
    ),
    (
        "charge_is_measured",
        "warning",
        "past_peak_mw = 55",
        "past_peak_mw = 55\nvalid_to = 2024-07-01",
        "until 2024-07-01",
    ),
    ("ratchet", "warning", "past_peak_mw = 55\n", "", "ratchet_fraction without past_peak_mw"),
    ("ratchet", "warning", "ratchet_fraction = 0.8\n", "", "past_peak_mw without ratchet_fraction"),
    ("ratchet", "warning", "past_peak_mw = 55", "past_peak_mw = 75", "past_peak_mw is 75"),
    ("offer_is_possible", "error", 'product = "rrs"', 'product = "rrs"\nmin_offer_mw = 50', "takes offers from 50 MW"),
    (
        "programme_terms",
        "error",
        'product = "rrs"',
        'product = "rrs"\nresponse_minutes = 30',
        "must be met within 30 minutes",
    ),
    ("programme_terms", "warning", "qualified = true", "qualified = false", "is not qualified"),
    (
        "programme_terms",
        "warning",
        'product = "rrs"',
        'product = "rrs"\ncall_probability = 0.01',
        "misses cost nothing",
    ),
    ("price_series_of_product", "warning", "as/rrs", "as/ecrs", "sells rrs at 'as/ecrs'"),
]
ALSO_NEEDED = {
    "times_fit_period": ("min_up_minutes = 30", "min_up_minutes = 1440"),
    "interruptible_connection": ('zone = "ERCOT"', 'zone = "ERCOT"\ngrid_firmness = "interruptible"'),
}


def _spoilt(name: str, before: str, after: str) -> list[Finding]:
    text = SOUND.replace(*ALSO_NEEDED.get(name, ("", "")), 1)
    assert before in text
    return check(Site.from_text(text.replace(before, after, 1), "sound.toml"))


def test_sound_site_has_no_finding() -> None:
    assert check(Site.from_text(SOUND)) == []


@pytest.mark.parametrize(
    ("name", "severity", "before", "after", "said"), CASES, ids=[f"{c[0]}: {c[3]!r:.30}" for c in CASES]
)
def test_broken_rule_is_found(name: str, severity: str, before: str, after: str, said: str) -> None:
    found = [one for one in _spoilt(name, before, after) if one.check == name]
    assert [one.severity for one in found] == [severity]
    assert said in found[0].value
    assert found[0].rule
    assert found[0].remedy.endswith((".", "?"))
    assert found[0].place.startswith("sound.toml line ")


def test_every_check_has_a_case() -> None:
    tried = {case[0] for case in CASES} | {"has_load"}
    assert {rule.__name__.removeprefix("check_") for rule in CHECKS} == tried


def test_site_without_load_has_nothing_to_decide() -> None:
    site = Site.from_text(SOUND.split("[[fleet]]", maxsplit=1)[0])
    assert [(one.check, one.severity) for one in check(site)] == [("has_load", "error")]


def test_errors_come_before_warnings() -> None:
    found = _spoilt("ratchet", "meter_limit_mw = 60.0", "meter_limit_mw = 6.0")
    severities = [one.severity for one in found]
    assert severities == sorted(severities)
    assert {"error", "warning"} == set(severities)


def test_finding_can_be_raised_with_its_parts() -> None:
    finding = _spoilt("time_zone", "America/Chicago", "America/Denver")[0]
    error = finding.as_error()
    assert isinstance(error, InputError)
    assert (error.value, error.rule, error.remedy, error.place) == (
        finding.value,
        finding.rule,
        finding.remedy,
        finding.place,
    )
    assert str(finding).startswith("error: sound.toml line 6, [site], timezone: timezone is 'America/Denver', but ")


def test_firm_load_counts_cooling_of_the_hottest_hour_and_losses() -> None:
    """5 MW of IT at a PUE of up to 1.4 and 10 % losses need 5 x 1.4 / 0.9 = 7.78 MW."""
    text = SOUND.replace("meter_limit_mw = 60.0", "meter_limit_mw = 7.7\nloss_fraction = 0.1")
    text += "\n[pue]\nhall_points = [[10.0, 1.2], [40.0, 1.4]]\n"
    found = [one.value for one in check(Site.from_text(text)) if one.check == "firm_load_fits"]
    assert found == ["firm load of 7.778 MW at the meter (PUE 1.4, losses 0.1)"]


def test_capped_hall_counts_as_firm_down_to_its_floor_only() -> None:
    """45 MW capped at half need 45 x 0.5 x 1.3 = 29.25 MW beside the 6.5 MW of the firm hall: 35.75 MW fit, 35.7 do not."""
    capped = """
[[hall]]
name = "capped"
kind = "capped"
critical_it_mw = 45.0
contract = "tenant"
workload = "infer_llama_8b"
min_power_fraction = 0.5
"""
    for limit, names in ((35.75, []), (35.7, ["firm_load_fits"])):
        site = Site.from_text(SOUND.replace("meter_limit_mw = 60.0", f"meter_limit_mw = {limit}") + capped)
        assert [one.check for one in check(site) if one.check == "firm_load_fits"] == names


def test_raising_the_limit_as_told_cures_the_error() -> None:
    site = Site.from_text(SOUND.replace("meter_limit_mw = 60.0", "meter_limit_mw = 6.0"))
    remedy = next(one.remedy for one in check(site) if one.check == "firm_load_fits")
    limit = float(remedy.split("to ")[1].split(" ")[0])
    cured = dataclasses.replace(site, connection=site.connection.model_copy(update={"meter_limit_mw": limit}))
    assert "firm_load_fits" not in [one.check for one in check(cured)]


MET_EXACTLY = [
    ("firm_load_fits", "meter_limit_mw = 60.0", "meter_limit_mw = 6.5"),
    ("batch_fits", "meter_limit_mw = 60.0", "meter_limit_mw = 13.0"),
    ("batch_duty_fits_run", "min_run_minutes = 60", "min_run_minutes = 720"),
    ("gpu_power", "gpus = 1_000\n", "gpus = 1_000\nrestart_usd = 1\n"),
    ("blocks_divide_machines", "count = 8_000", "count = 8"),
    ("hosting_fee_covers_energy", "fee_usd_per_kwh = 0.075", "fee_usd_per_kwh = 0.032"),
    ("blocks_of_energy", "block_mw = 30", "block_mw = 60"),
    ("blocks_of_energy", "price_usd_per_mwh = 32", "price_usd_per_mwh = 0"),
    ("energy_covers_period", "block_mw = 30", "block_mw = 30\nvalid_from = 2024-07-01\nvalid_to = 2024-08-01"),
    ("charge_is_measured", "past_peak_mw = 55", "past_peak_mw = 55\nvalid_from = 2024-07-31"),
    ("ratchet", "past_peak_mw = 55", "past_peak_mw = 60"),
    ("contract_covers_period", "start = 2024-01-01\nyears = 10", "start = 2024-07-01\nyears = 10"),
    ("programme_terms", 'product = "rrs"', 'product = "rrs"\nresponse_minutes = 10'),
]


@pytest.mark.parametrize(("name", "before", "after"), MET_EXACTLY)
def test_rule_met_exactly_is_silent(name: str, before: str, after: str) -> None:
    assert [one for one in _spoilt("", before, after) if one.check == name] == []


def test_two_modes_of_equal_hash_rate_are_one_too_many() -> None:
    found = _spoilt("", "hashrate_fraction = 0.77", "hashrate_fraction = 1.0")
    assert [one.check for one in found] == ["modes_are_useful"]


def test_flexible_load_is_machines_batch_spot_and_the_range_of_a_cap() -> None:
    """At a PUE of 1.3: batch 5 MW -> 6.5, rental 1.25 MW -> 1.625, capped 9.1 MW down to 40 % -> 7.098; firm counts nothing.

    Without machines 15.223 MW can be offered; the error says so with four digits.
    """
    halls = SOUND[SOUND.index("[[hall]]") :]
    text = SOUND[: SOUND.index("[[fleet]]")] + halls
    text = text.replace('product = "rrs"', 'product = "rrs"\nmin_offer_mw = 16')
    text += """
[[hall]]
name = "capped"
kind = "capped"
critical_it_mw = 9.1
contract = "tenant"
workload = "infer_llama_8b"
min_power_fraction = 0.4
"""
    found = [one.rule for one in check(Site.from_text(text)) if one.check == "offer_is_possible"]
    assert found == ["at most 15.22 MW can be offered (1 of 15.22 MW flexible load)"]
