"""Stand-ins for texts: of the same form, the same for the same text, and never two for one.

Letters become letters of their script and case, digits digits; a tax id stays one with valid check
digits. Blanks, signs and dates stay where they are, and so do words without which a ledger cannot
be read (`ATIVO`, `Receitas`, `Conciliado`): they are nobody's.
"""

from __future__ import annotations

import html
import random
import re
import unicodedata
from collections.abc import Callable, Hashable
from functools import partial
from typing import TypeVar

from erp_common.ledger.vocabulary import fold
from erp_common.replay.vocabulary import stays

_TOKEN = re.compile(
    r"(?P<uuid>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b)"
    r"|(?P<date>(?<![\d/.-])(?:\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?"
    r"(?:Z|[+-]\d{2}:?\d{2})?)?|\d{2}/\d{2}/\d{4})(?![\d/-]))"
    r"|(?P<cnpj>(?<![\w.])[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d{2}(?!\w))"
    r"|(?P<cpf>(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w))"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
    r"|(?P<word>[^\W_]+)"
)
_WORD = re.compile(r"([^\W_]+)")
_SIGN = re.compile(r"[&./-]").search
_MORE_THAN_WORDS = re.compile(r"&|[0-9A-F]{4}-|[0-9A-F]{2}[/.][0-9A-Z]", re.IGNORECASE).search
"""What all other tokens have, and few texts; to look for a sign of it is quick."""
_LOWER = "abcdefghjklmnopqrstuwyz"
"""Without v, x and i alone making numbers of headings (IV, XI)."""
_ACCENTED = "áàâãéêíóôõúç"
_ONE = "1"
"""Stays wherever it stands, so it stands for no other number: two rows would have one id."""
_DIGITS_AT_ONCE = 15
"""A random fraction has no more."""
_TRIES = 60
_MOST_KNOWN = 1 << 17
_FEW = 5

Key = TypeVar("Key", bound=Hashable)


class Known(dict[Key, str]):
    """What has been made of texts that come again, bounded."""

    def __init__(self, make: Callable[[Key], str]) -> None:
        """Make what is not known yet by this."""
        super().__init__()
        self._make = make

    def __missing__(self, key: Key) -> str:
        """Make it, and remember it."""
        if len(self) >= _MOST_KNOWN:
            self.clear()
        made = self[key] = self._make(key)
        return made


