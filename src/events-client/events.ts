/**
 * The library `taskbell/events`: hears events, in a browser or in Node, over whatever the network does.
 *
 * Depends on nothing. The gateway serves it at /sdk/taskbell.js as one file. Publishes nothing and adds no jobs:
 * that is `taskbell/client`, and no business of a browser.
 */
import { EventsClient, type StatusFacts, type StatusListener } from './events-client.ts';
import { EventsError } from './events-error.ts';
import type { JobEnd, WaitOptions } from './job-wait.ts';
import type { WebSocketClass } from './link.ts';
import { page } from './page.ts';
import type { AttachOptions, EventCallback, Gap, Subscription } from './subscription.ts';
import type { Presence } from './who-is-present.ts';

export type { PublishedEvent } from '../protocol/events.ts';
export type {
  AttachOptions,
  EventCallback,
  EventsClient,
  Gap,
  JobEnd,
  Presence,
  StatusFacts,
  StatusListener,
  Subscription,
  WaitOptions,
  WebSocketClass,
};

export { EventsError };

export interface ConnectOptions {
  /** `wss://host/ws`. In a browser it may be relative to the page: `/ws`. */
  readonly url: string;
  /** An access token, or what fetches one: called for each connection, and before the one in use ends. */
  readonly token: string | (() => string | Promise<string>);
  /** A class like that of browsers, where there is none: Node 20, say. */
  readonly WebSocket?: WebSocketClass;
  /** After so much silence a sign of life is asked for, and after as much again the connection is made anew; 20 s. */
  readonly silenceMs?: number;
  /** Waits after a loss: drawn from 0 to a ceiling that doubles from `minDelayMs` (1 s) to `maxDelayMs` (30 s). */
  readonly minDelayMs?: number;
  readonly maxDelayMs?: number;
  /** Keeps where this device stands at the gateway: 1 to 64 of letters, digits, `_`, `.`, `-`. See `acknowledge`. */
  readonly cursor?: string;
}

const SILENCE_MS = 20_000;
const MIN_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;

/** Begins to connect, and goes on until `close`. Throws only for options that can never work. */
export function connect(options: ConnectOptions): EventsClient {
  const WebSocket = options.WebSocket ?? page.WebSocket;
  if (WebSocket === undefined) {
    const hint = 'Pass one: connect({ WebSocket, … }), with the class of the package `ws`, say.';
    throw new EventsError(
      'E_RUNTIME',
      'This runtime has no WebSocket (Node has one from 22 on).',
      hint,
    );
  }
  const url = new URL(options.url, page.location?.href);
  url.protocol = url.protocol.replace('http', 'ws');
  return new EventsClient({
    url: url.href,
    token: options.token,
    cursor: options.cursor,
    WebSocket,
    silenceMs: options.silenceMs ?? SILENCE_MS,
    bounds: {
      minDelayMs: options.minDelayMs ?? MIN_DELAY_MS,
      maxDelayMs: options.maxDelayMs ?? MAX_DELAY_MS,
    },
    random: Math.random,
  });
}
