/** A service that is asked about access, over real HTTP; what it was asked is kept, what it answers is up to the test. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HookCall {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export class HookService {
  readonly calls: HookCall[] = [];
  /** Calls that have no answer yet, and the most of them at once. */
  underWay = 0;
  mostUnderWay = 0;
  answer: (response: ServerResponse, body: string) => void = allow;
  #http: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}/access`;
  }

  get questions(): readonly unknown[] {
    return this.calls.map(({ body }) => JSON.parse(body));
  }

  async start(): Promise<void> {
    const http = createServer((request, response) => void this.#serve(request, response));
    this.#http = http;
    await new Promise<void>((resolve) => http.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (http.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const http = this.#http;
    this.#http = undefined;
    http?.closeAllConnections();
    if (http !== undefined) await new Promise((resolve) => http.close(resolve));
  }

  /** Ends connections on which nothing is asked, as a service does whose patience is over. */
  closeIdle(): void {
    this.#http?.closeIdleConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    this.calls.push({ headers: request.headers, body });
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    response.once('close', () => {
      this.underWay -= 1;
    });
    this.answer(response, body);
  }
}

export function allow(response: ServerResponse): void {
  response.setHeader('content-type', 'application/json').end('{"allow":true}');
}

export function deny(response: ServerResponse): void {
  response.setHeader('content-type', 'application/json').end('{"allow":false}');
}
