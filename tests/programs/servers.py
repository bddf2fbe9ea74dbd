"""Servers for the judge: started under strace and the preload, loaded from outside, ended by their
own means."""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

from harness import need, skip

FULL = os.environ.get("VMATRACE_FULL") == "1"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ask(*command, **options):
    return subprocess.run(command, capture_output=True, timeout=120, check=False, **options)


def wait_for(what, ready, seconds=60):
    """Until the server answers; a test that waits in vain fails."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.1)
    sys.exit(f"FAIL: {what} did not answer in {seconds} s")


def answers(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def must(done):
    if done.returncode:
        sys.exit(f"FAIL: {done.args}: status {done.returncode}, {done.stderr[-600:]!r}")


class Serving:
    """A server for the length of a with block; `end` asks it to go."""

    def __init__(self, what, process, end):
        self.what = what
        self.process = process
        self.end = end

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.end()
        try:
            _, err = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            sys.exit(f"FAIL: {self.what} did not end")
        if self.process.returncode:
            sys.exit(f"FAIL: {self.what}: status {self.process.returncode}, {err[-600:]!r}")


def redis(run):
    need("redis-server", "redis-benchmark", "redis-cli")
    port = str(free_port())
    # An allocator that gives back what it can at once makes calls instead of keeping memory.
    eager = {"MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0"}
    run.ring = "262144" if FULL else "32768"
    process = run.start(["redis-server", "--port", port, "--save", "", "--dir", run.bench.folder],
                        added=eager)
    with Serving("redis-server", process,
                 lambda: ask("redis-cli", "-p", port, "shutdown", "nosave")):
        wait_for("redis-server", lambda: ask("redis-cli", "-p", port, "ping").stdout == b"PONG\n")
        must(ask("redis-benchmark", "-p", port, "-n", "5000" if FULL else "1000", "-q", "-t",
                 "set,get,lpush,lrange_100,mset", "-d", "3000", "-r", "5000"))
        # A fork child that saves, then a thread that frees.
        must(ask("redis-cli", "-p", port, "bgsave"))
        wait_for("bgsave", lambda: b"rdb_bgsave_in_progress:0" in
                 ask("redis-cli", "-p", port, "info", "persistence").stdout)
        must(ask("redis-cli", "-p", port, "flushall", "async"))


def postgres_folder():
    """Where Debian keeps the server's programs, or where they are found anyway."""
    root = "/usr/lib/postgresql"
    versions = sorted(os.listdir(root)) if os.path.isdir(root) else []
    if versions:
        return os.path.join(root, versions[-1], "bin")
    need("postgres", "initdb", "pgbench")
    return os.path.dirname(shutil.which("postgres"))


PARALLEL = """set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0;
set min_parallel_table_scan_size = 0; set work_mem = '64MB'; select count(*) from
(select abalance, aid from pgbench_accounts order by filler, aid) as sorted"""


def postgres(run):
    programs = postgres_folder()
    owner = {}
    if os.getuid() == 0:
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            skip("there is no user postgres, and root may not run the server")
        owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chown(run.bench.folder, user.pw_uid, user.pw_gid)
    data = os.path.join(run.bench.folder, "data")
    must(ask(os.path.join(programs, "initdb"), "-D", data, "-A", "trust", "-U", "postgres", "-N",
             cwd=run.bench.folder, **owner))
    port = str(free_port())
    process = run.start([os.path.join(programs, "postgres"), "-D", data, "-p", port, "-k",
                         run.bench.folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
                        cwd=run.bench.folder, **owner)
    client = ["-h", "127.0.0.1", "-p", port, "-U", "postgres", "postgres"]

    def end():
        with open(os.path.join(data, "postmaster.pid"), encoding="ascii") as file:
            os.kill(int(file.readline()), signal.SIGINT)

    with Serving("postgres", process, end):
        wait_for("postgres", lambda: ask("psql", "-c", "select 1", *client).returncode == 0)
        pgbench = os.path.join(programs, "pgbench")
        must(ask(pgbench, "-i", "-q", "-s", "1", *client))
        must(ask(pgbench, "-c", "4", "-t", "500" if FULL else "50", *client))
        must(ask("psql", "-c", PARALLEL, *client))


NGINX = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    gzip on;
    gzip_types text/plain;
    gzip_min_length 1;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {folder}/www; default_type text/plain; }}
}}
"""


def nginx(run):
    need("nginx", "curl")
    folder, port = run.bench.folder, free_port()
    os.makedirs(os.path.join(folder, "www"))
    os.chmod(folder, 0o755)
    # Workers that root starts run as another user: their traces go where anyone may write.
    os.makedirs(run.bench.traces)
    os.chmod(run.bench.traces, 0o777)
    run.file("www/big", "some text\n" * 200_000)
    run.file("www/small", "small\n")
    configuration = run.file("nginx.conf", NGINX.format(folder=folder, port=port))
    process = run.start(["nginx", "-c", configuration, "-p", folder])

    def signal_master(number):
        with open(os.path.join(folder, "nginx.pid"), encoding="ascii") as file:
            os.kill(int(file.readline()), number)

    with Serving("nginx", process, lambda: signal_master(signal.SIGQUIT)):
        wait_for("nginx", lambda: answers(port))
        for i in range(200 if FULL else 20):
            for name in ("big", "small"):
                must(ask("curl", "-sf", "--compressed", "-o", "/dev/null",
                         f"http://127.0.0.1:{port}/{name}"))
            if i == 5:
                signal_master(signal.SIGHUP)  # new workers, the old ones end
