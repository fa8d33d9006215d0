"""With the real cost: it is what makes guessing expensive."""

import hashlib

from syncro_quickbooks.desktop.passwords import PasswordHash


def test_only_the_password_itself_fits() -> None:
    kept = PasswordHash.of("correct horse")
    assert kept.fits("correct horse")
    assert not kept.fits("correct horsf")
    assert PasswordHash.of("correct horse").digest != kept.digest  # salted


def test_the_cost_is_what_owasp_asks_of_scrypt() -> None:
    kept = PasswordHash.of("correct horse")
    assert kept.digest == hashlib.scrypt(b"correct horse", salt=kept.salt, n=2**15, r=8, p=3, maxmem=2**27, dklen=32)


def test_a_hash_made_with_another_cost_still_fits() -> None:
    salt = b"0123456789abcdef"
    old = PasswordHash(salt, hashlib.scrypt(b"correct horse", salt=salt, n=2**10, r=8, p=1, dklen=32), 2**10, 8, 1)
    assert old.fits("correct horse")
    assert not old.fits("correct horsf")
