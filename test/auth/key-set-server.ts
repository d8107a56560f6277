/** A server of key sets that does what a test tells it: well or ill behaved, on loopback. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (response: ServerResponse) => void;

export class KeySetServer {
  answer: Answer = (response) => void response.writeHead(404).end();
  requests = 0;
  readonly #server: Server = createServer((_request, response) => {
    this.requests += 1;
    this.answer(response);
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this.url;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/jw-certs`;
  }

  serve(...keys: readonly unknown[]): void {
    const text = JSON.stringify({ keys });
    this.answer = (response) => {
      response.setHeader('content-type', 'application/jwk-set+json');
      response.end(text);
    };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
