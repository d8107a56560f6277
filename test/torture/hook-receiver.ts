/**
 * The service that web hooks call: checks the signature by itself, and answers as services do: at once,
 * slowly, with an error, with a wish to be asked later, or not at all.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { HookCall } from './evidence.ts';
import type { Draws } from './random.ts';

interface Body {
  readonly id: string;
  readonly attempt: number;
  readonly payload: { readonly n: number; readonly ms: number };
}

/** Null: the connection is cut. The good answer comes most often. */
const ANSWERS: readonly (number | null)[] = [200, 200, 200, 200, 200, 200, 200, 500, 503, null];

export class HookReceiver {
  readonly calls: HookCall[] = [];
  readonly #key = randomBytes(32);
  readonly #draws: Draws;
  readonly #http = createServer((request, response) => void this.#take(request, response));

  constructor(draws: Draws) {
    this.#draws = draws;
  }

  get secret(): string {
    return `whsec_${this.#key.toString('base64')}`;
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    return (this.#http.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The executor may be killed at any moment of it.
    response.on('error', () => undefined);
    const text = await readAll(request);
    if (text === undefined) return;
    const { id, attempt, payload } = JSON.parse(text) as Body;
    const answered = this.#draws.pick(ANSWERS) ?? null;
    const webhookId = String(request.headers['webhook-id']);
    this.calls.push({ id, attempt, webhookId, isSigned: this.#isSigned(request, text), answered });
    await delay(payload.ms);
    if (answered === null) {
      response.destroy();
      return;
    }
    response.statusCode = answered;
    if (answered === 503) response.setHeader('retry-after', '1');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ n: payload.n }));
  }

  /** As the specification of Standard Webhooks says, not as the sender does it. */
  #isSigned({ headers }: IncomingMessage, body: string): boolean {
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const expected = `v1,${createHmac('sha256', this.#key).update(signed).digest('base64')}`;
    return headers['webhook-signature'] === expected;
  }
}

/** Undefined when the sender went before it had said all. */
async function readAll(request: IncomingMessage): Promise<string | undefined> {
  try {
    return Buffer.concat((await request.toArray()) as Buffer[]).toString();
  } catch {
    return undefined;
  }
}
