/** A resume against a log in an array: whatever is published while which page is read, nothing is missed or repeated. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Closing } from '../../src/gateway/close-codes.ts';
import type { ConnectionLink, ConnectionWorld } from '../../src/gateway/connection-world.ts';
import { EventMessages } from '../../src/gateway/event-messages.ts';
import { FanOut } from '../../src/gateway/fan-out.ts';
import { type HeldEvents, Holds } from '../../src/gateway/history-hold.ts';
import { Resume } from '../../src/gateway/resume.ts';
import type { LogEvent } from '../../src/protocol/events.ts';
import type { HistoryPage, HistoryRequest } from '../../src/protocol/history.ts';

const TOPIC = { type: 'job', id: '1' };

/** One connection with one topic, its gateway and its core, step by step. */
class Scene {
  readonly said: string[] = [];
  readonly closings: Closing[] = [];
  readonly log: LogEvent[] = [];
  readonly #fanOut = new FanOut({ directFrames: false, nowMono: () => 0 });
  readonly #pageSize: number;
  readonly #steps: number[];
  readonly #holds = new Holds();
  /** So many of the log have reached the gateway. */
  #reached = 0;
  reads = 0;

  /** @param steps how many events are published before and after each answer of the core, in turn */
  constructor(pageSize: number, steps: readonly number[]) {
    this.#pageSize = pageSize;
    this.#steps = [...steps];
  }

  publish(count: number): void {
    for (let n = 0; n < count; n += 1) {
      const seq = String(this.log.length + 1);
      const prev = this.log.length === 0 ? null : String(this.log.length);
      this.log.push({ ...TOPIC, data: ['x'.repeat(20)], seq, prev, at: '' });
    }
  }

  /** What the core has, the gateway hears, up to a distance. */
  deliver(behind = 0): void {
    while (this.#reached < this.log.length - behind) {
      const messages = new EventMessages(this.log[this.#reached] as LogEvent, this.#fanOut);
      this.#reached += 1;
      if (!this.#holds.take(messages)) this.said.push(messages.v2.text);
    }
  }

  async resume(since: number, maxUnread: number): Promise<string | undefined> {
    const world = {
      limits: { maxUnread },
      history: { read: (request: HistoryRequest) => this.#read(request) },
      log: { warn: () => {} },
    } as unknown as ConnectionWorld;
    const answer = (page: HistoryPage) => void this.said.push(`reply ${page.recovered}`);
    const from = { since: String(since) };
    const resume = new Resume(this.#link(), world, { topics: [TOPIC], from, answer });
    return resume.run();
  }

  #link(): ConnectionLink {
    return {
      signal: new AbortController().signal,
      say: (text: string) => void this.said.push(text),
      drained: async () => this.deliver(this.#steps.shift() ?? 0),
      close: (closing: Closing) => void this.closings.push(closing),
      hold: (held: HeldEvents) => this.#holds.add(held),
    } as unknown as ConnectionLink;
  }

  async #read({ since }: HistoryRequest): Promise<HistoryPage> {
    this.reads += 1;
    this.publish(this.#steps.shift() ?? 0);
    const after = Number(since);
    const rows = this.log.slice(after, after + this.#pageSize);
    const top = this.log.length;
    // The gateway may hear of events before it has the page that was read before them, and the reverse.
    this.publish(this.#steps.shift() ?? 0);
    this.deliver(this.#steps.shift() ?? 0);
    const next = after + rows.length;
    const positions = { since: String(after), next: String(next), oldest: '1', top: String(top) };
    return { epoch: 'e', recovered: true, events: rows, more: next < top, ...positions };
  }
}

function seqsOf(said: readonly string[]): readonly number[] {
  return said.filter((text) => text.startsWith('{')).map((text) => Number(JSON.parse(text).seq));
}

it('brings everything after the position once and in order, however much is published meanwhile', async () => {
  const steps = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 9, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 10 }),
      fc.constantFrom(200, 1_000, 1_000_000),
      async (schedule, pageSize, since, maxUnread) => {
        const scene = new Scene(pageSize, schedule);
        scene.publish(10);
        scene.deliver();
        scene.said.length = 0;
        await scene.resume(since, maxUnread);
        scene.publish(2);
        scene.deliver();
        const all = scene.log.map((_, index) => index + 1);
        expect(scene.said[0]).toBe('reply true');
        expect(seqsOf(scene.said)).toEqual(all.slice(since));
        expect(scene.closings).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});

it('reads on where more was published than is held', async () => {
  // 30 events of 100 characters while a page is read, and 256 may be held.
  const scene = new Scene(100, [0, 30, 0, 0, 0, 0]);
  scene.publish(1);
  scene.deliver();
  await scene.resume(0, 512);
  expect(scene.reads).toBeGreaterThan(1);
  expect(seqsOf(scene.said).at(-1)).toBe(scene.log.length);
});
