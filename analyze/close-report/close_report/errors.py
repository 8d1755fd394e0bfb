"""What can go wrong, in one sentence for whoever runs the command."""


class CloseReportError(Exception):
    """Something is missing, unreachable or wrong; the text says what to do."""


class SignatureRefusedError(CloseReportError):
    """The period is not fit to be signed; `--anyway` signs it with that said beside it."""
