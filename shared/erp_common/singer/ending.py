"""How a run that somebody ends says so."""

from __future__ import annotations


class Terminated(SystemExit):
    """The process was asked to end; raised so that no message is cut in two."""

    def __init__(
        self,
        signum: int,
        sentence: str = "The run was ended from outside; run again to go on from the last state.",
    ) -> None:
        """End with the status that a shell reports for this signal, and this sentence."""
        self.status = 128 + signum
        self.sentence = sentence
        super().__init__(self.status)