class StandIns:
    """The stand-ins of one capture, drawn by chance: nothing but the capture holds them."""

    def __init__(self, seed: int | None = None, spoken: frozenset[str] = frozenset()) -> None:
        """Draw anew, and none of these words; a seed, for tests, draws the same again."""
        self._spoken = spoken
        drawn = random.SystemRandom().getrandbits(256) if seed is None else seed
        # What is drawn does not depend on what it stands for: who guesses it has learnt nothing.
        self._chance = random.Random(drawn)  # noqa: S311
        self._of: dict[str, str] = {}
        self._taken = {_ONE}
        self._texts = Known[str](self._text)
        self._words = Known[str](self._word)
        self._tokens = Known[tuple[str | None, str]](lambda token: self._other(*token))
        self._lowest: dict[int, int] = {}

    def text(self, value: str) -> str:
        """The stand-in for a text, word by word."""
        return self._texts[value]

    def _text(self, value: str) -> str:
        if _SIGN(value) and _MORE_THAN_WORDS(value):
            return _TOKEN.sub(lambda found: self._tokens[found.lastgroup, found[0]], value)
        pieces = _WORD.split(value)
        pieces[1::2] = [self._words[word] for word in pieces[1::2]]
        return "".join(pieces)

    def digits(self, value: str) -> str:
        """Other digits, as many; a number padded with zeros still is, and 0 and 1 stay."""
        if value == _ONE:
            return value
        checked = _CHECKED.get(len(value))
        if checked and checked(value[:-2]) == value[-2:] and value.strip("0"):
            return self._tax_id(value, checked)
        bare = value.lstrip("0")
        zeros = len(value) - len(bare)
        if zeros:
            if not bare:
                return value
            # Among few numbers, another's stand-in would be this one.
            if zeros > 1 and len(bare) < _FEW:
                zeros, bare = 1, value[1:]
        return "0" * zeros + self._drawn(bare, self._other_digits)

    def _other(self, kind: str | None, value: str) -> str:
        if kind == "date":
            return value
        if kind == "uuid":
            return self._drawn(value, self._other_hex)
        if kind in {"cnpj", "cpf"}:
            return self._written_tax_id(value, _cnpj if kind == "cnpj" else _cpf)
        if kind == "entity":
            return self._entity(value)
        return self._words[value]

    def _word(self, value: str) -> str:
        if value.isdecimal() and value.isascii():
            return self.digits(value)
        if value.isalpha():
            if len(value) == 1 or stays(fold(value)):
                return value
            lower = value.lower()
            if len(lower) != len(value):
                return self._drawn(value, self._other_letters)
            return _in_case_of(value, self._drawn(lower, self._other_letters))
        if len(value) == 14 and _cnpj(value[:-2]) == value[-2:]:  # noqa: PLR2004 -- a CNPJ's
            return self._tax_id(value, _cnpj)
        return self._drawn(value, self._other_letters)

    def _entity(self, value: str) -> str:
        """A letter written as HTML by its number is another; an accent's name may stay."""
        sign = html.unescape(value)
        if not value.startswith("&#") or len(sign) != 1 or not (sign.isalnum() and sign.isascii()):
            return value
        return f"&#{ord(self._drawn(sign * 2, self._other_letters)[0])};"

    # Tax ids

    def _written_tax_id(self, value: str, checked: Callable[[str], str]) -> str:
        bare = re.sub(r"\W", "", value)
        other = iter(
            self._tax_id(bare, checked) if checked(bare[:-2]) == bare[-2:] else self._word(bare)
        )
        return "".join(next(other) if sign.isalnum() else sign for sign in value)

    def _tax_id(self, bare: str, checked: Callable[[str], str]) -> str:
        root = self._drawn(bare[:-2], self._other_letters)
        return root + checked(root)

    # Drawing

    def _drawn(self, value: str, draw: Callable[[str], str]) -> str:
        """The stand-in for this, drawn when it is first needed and nobody else's."""
        known = self._of.get(value)
        if known is None:
            known = draw(value)
            for _ in range(_TRIES):
                if known != value and known not in self._taken and not self.is_word(known):
                    break
                known = draw(value)
            else:
                known = self._next_free(value)
            self._of[value] = known
            self._taken.add(known)
        return known

    def is_word(self, value: str) -> bool:
        """Whether it is one that says of which kind something is."""
        return value.isalpha() and (stays(fold(value)) or fold(value) in self._spoken)

    def _next_free(self, value: str) -> str:
        """Where chance finds none, as among numbers of one digit, the first that is free."""
        if value.isdecimal() and value.isascii():
            above = 10 ** len(value)
            for number in range(self._lowest.get(len(value), above // 10), above):
                if str(number) not in self._taken:
                    self._lowest[len(value)] = number + 1
                    return str(number)
        return self._other_letters(value)

    def _other_digits(self, value: str) -> str:
        least = 10 ** (len(value) - 1)
        if len(value) <= _DIGITS_AT_ONCE:
            return str(least + int(self._chance.random() * 9 * least))
        return str(self._chance.randrange(least, 10 * least))

    def _other_hex(self, value: str) -> str:
        letters = "abcdef" if value == value.lower() else "ABCDEF"
        choice = self._chance.choice
        return "".join(
            sign if sign == "-" else choice("0123456789" if sign.isdecimal() else letters)
            for sign in value
        )

    def _other_letters(self, value: str) -> str:
        if value.isascii() and value.isalpha() and value.islower():
            return "".join(self._chance.choices(_LOWER, k=len(value)))
        return "".join(map(self._other_sign, value))

    def _other_sign(self, sign: str) -> str:
        if sign.isascii() and sign.isdecimal():
            return sign if sign == "0" else self._chance.choice("123456789")
        if sign.isascii() or sign.lower() in _ACCENTED or "À" <= sign <= "ÿ":
            letter = self._chance.choice(_LOWER if sign.isascii() else _ACCENTED)
            return letter.upper() if sign.isupper() else letter
        block, kind = ord(sign) & ~0x1F, unicodedata.category(sign)
        alike = [
            one for one in map(chr, range(block, block + 32)) if unicodedata.category(one) == kind
        ]
        return self._chance.choice(alike)


def _in_case_of(model: str, letters: str) -> str:
    return "".join(
        letter.upper() if sign.isupper() and len(letter.upper()) == 1 else letter
        for sign, letter in zip(model, letters, strict=True)
    )


def _check_digits(root: str, weights: int) -> str:
    """The two check digits of a tax id; weights rise from 2 at its end, and after so many again."""
    values = [ord(sign) - ord("0") for sign in root]
    for _ in range(2):
        rest = sum(v * (2 + at % weights) for at, v in enumerate(reversed(values))) % 11
        values.append(0 if rest < 2 else 11 - rest)  # noqa: PLR2004 -- the authority's rule
    return "".join(map(str, values[-2:]))


_cnpj = partial(_check_digits, weights=8)
"""Those of a CNPJ's first twelve signs, letters among them or not."""
_cpf = partial(_check_digits, weights=10)
"""Those of a CPF's first nine digits."""
_CHECKED = {14: _cnpj, 11: _cpf}
"""How the last digits of numbers of that length follow from the others, if they are tax ids."""
