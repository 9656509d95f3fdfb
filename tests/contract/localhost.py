#!/usr/bin/env python3
"""`localhost`, and every name below it, is this machine without asking anybody (RFC 6761, 6.3): where the server listens,
what it is told it may reach, and whom it tells. Where this may be done, on a system whose /etc/hosts is empty."""
import http.server
import os
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.environ["PYTHONPATH"])
import server  # noqa: E402
from server import Report, Server  # noqa: E402

report = Report()
came = queue.Queue()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        came.put(self.headers["Host"])
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
port = receiver.server_address[1]

without = tempfile.NamedTemporaryFile("w", suffix=".sh", delete=False)
without.write(f'#!/bin/sh\nexec unshare -m sh -c \'mount --bind /dev/null /etc/hosts && exec "$0" "$@"\' "{server.program}" "$@"\n')
without.close()
os.chmod(without.name, 0o755)
if subprocess.run([without.name, "help"], capture_output=True).returncode == 0:
    server.program = without.name
else:
    report.skip("with an empty /etc/hosts", "no mounts of one's own here")

api = "/dortmund/ngsi-ld/v1"
with Server(("--anonymous", "admin", "--address", "localhost"), "allow_private_addresses: [localhost]\n") as s:
    report.check("a server listens at localhost", s.call("GET", "/healthz").status == 200)
    for n, host in enumerate(("localhost", "city.localhost", "LOCALHOST.")):
        uri = f"http://{host}:{port}/"
        a = s.call("POST", f"{api}/subscriptions", {"type": "Subscription", "entities": [{"type": "Bell"}],
                                                    "notification": {"endpoint": {"uri": uri, "accept": "application/json"}}})
        report.check(f"a subscription to {host} is taken", a.status == 201, a)
        s.call("POST", f"{api}/entities", {"id": f"urn:ngsi-ld:Bell:{n}", "type": "Bell", "rings": {"type": "Property", "value": 1}})
        try:
            seen = came.get(timeout=20)
        except queue.Empty:
            seen = s.call("GET", a.headers["Location"]).json()
        report.check(f"and is told of a change at {host}", isinstance(seen, str) and host.lower() in seen.lower(), seen)
        s.call("DELETE", a.headers["Location"])
with Server(("--anonymous", "admin"), "") as s:
    a = s.call("POST", f"{api}/subscriptions", {"type": "Subscription", "entities": [{"type": "Bell"}],
                                                "notification": {"endpoint": {"uri": f"http://city.localhost:{port}/", "accept": "application/json"}}})
    s.call("POST", f"{api}/entities", {"id": "urn:ngsi-ld:Bell:2", "type": "Bell", "rings": {"type": "Property", "value": 1}})
    for _ in range(100):
        told = s.call("GET", a.headers["Location"]).json()["notification"] if a.status == 201 else {"lastError": "private networks"}
        if told.get("lastError"):
            break
        threading.Event().wait(0.1)
    report.check("without permission nothing below localhost is reached", "private networks" in told.get("lastError", "") and came.empty(), told)
os.unlink(without.name)
report.finish()
