"""PostgreSQL views over the loaded streams: the current state of every period.

`current_trial_balance`, `current_subledger` and `current_validation_issues` leave out the rows that
the ERP has deleted since they were loaded; `periods` needs no view, its rows are always current.
"""

from __future__ import annotations

from importlib import resources


def create_views(schema: str) -> str:
    """SQL statements that create, or renew, the views beside the tables in `schema`.

    They are one transaction, and the connection's search path is as before when it ends.
    """
    quoted = '"' + schema.replace('"', '""') + '"'
    statements = resources.files(__package__).joinpath("views.sql").read_text(encoding="utf-8")
    return f"begin;\nset local search_path to {quoted};\n\n{statements}\ncommit;\n"
