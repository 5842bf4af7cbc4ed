"""Open Charge Metering Format: texts of meters that sign by themselves, `OCMF|<payload>|<signature>`.

Source: SAFE e.V., Open Charge Metering Format, revision 1.2 (OCMF-en.md at 01fd9c57). The payload is signed byte for
byte, so it is never written anew; its numbers are read as the decimals that they print, not as floats.
"""

import base64
import binascii
import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from megawatt.hosting.metering.fields import LIMIT, MAX_INSTANT, Fields, bad, whole
from megawatt.proof.canonical import Json
from megawatt.proof.errors import FormatError, ProofError, VerifyError

OCMF = "ocmf"
_MAX_TEXT = 60_000
_DEFAULT = "ECDSA-secp256r1-SHA256"
_ALGORITHM = re.compile(r"ECDSA-(?P<curve>[a-zA-Z0-9]+)-(?P<hash>SHA(?:256|384|512))")
_HASHES: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    "SHA256": hashes.SHA256,
    "SHA384": hashes.SHA384,
    "SHA512": hashes.SHA512,
}
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}),\d{3}([+-]\d{4}) ([UISR])", re.ASCII)
_IMPORT = re.compile(r"[0-9]+-[0-9a-z]+:1\.8\.[0-9]+(\*[0-9]+)?")
_WH = {"kWh": 1000, "Wh": 1}
_LARGEST_EXPONENT = 30


@dataclass(frozen=True, slots=True)
class OcmfEntry:
    """Body of an `ocmf` entry: the text, and its readings for those who only add up.

    Attributes:
        meter: Id of the meter, which is its serial number in the text.
        text: The signed text.
        readings: Instant [s since 1970 UTC] and register [Wh] of each reading.
    """

    meter: str
    text: str
    readings: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """The entry of a text as it came from the meter; nothing is verified yet.

        Raises:
            FormatError: The text is no OCMF, or reads another quantity than imported energy in whole Wh.
        """
        payload = _sections(text)[0]
        serial = payload.get("MS")
        if not isinstance(serial, str):
            raise bad("an OCMF text without MS", "the meter's serial number is there")
        return cls(serial, text, _readings(payload))

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> Self:
        """Inverse of `to_body`; the text is not looked into."""
        fields = Fields(body, OCMF)
        entry = cls(
            fields.text("meter"), fields.text("text", most=_MAX_TEXT), tuple(map(_pair, fields.items("readings", 1)))
        )
        fields.end()
        return entry

    def to_body(self) -> dict[str, Json]:
        """Body of the entry."""
        return {"meter": self.meter, "text": self.text, "readings": [list(one) for one in self.readings]}

    def check(self, public_key: str) -> None:
        """Check that the meter signed the text, and that the readings are the text's.

        Args:
            public_key: The meter's key, DER SubjectPublicKeyInfo in hexadecimal.

        Raises:
            FormatError: The text or the key is not in its form.
            VerifyError: Signature, meter or readings are wrong.
        """
        if OcmfEntry.of(self.text) != self:
            raise VerifyError(
                f"an ocmf entry of meter {self.meter[:60]!r}", "its readings are not those of its text", "Refuse it."
            )
        signature = _sections(self.text)[1]
        signed = self.text.split("|")[1].encode()
        algorithm = _ALGORITHM.fullmatch(str(signature.get("SA", _DEFAULT)))
        key = _public_key(public_key)
        if (
            algorithm is None
            or algorithm["curve"].replace("brainpool", "brainpoolP").replace("PP", "P") != key.curve.name
        ):
            raise VerifyError(
                f"OCMF signature algorithm {str(signature.get('SA', _DEFAULT))[:60]!r}",
                f"the meter's key is on {key.curve.name}",
                "Refuse it, or ask for the key that made it.",
            )
        try:
            key.verify(_signature(signature), signed, ECDSA(_HASHES[algorithm["hash"]]()))
        except InvalidSignature:
            raise VerifyError(
                f"an OCMF text of {self.meter[:60]!r}", "the meter did not sign it", "Refuse it."
            ) from None

    def verifies(self, public_key: str) -> bool:
        """Whether `check` finds nothing."""
        try:
            self.check(public_key)
        except ProofError:
            return False
        return True


