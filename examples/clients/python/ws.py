"""A WebSocket client (RFC 6455) with the standard library alone: text messages and pings, over a unix socket
or TCP, with a token. No TLS, no extensions."""
import base64, hashlib, json, os, select, socket, struct, threading
from urllib.parse import urlsplit

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Closed(ConnectionError):
    """The other end said goodbye. code: why; retry: seconds that it asks to wait."""

    def __init__(self, payload):
        self.code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
        reason = payload[2:].decode(errors="replace")
        super().__init__(f"closed: {self.code} {reason}")
        self.retry = json.loads(reason)["retry"] / 1000 if reason.startswith('{"retry":') else 0


class WebSocket:
    def __init__(self, address, path, token=None, timeout=5):
        """address: the path of a unix socket, or http://host:port"""
        url = urlsplit(address)
        if url.scheme == "http":
            self.socket = socket.create_connection((url.hostname, url.port), timeout)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        self.lock, self.data, self.text = threading.Lock(), bytearray(), b""
        self.on_pong = lambda payload: None
        try:
            self._shake_hands(path, url.netloc or "localhost", token)
        except BaseException:
            self.socket.close()
            raise

    def _shake_hands(self, path, host, token):
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"Authorization: Bearer {token}"] if token else []
        self.socket.sendall("\r\n".join(lines + ["", ""]).encode())
        while b"\r\n\r\n" not in self.data:
            self._read()
        head, _, rest = bytes(self.data).partition(b"\r\n\r\n")
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest())
        if not head.startswith(b"HTTP/1.1 101") or accept not in head:
            raise RuntimeError(f"refused: {head.splitlines()[0].decode('latin-1')}")  # again would not help
        self.data = bytearray(rest)

    def send(self, text):
        """Never fails: a connection that is lost shows when something is received."""
        self._send_frame(TEXT, text.encode())

    def ping(self, payload):
        self._send_frame(PING, payload)

    def recv(self, timeout):
        """The next message; None when there is none within so many seconds."""
        while True:
            frame = self._take_frame()
            if frame is None:
                if not select.select([self.socket], [], [], timeout)[0]:
                    return None
                self._read()
                continue
            last, opcode, payload = frame
            if opcode == PING:
                self._send_frame(PONG, payload)
            elif opcode == PONG:
                self.on_pong(payload)
            elif opcode == CLOSE:
                raise Closed(payload)
            else:
                self.text += payload
                if last:
                    text, self.text = self.text.decode(), b""
                    return text

    def _read(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the connection was closed")
        self.data += data

    def _take_frame(self):
        data, start = self.data, 2
        if len(data) < 2:
            return None
        length = data[1] & 127
        for marker, size, code in ((126, 2, ">H"), (127, 8, ">Q")):
            if length == marker:
                if len(data) < 2 + size:
                    return None
                length, start = struct.unpack_from(code, data, 2)[0], 2 + size
                break
        if len(data) < start + length:
            return None
        frame = bool(data[0] & 128), data[0] & 15, bytes(data[start:start + length])
        del data[:start + length]
        return frame

    def _send_frame(self, opcode, payload):
        size = len(payload)
        length = (bytes([128 | size]) if size < 126 else
                  struct.pack(">BH", 128 | 126, size) if size < 65536 else
                  struct.pack(">BQ", 128 | 127, size))
        mask = os.urandom(4)
        key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        masked = (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
        with self.lock:
            try:
                self.socket.sendall(bytes([128 | opcode]) + length + mask + masked)
            except OSError:
                self._abort()

    def _abort(self):
        """Half a frame may have left: whoever receives learns that this connection is no good."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # gone already

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._send_frame(CLOSE, struct.pack(">H", 1000))
        self.socket.close()
