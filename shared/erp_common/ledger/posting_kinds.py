"""What kind of entry a posting belongs to, where the ERP does not say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec

from erp_common.ledger.fields import known_parts, texts
from erp_common.ledger.models import Posting, PostingKind
from erp_common.setting import setting


class ClosingEntries(msgspec.Struct, frozen=True, kw_only=True):
    """The setting `closing_entries`: the marks of entries that zero the result accounts.

    A posting with either mark is one of them; where any mark is set, those without are normal.
    """

    document_types: Annotated[
        frozenset[str],
        setting("Document types", "Document types of closing entries, compared as written"),
    ] = frozenset()
    description_prefixes: Annotated[
        tuple[str, ...],
        setting(
            "Description prefixes",
            "How descriptions of closing entries begin; upper and lower case are the same",
        ),
    ] = ()

    @classmethod
    def parse(cls, settings: Mapping[str, Any] | None) -> ClosingEntries:
        """Read the setting.

        Raises:
            ERPValidationError: If a mark is unknown or is no list of texts.
        """
        given = known_parts(settings, cls, "closing_entries")
        types, prefixes = (
            texts(given.get(name), f"closing_entries.{name}")
            for name in ("document_types", "description_prefixes")
        )
        return cls(
            document_types=frozenset(types),
            description_prefixes=tuple(prefix.casefold() for prefix in prefixes),
        )

    def __bool__(self) -> bool:
        """Whether any mark is set."""
        return bool(self.document_types or self.description_prefixes)

    def mark(self, postings: Iterable[Posting]) -> None:
        """Say of each posting what kind it is, as far as the ERP or a mark tells."""
        if not self:
            return
        for posting in postings:
            if posting.posting_kind is not PostingKind.LATE and self._is_closing(posting):
                posting.posting_kind = PostingKind.CLOSING
            elif posting.posting_kind is None:
                posting.posting_kind = PostingKind.NORMAL

    def _is_closing(self, posting: Posting) -> bool:
        return posting.document_type in self.document_types or (
            bool(self.description_prefixes)
            and (posting.description or "").casefold().startswith(self.description_prefixes)
        )
