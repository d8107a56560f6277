/** What stands before a control API that speaks no TLS itself: ends the TLS, and passes requests and WebSockets on. */

import { request } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** Of nobody's authority but its own, for localhost and 127.0.0.1, from 2020 to 2119. Guards nothing. */
export const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBezCCASGgAwIBAgIBATAKBggqhkjOPQQDAjAeMRwwGgYDVQQDDBNhIGNvcmUg
b2YgdGhlIHRlc3RzMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAe
MRwwGgYDVQQDDBNhIGNvcmUgb2YgdGhlIHRlc3RzMFkwEwYHKoZIzj0CAQYIKoZI
zj0DAQcDQgAECLaILI8o7gnZFgpAzkFGB7/s+Nd2Rgl71NvuuU6qv6fQn95GfF5J
pwAV6VcOneuCh7624rnXgEeYA4j/zn/tS6NOMEwwGgYDVR0RBBMwEYIJbG9jYWxo
b3N0hwR/AAABMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFL6PVxmk/IglYdEP
x3X1yLACY0JDMAoGCCqGSM49BAMCA0gAMEUCIDt8Om2+rpgnXHi+Ys/Tit6mYaju
cGX0jf6cyYXRmJyLAiEAnxai5PO+nlTjF6MfUfyCHWhjMRbrbklMLhmyFxBQRFo=
-----END CERTIFICATE-----
`;
export const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVieDAxog/NMden2l
CQI63412z9j2LWmoyPw4TYxZKe2hRANCAAQItogsjyjuCdkWCkDOQUYHv+z413ZG
CXvU2+65Tqq/p9Cf3kZ8XkmnABXpVw6d64KHvrbiudeAR5gDiP/Of+1L
-----END PRIVATE KEY-----
`;

export class TlsProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Targets of the requests and upgrades that came through. */
  readonly passed: string[] = [];

  private constructor(targetPort: number) {
    this.#server = createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (asked, answer) => {
      this.passed.push(asked.url ?? '');
      const { method = 'GET', url: path = '/', headers } = asked;
      const forth = request({ host: '127.0.0.1', port: targetPort, method, path, headers });
      forth.on('response', (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      });
      forth.on('error', () => answer.writeHead(502).end());
      asked.pipe(forth);
    });
    this.#server.on('upgrade', (asked, client, head) => {
      this.passed.push(asked.url ?? '');
      const onward = connect(targetPort, '127.0.0.1');
      const lines = asked.rawHeaders.flatMap((text, at) => (at % 2 === 0 ? [text] : []));
      const values = asked.rawHeaders.filter((_, at) => at % 2 === 1);
      const headers = lines.map((name, at) => `${name}: ${values[at]}\r\n`).join('');
      onward.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${headers}\r\n`);
      onward.write(head);
      onward.pipe(client).pipe(onward);
      onward.on('error', () => client.destroy());
      client.on('error', () => onward.destroy());
      client.on('close', () => onward.destroy());
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async before(port: number): Promise<TlsProxy> {
    const proxy = new TlsProxy(port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `https://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
