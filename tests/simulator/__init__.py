"""The four ERPs over HTTPS, as the vendors describe them.

The simulator stands for the vendors' servers in every test. It shares no code with the taps: the
books it serves are the independent truth that their output is compared with::

    from datetime import date
    from simulator import Books, Simulator, faults

    books = Books.generate(companies=2, start=date(2024, 1, 1), end=date(2024, 6, 30))
    with Simulator(books) as sim:
        settings = {
            "base_url": sim.base_url("omie"),
            "ca_bundle": sim.ca_bundle,
            **sim.credentials("omie"),
            "companies": [{"id": company.id} for company in books.companies],
        }
        ...                                                         # run the tap
        books.company.trial_balance(date(2024, 1, 1), date(2024, 1, 31))   # what it must have said

        sim.faults.add(faults.status(503), endpoint="ListarMovimentos", nth=3, times=2)
        sim.latency = 0.3
        sim.limits.real()
        books.company.edit_line(entry_id, 0, debit=Decimal("1.00"))
        sim.requests.count("omie", "ListarBalancete")

As a server of its own: `python -m simulator --preset demo`.
"""

from simulator import faults
from simulator.books import PRESETS, Books
from simulator.company import Company
from simulator.limits import Limit
from simulator.model import Account, BalanceRow, Entity, Entry, Line, Posting
from simulator.requestlog import LoggedRequest
from simulator.server import Simulator, SimulatorError

__all__ = [
    "PRESETS",
    "Account",
    "BalanceRow",
    "Books",
    "Company",
    "Entity",
    "Entry",
    "Limit",
    "Line",
    "LoggedRequest",
    "Posting",
    "Simulator",
    "SimulatorError",
    "faults",
]
