# ClickHouse in this process (the package chdb) behind as much of its HTTP interface as the client needs: queries, inserts, settings, errors.
# One statement at a time. Ends when its input ends. Usage: clickhouse.py FOLDER; prints the port.
import gzip, os, re, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit
from chdb import session

engine = session.Session(sys.argv[1])
lock = threading.Lock()
NOT_SETTINGS = {"query", "database", "default_format", "query_id", "session_id", "wait_end_of_query", "role", "user", "password"}

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            parts = []
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                parts.append(self.rfile.read(size))
                self.rfile.readline()
                if size == 0:
                    break
            data = b"".join(parts)
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

    def answer(self, status, data, more=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in more:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        text = asked.get("query", "") + "\n" + self.body().decode("utf8")
        given = self.headers.get("Authorization", "")
        if given and given != os.environ["AUTHORIZATION"]:
            return self.answer(403, b"Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)")
        format_name = asked.get("default_format", "TabSeparated")
        found = re.search(r"\sFORMAT\s+(\w+)\s*$", text)
        if found:
            format_name, text = found.group(1), text[: found.start()]
        settings = {name: value for name, value in asked.items() if name not in NOT_SETTINGS and not name.startswith("param_")}
        try:
            with lock:
                for name, value in settings.items():
                    engine.query("SET %s = '%s'" % (name, value.replace("'", "\\'")))
                result = engine.query(text, format_name)
                for name in settings:
                    engine.query("SET %s = DEFAULT" % name)
                data = bytes(result.bytes() or b"") if result is not None else b""
            self.answer(200, data, (("X-ClickHouse-Format", format_name),))
        except Exception as error:
            self.answer(400, str(error).encode())

    do_GET = do_POST

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)
