"""A cluster with certificates: the same scores, and nobody without one gets in."""

from __future__ import annotations

import gc
import re
import shutil
import subprocess
import time
import warnings
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from p300.commands.main import app
from p300.errors import ConfigError, RunError
from p300.runs import RunFolder
from p300.runs.cluster import ClusterWorkers, read_security
from p300.runs.config import parse_experiment
from p300.runs.runner import score_folds

distributed = pytest.importorskip("distributed")
dask_config = pytest.importorskip("dask.config")

DOCS = Path(__file__).resolve().parents[2] / "docs" / "runs.md"
CONFIG = """
name: small
datasets: {simulated: {source: simulated, n_subjects: 3, characters_per_run: 2, repetitions: 3}}
detectors: {slda: {}}
protocols: {cross_subject: {}}
"""
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # see sockets_of_dask
    pytest.mark.usefixtures("sockets_of_dask"),
    pytest.mark.filterwarnings("ignore:.*calibration slope"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates"),
]


@pytest.fixture
def sockets_of_dask():
    """Let Dask leave the sockets of connections that were refused to the garbage collector."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def certificates(folder: Path) -> Path:
    """Make an authority and a certificate by the commands of the documentation."""
    (commands,) = re.findall(r"^```sh\n(umask 077\n.*?)^```$", DOCS.read_text(), re.M | re.S)
    folder.mkdir()
    commands = commands.replace("rsa:3072", "rsa:2048")  # seconds, on a busy machine
    done = subprocess.run(["sh", "-ec", commands], cwd=folder, capture_output=True, text=True)
    if "unknown option" in done.stderr.lower():
        pytest.skip("the documentation's commands need OpenSSL 3")
    assert done.returncode == 0, done.stderr
    assert (folder / "key.pem").stat().st_mode & 0o077 == 0
    return folder


@pytest.fixture(scope="module")
def ours(tmp_path_factory) -> Path:
    return certificates(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory) -> Path:
    return certificates(tmp_path_factory.mktemp("tls") / "theirs")


def files(ca: Path, own: Path) -> dict[str, Path]:
    return {"ca_file": ca / "ca.pem", "cert": own / "cert.pem", "key": own / "key.pem"}


def options(ca: Path, own: Path) -> list[str]:
    given = files(ca, own)
    return [
        *("--tls-ca-file", str(given["ca_file"])),
        *("--tls-cert", str(given["cert"])),
        *("--tls-key", str(given["key"])),
    ]


def server(folder: Path):
    """What scheduler and workers show and trust."""
    roles = {
        f"tls_{role}_{kind}": str(folder / f"{kind}.pem")
        for role in ("scheduler", "worker", "client")
        for kind in ("cert", "key")
    }
    return distributed.Security(
        require_encryption=True, tls_ca_file=str(folder / "ca.pem"), **roles
    )


@pytest.fixture(scope="module")
def address(ours):
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0",
        security=server(ours),
    ) as cluster:  # fmt: skip
        assert cluster.scheduler_address.startswith("tls://")
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def plain_address():
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    run = score_folds(parse_experiment(CONFIG), tmp_path_factory.mktemp("run") / "alone")
    return pd.read_parquet(run / "scores.parquet")


def command(folder: Path, address: str | None, *given: str):
    """Evaluate the experiment from the command line."""
    config = folder / "small.yaml"
    config.write_text(CONFIG)
    to = ["--cluster", address] if address else []
    arguments = ["evaluate", str(config), "--out", str(folder / "run"), *to, *given]
    return CliRunner().invoke(app, arguments)


def same_scores(run: Path, alone) -> None:
    scores = pd.read_parquet(run / "scores.parquet")
    pd.testing.assert_frame_equal(scores, alone, check_exact=True)


def test_scores_over_tls_are_those_of_one_process(address, ours, alone, tmp_path):
    done = command(tmp_path, address, *options(ours, ours))
    assert done.exit_code == 0, done.output
    same_scores(tmp_path / "run", alone)
    assert RunFolder(tmp_path / "run").manifest()["jobs"] == address


def test_a_script_gives_the_security_of_its_cluster(address, ours, alone, tmp_path):
    run = score_folds(
        parse_experiment(CONFIG), tmp_path / "run", cluster=address, security=server(ours)
    )
    same_scores(run, alone)


def test_the_configuration_of_dask_is_enough(address, ours, alone, tmp_path):
    given = files(ours, ours)
    comm = "distributed.comm"
    with dask_config.set(
        {
            f"{comm}.tls.ca-file": str(given["ca_file"]),
            f"{comm}.tls.client.cert": str(given["cert"]),
            f"{comm}.tls.client.key": str(given["key"]),
        }
    ):
        run = score_folds(parse_experiment(CONFIG), tmp_path / "run", cluster=address)
    same_scores(run, alone)


def done_on(address, security):
    """Call something on a cluster."""
    with ClusterWorkers(address, security) as workers:
        return dict(workers.done(divmod, [(7, 2)]))


def refused(address, security) -> tuple[str, float]:
    """Return the error of a client, and the seconds that it took."""
    begin = time.monotonic()
    with pytest.raises(RunError) as caught:
        done_on(address, security)
    return str(caught.value), time.monotonic() - begin


@pytest.mark.parametrize("who", ["client", "scheduler"])
def test_a_certificate_of_another_authority_is_refused_at_once(address, ours, theirs, who):
    given = files(ours, theirs) if who == "client" else files(theirs, ours)
    said, seconds = refused(address, read_security(address, **given))
    assert said.startswith(f"--cluster {address}: scheduler and client do not trust each other's")
    assert "expected one authority (--tls-ca-file) that signed those of both" in said
    assert seconds < 20


def test_without_a_certificate_the_options_are_named(address, tmp_path):
    with pytest.raises(ConfigError, match=r"no certificate of the authority given.*--tls-ca-file"):
        done_on(address, None)


def test_a_scheduler_with_certificates_hears_nothing_over_tcp(address):
    said, seconds = refused(address.replace("tls://", "tcp://"), None)
    assert "of a scheduler with certificates the address is tls://HOST:PORT" in said
    assert seconds < 20


def test_a_scheduler_without_certificates_is_told_in_time(plain_address, ours):
    wrong = plain_address.replace("tcp://", "tls://")
    with dask_config.set({"distributed.comm.timeouts.connect": "2s"}):
        said, seconds = refused(wrong, read_security(wrong, **files(ours, ours)))
    # In two of three ways it tells at once; else it is the time that runs out.
    told = said.removeprefix(f"--cluster {wrong}: ")
    assert told.startswith(("what answers there speaks no TLS", "no Dask scheduler answers there"))
    assert seconds < 20


def test_nobody_who_answers_is_told_in_time(ours):
    wrong = "tls://127.0.0.1:1"
    with dask_config.set({"distributed.comm.timeouts.connect": "1s"}):
        said, seconds = refused(wrong, read_security(wrong, **files(ours, ours)))
    assert said.startswith(f"--cluster {wrong}: no Dask scheduler answers there")
    assert seconds < 20


@pytest.mark.parametrize("name", ["tcp://here:8786", "here:8786"])
def test_certificates_want_an_address_that_takes_them(ours, tmp_path, name):
    done = command(tmp_path, name, *options(ours, ours))
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    assert f"--cluster {name}: certificates are given" in said
    assert "expected tls://HOST:PORT" in said
    assert not (tmp_path / "run").exists()


def test_a_loader_of_certificates_in_the_configuration_is_asked(address, ours, monkeypatch):
    """As Dask's own client does where an address is given and no certificate."""
    monkeypatch.setattr(distributed, "ours_for_p300", lambda info: server(ours), raising=False)
    with dask_config.set({"distributed.client.security-loader": "distributed.ours_for_p300"}):
        assert done_on(address, None) == {0: (3, 1)}


