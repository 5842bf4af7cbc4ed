"""OCMF texts: the published example is read, signatures are checked, and what is no billable reading is refused."""

import base64
import datetime as dt
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.hosting.metering.ocmf import OcmfEntry
from megawatt.proof.errors import FormatError, ProofError, VerifyError
from tests.hosting.months import OCMF_KEY, ocmf_text

NOON = 1_718_884_800
SIGNED = ocmf_text("feed-1", [(NOON, 12_345)])
# The example of the specification (revision 1.2, figure 1), without the members that say who charged.
PUBLISHED = (
    'OCMF|{"FV":"1.0","GI":"ABL SBC-301","GS":"808829900001","PG":"T12345","MS":"BQ27400330016","RD":['
    '{"TM":"2018-07-24T13:22:04,000+0200 S","TX":"B","RV":2935.6,"RI":"1-b:1.8.0","RU":"kWh","RT":"DC","EF":"","ST":"G"},'
    '{"TM":"2018-07-24T13:26:04,000+0200 S","TX":"E","RV":2965.1,"CL":0.5}]}'
    '|{"SD":"887FABF407AC82782EEFFF2220C2F856AEB0BC22364BBCC6B55761911ED651D1A922BADA88818C9671AFEE7094D7F536"}'
)


def test_the_example_of_the_specification_is_read_and_inherits_what_is_left_out() -> None:
    entry = OcmfEntry.of(PUBLISHED)
    begin = int(dt.datetime(2018, 7, 24, 11, 22, 4, tzinfo=dt.UTC).timestamp())
    assert entry.meter == "BQ27400330016"
    assert entry.readings == ((begin, 2_935_600), (begin + 240, 2_965_100))


def test_a_signed_text_verifies_and_no_changed_one_does() -> None:
    text = ocmf_text("feed-1", [(NOON, 12_345), (NOON + 900, 12_400)])
    entry = OcmfEntry.of(text)
    entry.check(OCMF_KEY)
    assert OcmfEntry.from_body(entry.to_body()) == entry
    changed = text.replace("12.345", "12.346")
    with pytest.raises(VerifyError, match="did not sign"):
        OcmfEntry.of(changed).check(OCMF_KEY)
    with pytest.raises(VerifyError, match="readings are not"):
        OcmfEntry("feed-1", text, ((NOON, 12_346), (NOON + 900, 12_400))).check(OCMF_KEY)
    with pytest.raises(VerifyError, match="readings are not"):
        OcmfEntry("feed-2", text, entry.readings).check(OCMF_KEY)


@pytest.mark.parametrize(("curve", "name"), [(ec.SECP256R1(), "secp256r1"), (ec.SECP384R1(), "secp384r1"), (ec.SECP256K1(), "secp256k1"), (ec.BrainpoolP256R1(), "brainpool256r1")])  # fmt: skip
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_the_curves_of_the_specification_verify(curve: ec.EllipticCurve, name: str, encoding: str) -> None:
    private = ec.generate_private_key(curve)
    key = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()
    payload = ocmf_text("feed-1", [(NOON, 1)]).split("|")[1]
    blob = private.sign(payload.encode(), ec.ECDSA(hashes.SHA256()))
    data = blob.hex() if encoding == "hex" else base64.b64encode(blob).decode()
    section = json.dumps({"SA": f"ECDSA-{name}-SHA256", "SE": encoding, "SD": data})
    OcmfEntry.of(f"OCMF|{payload}|{section}").check(key)
    with pytest.raises(VerifyError):
        OcmfEntry.of(f"OCMF|{payload}|{section}".replace(name, "secp521r1")).check(key)


@pytest.mark.parametrize("key", ["", "00", OCMF_KEY[:-2], "zz"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    entry = OcmfEntry.of(ocmf_text("feed-1", [(NOON, 1)]))
    with pytest.raises(FormatError):
        entry.check(key)
    assert not entry.verifies(key)


@pytest.mark.parametrize(
    "changes",
    [
        {"TM": f"{dt.datetime.fromtimestamp(NOON, dt.UTC):%Y-%m-%dT%H:%M:%S},000+0000 I"},
        {"ST": "F"},
        {"EF": "E"},
    ],
)
def test_a_reading_of_doubtful_time_or_state_is_left_out(changes: dict[str, str]) -> None:
    with pytest.raises(FormatError, match="good reading"):
        OcmfEntry.of(ocmf_text("feed-1", [(NOON, 1)], **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"RU": "mOhm"},
        {"RI": "1-0:2.8.0"},  # exported
        {"RV": 1.2345},  # a part of a Wh
        {"RV": "1"},
        {"RV": True},
        {"RV": -1},
        {"RV": 1e300},
        {"TM": "yesterday S"},
        {"TM": "2018-13-24T13:22:04,000+0200 S"},
    ],
)
def test_another_quantity_or_form_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        OcmfEntry.of(ocmf_text("feed-1", [(NOON, 1)], **changes))


@given(st.one_of(st.text(max_size=80), st.builds("OCMF|{}|{}".format, st.text(max_size=60), st.text(max_size=30))))
@settings(deadline=None, max_examples=100)
def test_any_text_gives_an_entry_or_a_declared_error(text: str) -> None:
    try:
        OcmfEntry.of(text).check(OCMF_KEY)
    except ProofError:
        return
    raise AssertionError(text)


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_a_changed_text_is_refused_with_a_declared_error(data: st.DataObject) -> None:
    text = SIGNED
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.characters(codec="ascii")) + text[at + 1 :]
    try:
        OcmfEntry.of(changed).check(OCMF_KEY)
    except ProofError:
        return
    assert changed.split("|")[1] == text.split("|")[1], "a signed byte was changed"
