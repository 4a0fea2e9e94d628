"""An address that hears of runs: a real socket that answers as it is told and keeps what came."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hearing:
    """`answers` are given in turn, the last one again and again; `heard` is (path, headers, body) of each request."""

    def __init__(self):
        self.heard, self.answers, self.extra = [], [200], {}
        self.body, self.wait = b"thanks", threading.Event()
        self.wait.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.heard.append((self.path, dict(self.headers), body))
                outer.wait.wait(30)
                self.send_response(outer.answers[min(len(outer.heard), len(outer.answers)) - 1])
                for name, value in outer.extra.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.wait.set()
        self.server.shutdown()
        self.server.server_close()
