"""What of a checked ledger is emitted; the control totals stay those of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from erp_common.errors import ERPValidationError
from erp_common.ledger.fields import known_parts, texts
from erp_common.ledger.models import AccountBalance, AccountType, Posting
from erp_common.ledger.normalize import account_type, text
from erp_common.ledger.vocabulary import flag_of
from erp_common.setting import Positive, setting


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """The setting `filters`: what is set cuts, what is not lets everything through."""

    account_types: Annotated[
        frozenset[AccountType] | None,
        setting(
            "Account types",
            "Only accounts of these types (trial_balance)",
            # In Portuguese as well: more texts are understood than there are types.
            schema={"items": {"type": ["string"]}},
        ),
    ] = None
    include_zero_balances: Annotated[
        bool,
        setting(
            "Include zero balances",
            "Whether accounts without balance and movement are emitted (trial_balance)",
        ),
    ] = True
    level: Annotated[
        Positive | None,
        setting("Level", "Only accounts of this level, 1 being the root (trial_balance)"),
    ] = None
    document_types: Annotated[
        frozenset[str] | None,
        setting("Document types", "Only postings of these document types (subledger)"),
    ] = None
    cost_center: Annotated[
        str | None, setting("Cost center", "Only postings of this cost center (subledger)")
    ] = None

    @classmethod
    def parse(cls, settings: Mapping[str, Any] | None) -> Filters:
        """Read the setting; an empty list or text is the same as none.

        Raises:
            ERPValidationError: If a filter is unknown or its value makes no sense.
        """
        given = known_parts(settings, cls, "filters")
        keeps_zero = given.get("include_zero_balances")
        return cls(
            account_types=_types(given.get("account_types")),
            include_zero_balances=(
                cls().include_zero_balances if keeps_zero is None else _yes_or_no(keeps_zero)
            ),
            level=_level(given.get("level")),
            document_types=_words(given.get("document_types"), "filters.document_types"),
            cost_center=text(given.get("cost_center"), "filters.cost_center"),
        )

    def keeps_account(self, account: AccountBalance) -> bool:
        """Whether the account's row is emitted in `trial_balance`."""
        return (
            (self.account_types is None or account.account_type in self.account_types)
            and (self.level is None or account.level == self.level)
            and (self.include_zero_balances or not account.is_zero)
        )

    @property
    def cut_postings(self) -> bool:
        """Whether any posting may be left out."""
        return self.document_types is not None or self.cost_center is not None

    def keep_postings(self, postings: list[Posting]) -> list[Posting]:
        """The postings whose rows are emitted in `subledger`; the same list if no filter is set."""
        types, center = self.document_types, self.cost_center
        if types is not None:
            postings = [one for one in postings if one.document_type in types]
        if center is not None:
            postings = [one for one in postings if one.cost_center == center]
        return postings


def _types(value: object) -> frozenset[AccountType] | None:
    words = _words(value, "filters.account_types")
    if words is None:
        return None
    types = {word: account_type(word) for word in words}
    unknown = sorted(word for word, kind in types.items() if kind is None)
    if unknown:
        raise ERPValidationError(
            f"filters.account_types has {', '.join(unknown)}; there are "
            f"{', '.join(kind.value for kind in AccountType)}"
        )
    return frozenset(kind for kind in types.values() if kind is not None)


def _words(value: object, field: str) -> frozenset[str] | None:
    return frozenset(texts(value, field)) or None


def _level(value: object) -> int | None:
    if value is None:
        return None
    written = text(value, "filters.level")
    if written is None or not written.isdecimal() or int(written) < 1:
        raise ERPValidationError("filters.level must be a whole number from 1")
    return int(written)


def _yes_or_no(value: object) -> bool:
    answer = value if isinstance(value, bool) else flag_of(text(value, "filters") or "")
    if answer is None:
        raise ERPValidationError("filters.include_zero_balances must be true or false")
    return answer
