"""For the tests that look from outside: a server in a data directory of its own, and a report that counts.
DOS: the program (build/dos). Only Python's own library, so that nothing has to be installed."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

root = pathlib.Path(__file__).resolve().parent.parent
program = os.environ.get("DOS", str(root / "build" / "dos"))


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Server:
    """`with Server() as s: s.call("GET", "/healthz")`. It keeps its port and its data over `kill` and `start`."""

    def __init__(self, options=("--anonymous", "admin"), config="", data=None):
        self.folder = tempfile.mkdtemp(prefix="dos-test-")
        self.data = data or os.path.join(self.folder, "data")
        self.config = os.path.join(self.folder, "config.yaml")
        pathlib.Path(self.config).write_text(config or "{}\n")
        self.log = os.path.join(self.folder, "log")
        self.options = list(options)
        self.port = 0
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def launch(self):
        """Starts the program without waiting; answers where its log begins."""
        with open(self.log, "ab") as log, open(self.log + ".out", "ab") as out:
            began = log.tell()
            self.process = subprocess.Popen(
                [program, "serve", "--data", self.data, "--port", str(self.port), "--config", self.config, *self.options],
                stdout=out, stderr=log, env={**os.environ, "DOS_HOME": str(root)})
        return began

    def start(self, patience_s=60):
        began = self.launch()
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline and self.process.poll() is None:
            for line in pathlib.Path(self.log).read_bytes()[began:].splitlines():
                if b'"message":"serving"' in line and line.endswith(b"}"):
                    self.port = json.loads(line)["port"]
                    return self
            time.sleep(0.01)
        raise RuntimeError("the server did not start: " + self.tail())

    @property
    def mqtt_port(self):
        return self.mqtt_ports()["port"]

    def mqtt_ports(self):
        """Of the listener: port, tls_port. The server was started with --mqtt-port 0 or configured so."""
        lines = [line for line in pathlib.Path(self.log).read_text().splitlines() if '"message":"listening for MQTT"' in line]
        return json.loads(lines[-1])

    def tail(self):
        return pathlib.Path(self.log).read_text(errors="replace")[-2000:]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            said = self.tail()
            self.kill()
            raise RuntimeError("the server did not end within 30 s: " + said)
        self.process = None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def token(self, city="*", role="admin", name="test", brings=""):
        more = ["--brings", brings] if brings else []
        return subprocess.run([program, "token", "--data", self.data, "--city", city, "--role", role, "--name", name, *more],
                              check=True, capture_output=True, text=True).stdout.strip()

    def call(self, method, path, body=None, headers=None, timeout=30):
        """`body`: bytes as they are, anything else as JSON."""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            return ask(c, method, path, body, headers)
        finally:
            c.close()


def ask(connection, method, path, body=None, headers=None):
    """One request on a connection that stays open."""
    sent = {}
    if body is not None:
        sent["Content-Type"] = "application/json"
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
    connection.request(method, path, body, {**sent, **(headers or {})})
    r = connection.getresponse()
    return Answer(r.status, r.headers, r.read())


class Report:
    """Counts; a failure is printed with what was seen instead."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()

    def check(self, sentence, truth, seen=""):
        with self.lock:
            if truth:
                self.passed += 1
            else:
                self.failed += 1
                print(f"FAILED: {sentence}\n        {seen}", flush=True)
        return bool(truth)

    def skip(self, sentence, reason):
        self.skipped += 1
        print(f"skipped: {sentence}: {reason}", flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else ""))
        sys.exit(1 if self.failed else 0)
