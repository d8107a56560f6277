/**
 * Subscribers by the hundred, and one publisher that never rests: what each of them must have seen at the end is
 * what the log has. Kills nothing by itself.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { issueToken } from '../../src/auth/signing.ts';
import type { TaskbellClient } from '../../src/client/client.ts';
import { ControlHttp } from '../../src/client/control-http.ts';
import { covers, type EventPage, type LogEvent, type Topic } from '../../src/protocol/events.ts';
import { ResumingClient } from '../gateway/v2-client.ts';
import type { Draws } from './random.ts';

const GROUPS = 20;
const REST_MS = 25;
const LAST: Topic = { type: 'issueUpdate', id: 'all' };

/** To all, to one and to a group, by a pattern. */
function topicsOf(index: number): readonly Topic[] {
  return [
    LAST,
    { type: 'datasetUpdate', id: `own.${index}` },
    { type: 'uploadFile', id: `group${index % GROUPS}.*` },
  ];
}

export interface StormParts {
  readonly url: string;
  readonly privateKeyFile: string;
  readonly clients: number;
  readonly publisher: TaskbellClient;
  readonly draws: Draws;
}

export class EventStorm {
  readonly #parts: StormParts;
  readonly #clients: readonly ResumingClient[];
  #isOver = false;
  /** Rounds of events that were published. */
  rounds = 0;
  #publishing: Promise<void> = Promise.resolve();

  private constructor(parts: StormParts, clients: readonly ResumingClient[]) {
    this.#parts = parts;
    this.#clients = clients;
  }

  static async begin(parts: StormParts): Promise<EventStorm> {
    const { privateKeyFile, url } = parts;
    const clients = await Promise.all(
      Array.from({ length: parts.clients }, async (_, index) => {
        const request = { privateKeyFile, user: `user${index}`, issuer: null };
        const now = Date.now();
        const { token } = await issueToken({ ...request, lifetimeMs: 3_600_000, now });
        return new ResumingClient(() => url, token, topicsOf(index));
      }),
    );
    for (const client of clients) client.start();
    const storm = new EventStorm(parts, clients);
    storm.#publishing = storm.#publish();
    // Whoever ends the storm hears of it.
    storm.#publishing.catch(() => {});
    return storm;
  }

  get connections(): number {
    return this.#clients.reduce((sum, { connections }) => sum + connections, 0);
  }

  /** No more is published; the last event is one for all. */
  async calm(): Promise<void> {
    this.#isOver = true;
    await this.#publishing;
    await this.#parts.publisher.publish({ ...LAST, data: ['the last'] });
  }

  /** Clients that have not got so far. */
  behind(seq: string | undefined): number {
    return this.#clients.filter(({ since }) => since !== seq).length;
  }

  /** What is wrong, in words; empty when every client has exactly its events of the log, in order. */
  judge(log: readonly LogEvent[]): readonly string[] {
    return this.#clients.flatMap((client, index) => {
      const wanted = log.filter((event) => topicsOf(index).some((topic) => covers(topic, event)));
      const isSame =
        wanted.length === client.seen.length &&
        wanted.every(({ seq }, at) => seq === client.seen[at]);
      const difference = `client ${index} saw ${client.seen.length} events of ${wanted.length}`;
      const faults = client.faults.map((fault) => `client ${index}: ${fault}`);
      return [...(isSame ? [] : [difference]), ...faults];
    });
  }

  stop(): void {
    this.#isOver = true;
    for (const client of this.#clients) client.stop();
  }

  async #publish(): Promise<void> {
    const { publisher } = this.#parts;
    for (; !this.#isOver; this.rounds += 1) {
      await publisher.publish(this.#roundOf(this.rounds));
      await delay(REST_MS);
    }
  }

  #roundOf(round: number) {
    const { draws, clients } = this.#parts;
    const own = Array.from({ length: 12 }, () => draws.between(0, clients - 1));
    const group = draws.between(0, GROUPS - 1);
    return [
      ...(round % 4 === 0 ? [{ ...LAST, data: [round] }] : []),
      ...own.map((index) => ({ type: 'datasetUpdate', id: `own.${index}`, data: [round] })),
      { type: 'uploadFile', id: `group${group}.${round % 3}`, data: [round] },
      { type: 'downloadFile', id: 'nobody', data: [round] },
    ];
  }
}

/** All of it, from the first row on. */
export async function readWholeLog(socketPath: string): Promise<readonly LogEvent[]> {
  const http = new ControlHttp({ socketPath }, 30_000);
  const events: LogEvent[] = [];
  for (let since = '0'; ; ) {
    const path = `/v1/events?limit=1000&since=${since}`;
    const page = (await http.call({ method: 'GET', path })) as EventPage;
    events.push(...page.events);
    since = page.next;
    if (page.events.length === 0) break;
  }
  http.close();
  return events;
}