def _pair(value: Json) -> tuple[int, int]:
    match value:
        case [instant, register]:
            return whole(instant, "instant", 0, MAX_INSTANT), whole(register, "register", 0, LIMIT)
    raise bad(f"reading {value!r:.60}", "it is an instant and a register")


def _sections(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    parts = text.split("|") if len(text) <= _MAX_TEXT else []
    if len(parts) != 3 or parts[0] != "OCMF":
        raise bad(f"text {text[:40]!r}", "OCMF reads OCMF|<payload>|<signature>")
    try:
        payload, signature = (json.loads(part, parse_float=Decimal) for part in parts[1:])
    except (ValueError, ArithmeticError, RecursionError):
        raise bad(f"text {text[:40]!r}", "its sections are JSON") from None
    if not isinstance(payload, dict) or not isinstance(signature, dict):
        raise bad(f"text {text[:40]!r}", "its sections are JSON objects")
    return payload, signature


def _readings(payload: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    listed = payload.get("RD")
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        raise bad("an OCMF text without readings", "RD lists them")
    out = []
    reading: dict[str, Any] = {}
    for one in listed:
        reading = {**reading, **one}  # what is the same as in the reading before is left out
        time = _TIME.fullmatch(str(reading.get("TM")))
        if time is None:
            raise bad(f"OCMF time {reading.get('TM')!r:.60}", "it reads 2018-07-24T13:22:04,000+0200 S")
        register = _register(reading)
        if time[3] == "S" and reading.get("ST") == "G" and not reading.get("EF"):
            out.append((_instant(time[1] + time[2]), register))
    if not out:
        raise bad("an OCMF text without a good reading", "one has a synchronised time, status G and no error flag")
    return tuple(out)


def _instant(text: str) -> int:
    try:
        seconds = int(dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp())
    except (ValueError, OverflowError):
        raise bad(f"OCMF time {text!r}", "it is a time") from None
    return whole(seconds, "OCMF time", 0, MAX_INSTANT)


def _register(reading: Mapping[str, Any]) -> int:
    value, unit, obis = reading.get("RV"), reading.get("RU"), reading.get("RI")
    if unit not in _WH or not isinstance(obis, str) or not _IMPORT.fullmatch(obis):
        raise bad(f"OCMF quantity {obis!r:.40} in {unit!r:.40}", "imported energy, x-y:1.8.z, in kWh or Wh is billed")
    number = Decimal(value) if isinstance(value, int | Decimal) and type(value) is not bool else None
    if number is None or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise bad(f"OCMF reading {value!r:.40}", "it is a number")
    wh = Fraction(number) * _WH[unit]
    if wh.denominator != 1:
        raise bad(f"OCMF reading {value} {unit}", "it is a whole number of Wh")
    return whole(wh.numerator, "OCMF reading", 0, LIMIT)


def _public_key(text: str) -> EllipticCurvePublicKey:
    try:
        key = load_der_public_key(bytes.fromhex(text))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, EllipticCurvePublicKey):
        raise FormatError(
            f"OCMF key {text[:40]!r}", "it is no elliptic-curve key in DER SubjectPublicKeyInfo", "Ask for it again."
        )
    return key


def _signature(section: Mapping[str, Any]) -> bytes:
    data, encoding = section.get("SD"), section.get("SE", "hex")
    try:
        if isinstance(data, str) and encoding == "hex":
            return bytes.fromhex(data)
        if isinstance(data, str) and encoding == "base64":
            return base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        pass
    raise bad(f"OCMF signature in {encoding!r:.40}", "SD is hexadecimal or base64")
