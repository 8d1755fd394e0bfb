"""What each finding is called on the page, and what to do about it."""

from __future__ import annotations

from typing import Final, NamedTuple

from close_report.language import N_, Language


class Advice(NamedTuple):
    """A finding in words."""

    title: str
    todo: str


_KNOWN: Final = {
    "UNBALANCED_TRIAL_BALANCE": Advice(
        N_("The trial balance does not balance"),
        N_(
            "Look for an account that is missing in the ERP's answer or flagged wrongly; put the "
            "other findings of this period right first."
        ),
    ),
    "UNBALANCED_ENTRY": Advice(
        N_("A journal entry does not balance"), N_("Correct the entry in the ERP.")
    ),
    "BALANCE_EQUATION": Advice(
        N_("Opening plus movement is not the closing balance"),
        N_("Have the ERP recalculate its balances (in Protheus: reprocessing)."),
    ),
    "ORPHAN_ACCOUNT": Advice(
        N_("An account's parent does not exist"), N_("Correct the parent in the chart of accounts.")
    ),
    "SUMMARY_MISMATCH": Advice(
        N_("A summary account is unlike the sum of its accounts"),
        N_(
            "Look for an account below it that is missing or has another parent; have the ERP "
            "recalculate its balances."
        ),
    ),
    "DUPLICATE_ACCOUNT": Advice(
        N_("An account code comes twice"),
        N_("Ask the ERP for one company at a time, or correct the chart of accounts."),
    ),
    "POSTING_ON_SUMMARY": Advice(
        N_("A summary account was posted on"),
        N_("Move the postings to an analytic account, or correct the account's class."),
    ),
    "BALANCE_ON_SUMMARY": Advice(
        N_("A summary account holds a balance of its own"),
        N_("Move the balance to an analytic account."),
    ),
    "OUT_OF_PERIOD": Advice(
        N_("A posting is dated outside the period"),
        N_("Correct its date in the ERP, or reopen the period it belongs to."),
    ),
    "ACCOUNT_NOT_IN_CHART": Advice(
        N_("An account is used but not in the chart"),
        N_("Add it to the chart of accounts, or correct the postings."),
    ),
    "OPENING_ASSUMED_ZERO": Advice(
        N_("The ledger starts from nothing"),
        N_("Set opening_balances_from to the day the books begin."),
    ),
    "UNKNOWN_ACCOUNT_TYPE": Advice(
        N_("Nothing says what the account is"),
        N_("Set account_type_prefixes, or the type in the ERP."),
    ),
    "ASSUMED_ACCOUNT_TYPE": Advice(
        N_("The account's type was guessed"), N_("Set account_type_prefixes to settle it.")
    ),
    "ACCOUNT_CLASS_INVERTED": Advice(
        N_("The summary flag contradicts the hierarchy"),
        N_("Correct the account's class (synthetic, analytic) in the ERP."),
    ),
    "NO_HIERARCHY": Advice(
        N_("No account has one above it"), N_("Have the ERP state the accounts' parents.")
    ),
    "INVALID_RECORD": Advice(
        N_("A row of the ERP cannot be read"),
        N_("Correct the row in the ERP; it is missing from these figures."),
    ),
    "SUBLEDGER_MISMATCH": Advice(
        N_("Postings and trial balance differ"),
        N_(
            "Read the period again; if it stays, postings are missing or the ERP's balances need "
            "recalculation."
        ),
    ),
    "CONTINUITY_BREAK": Advice(
        N_("An account opens unlike it closed the period before"),
        N_(
            "An earlier period was changed: read it again, with a longer lookback or a full "
            "refresh."
        ),
    ),
    "ROW_COUNT_MISMATCH": Advice(
        N_("Fewer rows came than the ERP announced"),
        N_("Run again; if it stays, ask the ERP's support."),
    ),
    "CLOSED_PERIOD_CHANGED": Advice(
        N_("A closed period has changed"),
        N_("See what changed, ask who changed it and why, and sign again."),
    ),
    "DUPLICATE_ENTRY": Advice(
        N_("An entry came twice in a listing"), N_("Run again while nobody keys in.")
    ),
    "UNKNOWN_SITUATION": Advice(
        N_("A document is in a state that is not known"),
        N_("It is not in these figures: look at the document in the ERP."),
    ),
    "MISSING_CATEGORY": Advice(
        N_("A movement of money has no category"), N_("Give it a category in the ERP.")
    ),
    "SPLIT_NOT_MATCHED": Advice(
        N_("A split matches no movement"), N_("Look at the document's settlement in the ERP.")
    ),
    "EMPTY_LEDGER": Advice(
        N_("The period has no account"),
        N_(
            "Nothing, if the company had not begun; else check the company and its rights in the "
            "ERP."
        ),
    ),
}
_OTHER: Final = Advice("", N_("Read the message, and correct it where the ERP keeps it."))


def advice(code: str, language: Language) -> Advice:
    """What a finding is called, and what to do; an unknown code is its own name."""
    known = _KNOWN.get(code)
    if known is None:
        return Advice(code, language(_OTHER.todo))
    return Advice(language(known.title), language(known.todo))
