"""What the natures of accounts mean: COD_NAT of I050."""

from __future__ import annotations

from typing import Final

from erp_common.ledger.models import AccountType, StatedType

RESULT: Final = "04"
"""Revenue or expense: the file does not say which, and headings decide."""

NATURES: Final = {
    "01": StatedType(type=AccountType.ASSET),
    "02": StatedType(type=AccountType.LIABILITY),
    "03": StatedType(type=AccountType.EQUITY),
    RESULT: StatedType(result=True),
    "05": StatedType(off_balance=True),
    "09": StatedType(off_balance=True),
}
