"""`python -m erp_common.replay FILE.zip`: serve a capture, show it, or run its tap against it."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import click

from erp_common.errors import ERPValidationError
from erp_common.replay import again, archive, keeping, shown
from erp_common.replay.deck import Deck
from erp_common.replay.server import serving


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--show", is_flag=True, help="Print what the capture holds, to be read.")
@click.option("--whole", is_flag=True, help="With --show: bodies and messages to their end.")
@click.option("--run", is_flag=True, help="Run the tap against the capture, without a network.")
@click.option("--expect", is_flag=True, help="Run it, and keep its messages in the capture.")
@click.option("--config", is_flag=True, help="Print the settings for a tap, and serve.")
@click.option("--port", default=0, help="Where to serve; a free port by default.")
def main(
    file: Path, *, show: bool, whole: bool, run: bool, expect: bool, config: bool, port: int
) -> None:
    """Serve FILE, a capture, over TLS on the loopback until it is ended (Ctrl+C)."""
    capture = archive.read(file)
    if show:
        for line in shown.lines(capture, whole=whole):
            click.echo(line)
        return
    if expect:
        expected = keeping.expect(file).expected
        click.echo("nothing came of it" if expected is None else f"exit status {expected.status}")
        return
    if run:
        again.run(capture)
    with serving(Deck(capture), port) as served:
        where = {"base_url": served.base_url, "ca_bundle": served.ca_bundle}
        if config:
            where = again.settings_of(
                capture.manifest, served.base_url, served.token_url, ca_bundle=served.ca_bundle
            )
        click.echo(json.dumps(where, default=str))
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except ERPValidationError as error:
        sys.exit(f"ERPValidationError: {error}")
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
