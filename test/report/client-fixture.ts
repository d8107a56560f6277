/** A report client with its settings, its log kept in memory, and the figures that tests wait for. */
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { WebSocketSettings } from '../../src/config/settings.ts';
import { deadlineIn } from '../../src/process/service.ts';
import type { ReportState } from '../../src/protocol/status.ts';
import { ReportClient } from '../../src/report/report-client.ts';
import { MemorySource } from './memory-source.ts';
import { Receiver, type ReceiverOptions } from './receiver.ts';

export const SETTINGS: WebSocketSettings = {
  url: null,
  path: '/socket.io',
  defaultUserId: 'nobody',
  event: 'task',
  userArgument: 'second',
  stackTrace: true,
  acknowledge: 'auto',
  acknowledgeTimeout: 10_000,
  reconnectionDelay: 20,
  reconnectionAttempts: 0,
  timeout: 5_000,
  autoReconnect: true,
  taskDelayOnError: 50,
  query: {},
  auth: {},
  tokenFile: null,
};

export type LogLine = Readonly<Record<string, unknown>>;

export interface Fixture {
  readonly client: ReportClient;
  readonly source: MemorySource;
  readonly lines: LogLine[];
  /** Called for each line as it is written. */
  onLine: (line: LogLine) => void;
  stop(withinMs?: number): Promise<void>;
}

export function createFixture(
  settings: Partial<WebSocketSettings>,
  source = new MemorySource(),
): Fixture {
  const lines: LogLine[] = [];
  const write = (text: string) => {
    const line = JSON.parse(text) as LogLine;
    lines.push(line);
    fixture.onLine(line);
  };
  const log = pino({ level: 'debug' }, { write });
  const client = new ReportClient({
    settings: { ...SETTINGS, ...settings },
    source,
    log,
    now: () => performance.now(),
    random: Math.random,
  });
  const fixture: Fixture = {
    client,
    source,
    lines,
    onLine: () => {},
    stop: (withinMs = 5_000) => client.stop(deadlineIn(withinMs)),
  };
  return fixture;
}

export async function createReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const receiver = await new Receiver(options).reserve();
  onTestFinished(() => receiver.down());
  return receiver;
}

/** Starts a client, which is stopped before the receiver goes. */
export async function startClient(
  receiver: Receiver,
  settings: Partial<WebSocketSettings> = {},
  source = new MemorySource(),
): Promise<Fixture> {
  const fixture = createFixture({ url: receiver.url, ...settings }, source);
  onTestFinished(() => fixture.stop());
  await fixture.client.start();
  return fixture;
}

export function cursorAt({ source }: Fixture, position: number): Promise<void> {
  return eventually(async () => (await source.cursor()) === String(position));
}

export function stateIs({ client }: Fixture, state: ReportState): Promise<void> {
  return eventually(async () => (await client.status()).state === state);
}

/** Log lines of a connection event, at info level and above. */
export function shown({ lines }: Fixture, event: string): readonly LogLine[] {
  return lines.filter((line) => line.event === event && Number(line.level) >= 30);
}

/** Polls until the condition holds; rejects after 15 s. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const untilMono = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > untilMono) throw new Error(`did not come about: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function idsUpTo(count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => `e${n + 1}`);
}

/** What keeps this process alive, as far as a client could have made it. */
export function openHandles(): readonly string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(Timeout|TCP|GetAddrInfo)/.test(name));
}

/** The same, once what earlier tests left to close has closed: unchanged for 100 ms. */
export async function restingHandles(): Promise<readonly string[]> {
  let handles = openHandles();
  for (let unchanged = 0; unchanged < 5; unchanged += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (openHandles().join() !== handles.join()) unchanged = -1;
    handles = openHandles();
  }
  return handles;
}
