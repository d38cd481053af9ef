"""The workers of a Dask cluster, over TLS where it has certificates."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from p300.errors import ConfigError, RunError
from p300.runs.pool import WorkerKilledError

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

ENCRYPTED = "tls://"
"""How the address of a scheduler begins that takes certificates."""

_FILES = {
    "ca_file": ("certificate of the authority", "--tls-ca-file", "distributed.comm.tls.ca-file"),
    "cert": ("client's certificate", "--tls-cert", "distributed.comm.tls.client.cert"),
    "key": ("client's private key", "--tls-key", "distributed.comm.tls.client.key"),
}

_NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "cannot convert to SSL")
"""What OpenSSL calls answers that are not of TLS, and Tornado those that come before it asked."""


def read_security(
    address: str | None,
    *,
    ca_file: Path | None = None,
    cert: Path | None = None,
    key: Path | None = None,
) -> Security | None:
    """Return what a client of a Dask scheduler shows and trusts, None where no file is given.

    Parameters
    ----------
    address
        Of the scheduler; None without one.
    ca_file, cert, key
        Certificate of the authority, the client's certificate, and its private key, in PEM. What is
        not given is taken from Dask's own configuration; the key may stand in the certificate's
        file.

    Raises
    ------
    ConfigError
        When files are given that no scheduler is to see, or that make no certificate.
    """
    given = {
        "tls_ca_file": ca_file,
        "tls_client_cert": cert,
        "tls_client_key": key,
    }
    files = {name: str(file) for name, file in given.items() if file is not None}
    if not files:
        return None
    if address is None:
        raise ConfigError(
            f"certificates {', '.join(files.values())} without --cluster found; they are for the "
            f"connection to a Dask scheduler, --cluster {ENCRYPTED}HOST:PORT"
        )
    # Said before the recordings are read, which may take long.
    security: Security = _import_dask(address).Security(require_encryption=True, **files)
    check_security(address, security)
    return security


def check_security(address: str, security: Security) -> None:
    """Refuse certificates that are missing, of no use, or for an address that takes none.

    Dask would tell of the first without a name, and wait at the terminal for a passphrase.

    Raises
    ------
    ConfigError
        Naming the file, and the option or setting that it comes from.
    """
    if not address.startswith(ENCRYPTED):
        if security.require_encryption:
            raise ConfigError(
                f"--cluster {address}: certificates are given or Dask's configuration requires "
                f"encryption, but this address has none; expected {ENCRYPTED}HOST:PORT, of a "
                "scheduler that was started with certificates"
            )
        return
    files: dict[str, str | None] = security.get_tls_config_for_role("client")
    for name, (what, option, setting) in _FILES.items():
        file = files[name]
        if file is None and name == "key":
            continue  # it stands in the certificate's file
        if file is None:
            raise ConfigError(
                f"--cluster {address}: no {what} given; name its file with {option}, or as "
                f"{setting} in Dask's configuration"
            )
        if "\n" not in file:  # else it is the content: Security.temporary()
            _check_file(Path(file), f"{what} ({option}, or {setting} in Dask's configuration)")
    try:
        security.get_connection_args("client")
    except (OSError, ValueError) as error:  # those of ssl are OSError
        listed = ", ".join(file for file in files.values() if file is not None and "\n" not in file)
        raise ConfigError(
            f"--cluster {address}: {listed or 'the given certificates'} cannot be used: {error}; "
            "expected the authority's certificate, the client's certificate and the private key "
            "that belongs to it, in PEM"
        ) from error


def _check_file(file: Path, what: str) -> None:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{file}: {error.strerror or error}; expected the {what}, a file in PEM"
        ) from error
    if b"ENCRYPTED" in content and b"PRIVATE KEY" in content:
        raise ConfigError(
            f"{file}: a key with a passphrase found, which Dask cannot ask for; expected the "
            f"{what} without one: openssl pkey -in {file} -out NEW.pem, readable for you alone"
        )


class ClusterWorkers:
    """The workers of a Dask cluster, each with one thread; as a context, while it is connected.

    Parameters
    ----------
    address
        Of the scheduler.
    security
        As Dask's client takes it; None is what Dask's configuration says.

    Raises
    ------
    ConfigError
        When Dask is not installed, or certificates are missing.
    RunError
        When no scheduler answers, or refuses the certificates; when workers have several threads.
    """

    def __init__(self, address: str, security: Security | None) -> None:
        self._dask = _import_dask(address)
        self._client = _connect(self._dask, address, security)
        threads = self._client.nthreads()
        if any(n != 1 for n in threads.values()):
            self._client.close()
            raise RunError(
                f"--cluster {address}: workers with {sorted(set(threads.values()))} threads found, "
                "expected one each; start them with --nthreads 1"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failed: object) -> None:
        self._client.close()

    @property
    def at_once(self) -> int:
        """As :attr:`p300.runs.pool.Processes.at_once`; here a call that is lost is known."""
        return 1

    def done(
        self, function: Callable[..., Any], calls: Iterable[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """Call a function again and again; see :meth:`p300.runs.pool.Processes.done`.

        Dask itself gives what a dead worker was at to others.

        Raises
        ------
        WorkerKilledError
            When workers died over one call again and again.
        """
        futures = {
            self._client.submit(function, *call, pure=False): k for k, call in enumerate(calls)
        }
        try:
            for future in self._dask.as_completed(list(futures)):
                yield futures[future], future.result()
        except self._dask.KilledWorker as error:
            killed = WorkerKilledError("workers were killed again and again")
            killed.call = futures[future]
            raise killed from error
        finally:
            self._client.cancel(list(futures))


def _import_dask(address: str) -> Any:
    try:
        import distributed
    except ImportError as error:
        raise ConfigError(
            f"--cluster {address}: Dask is not installed; pip install 'p300[cluster]'"
        ) from error
    return distributed


def _connect(distributed: Any, address: str, security: Security | None) -> Client:
    """Return a client that is connected; Dask waits distributed.comm.timeouts.connect, 30 s."""
    import dask.config

    # A loader of one's own makes the certificates as the client starts.
    if security is None and not dask.config.get("distributed.client.security-loader", None):
        security = distributed.Security()
    if security is not None:
        check_security(address, security)
    try:
        client: Client = distributed.Client(address, security=security)
    except (OSError, ValueError) as error:
        raise RunError(f"--cluster {address}: {_describe(error, address)}") from error
    return client


def _describe(error: Exception, address: str) -> str:
    """Say in words why no client of a scheduler came to be."""
    refusal = _refusal(error) or ""
    if any(word in f"{refusal} {error}" for word in _NOT_TLS):
        return (
            f"what answers there speaks no TLS ({refusal or error}); expected a scheduler that was "
            "started with certificates (--protocol tls); of one without, the address is "
            "tcp://HOST:PORT"
        )
    if not refusal:
        hint = f"; of a scheduler with certificates the address is {ENCRYPTED}HOST:PORT"
        return f"no Dask scheduler answers there: {error}{hint * (ENCRYPTED not in address)}"
    return (
        f"scheduler and client do not trust each other's certificates: {refusal}; expected one "
        "authority (--tls-ca-file) that signed those of both, none of them expired"
    )


def _refusal(error: BaseException | None) -> str | None:
    """Return what TLS says of a connection that it refused; None where it is not to blame."""
    while error is not None:
        if isinstance(error, ssl.SSLError) or "SSLError" in str(error):  # Dask has some in words
            return str(error)
        error = error.__cause__ or error.__context__
    return None