def test_certificates_want_a_cluster(ours, tmp_path):
    done = command(tmp_path, None, *options(ours, ours))
    assert done.exit_code == 1
    assert "without --cluster found" in " ".join(done.output.split())


@pytest.mark.parametrize("name", ["ca_file", "cert", "key"])
def test_a_missing_file_is_named(ours, tmp_path, name):
    given = {**files(ours, ours), name: tmp_path / "none.pem"}
    option = f"--tls-{name.replace('_', '-')}"
    with pytest.raises(ConfigError, match=rf"none\.pem: No such file.*\({option}, or distributed"):
        read_security("tls://here:8786", **given)


def test_files_that_make_no_certificate_are_named(ours, theirs, tmp_path):
    (tmp_path / "text.pem").write_text("no certificate")
    for name, file in (
        ("ca_file", tmp_path / "text.pem"),
        ("cert", tmp_path / "text.pem"),
        ("key", theirs / "key.pem"),  # that of another certificate
    ):
        with pytest.raises(ConfigError, match=rf"{re.escape(str(file))}.* cannot be used"):
            read_security("tls://here:8786", **{**files(ours, ours), name: file})


def test_nobody_is_asked_for_a_passphrase(ours, tmp_path):
    locked = tmp_path / "locked.pem"
    subprocess.run(
        ["openssl", "pkey", "-in", ours / "key.pem", "-aes256", "-passout", "pass:secret",
         "-out", locked], check=True, capture_output=True,
    )  # fmt: skip
    with pytest.raises(ConfigError, match=r"locked\.pem: a key with a passphrase found"):
        read_security("tls://here:8786", **{**files(ours, ours), "key": locked})


def test_the_key_may_stand_in_the_certificates_file(address, ours, tmp_path):
    both = tmp_path / "both.pem"
    both.write_text((ours / "cert.pem").read_text() + (ours / "key.pem").read_text())
    security = read_security(address, ca_file=ours / "ca.pem", cert=both)
    assert done_on(address, security) == {0: (3, 1)}
