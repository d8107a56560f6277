/**
 * A connection that comes back: tokens, losses, waiting, and the subscriptions that outlive all of it.
 *
 *   connecting ─token accepted▶ open ─lost▶ waiting ─▶ connecting        any ─▶ closed
 *
 * What is asked and answered on one connection is `session.ts`.
 */
import { EventsError } from './events-error.ts';
import { findJobEnd, type JobEnd, type WaitOptions } from './job-wait.ts';
import { Link, type WebSocketClass } from './link.ts';
import { page } from './page.ts';
import { decideReturn, type ReturnBounds } from './return-policy.ts';
import { type Incoming, Session } from './session.ts';
import {
  type AttachOptions,
  callSafely,
  type EventCallback,
  type Subscription,
  TopicSubscription,
} from './subscription.ts';
import { renewalDelayMs } from './token-times.ts';

export interface StatusFacts {
  readonly status: 'connecting' | 'open' | 'waiting' | 'closed';
  /** With `waiting`: when it comes back. */
  readonly delayMs?: number;
  /** With `waiting` and `closed`: why, where nobody asked for it. */
  readonly error?: Error;
}

export interface ClientOptions {
  readonly url: string;
  readonly token: string | (() => string | Promise<string>);
  readonly WebSocket: WebSocketClass;
  readonly silenceMs: number;
  readonly cursor: string | undefined;
  readonly bounds: ReturnBounds;
  /** A draw from [0, 1). */
  readonly random: () => number;
}

export type StatusListener = (facts: StatusFacts) => void;

/** A connection that lasted so long was a good one: the next loss is the first one again. */
const STABLE_MS = 5_000;
const REFUSED = 4401;

export class EventsClient {
  readonly #options: ClientOptions;
  readonly #listeners = new Set<StatusListener>();
  readonly #subscriptions = new Set<TopicSubscription>();
  #facts: StatusFacts = { status: 'connecting' };
  #link: Link | undefined;
  #session: Session | undefined;
  #readyAtMono: number | undefined;
  #losses = 0;
  #acknowledged: string | undefined;
  #drainMs: number | undefined;
  #return: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  readonly #onOnline = (): void => this.#hurry();

  constructor(options: ClientOptions) {
    this.#options = options;
    page.addEventListener?.('online', this.#onOnline);
    // Later, so that who made this can listen first.
    queueMicrotask(() => void this.#connect());
  }

  get status(): StatusFacts['status'] {
    return this.#facts.status;
  }

  /** @returns a function that ends it */
  onStatus(listener: StatusListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Never waits for the network: what cannot be had is told with `onEnd`, and by `attached`. */
  attach(options: AttachOptions, callback?: EventCallback): Subscription {
    checkTopic(options);
    const onEnd = (one: TopicSubscription): void => {
      this.#subscriptions.delete(one);
      this.#session?.detach(one.topic);
    };
    const { cursor } = this.#options;
    const subscription = new TopicSubscription(options, onEnd, callback, cursor);
    if (this.status === 'closed') subscription.end(this.#facts.error);
    else {
      this.#subscriptions.add(subscription);
      // What is attached in one turn shares a request.
      queueMicrotask(() => this.#session?.wake());
    }
    return subscription;
  }

  /** Resolves with the job's end, be it a good one or not, and also when it lies behind. */
  waitForJob(id: string, options: WaitOptions = {}): Promise<JobEnd> {
    return findJobEnd((topic) => this.attach(topic), id, options);
  }

  /**
   * With `cursor`: everything up to this event was taken, of all that is attached. What was not acknowledged comes again
   * to the next client with this cursor; to this one it does not.
   */
  acknowledge({ seq }: { readonly seq?: string }): void {
    // One that is only live is kept nowhere.
    if (seq === undefined) return;
    this.#acknowledged = seq;
    this.#session?.acknowledge(seq);
  }

  /** Ends everything. Loops over events end, waits for jobs reject. */
  close(): void {
    this.#finish();
  }

  async #connect(): Promise<void> {
    if (this.status === 'closed') return;
    this.#tell({ status: 'connecting' });
    try {
      const token = await this.#fetchToken();
      if (!this.#isClosed()) this.#open(token);
    } catch (error) {
      // Where tokens come from may be away as well.
      this.#lost(0, '', error as Error);
    }
  }

  async #fetchToken(): Promise<string> {
    const { token } = this.#options;
    return typeof token === 'string' ? token : await token();
  }

  #open(token: string): void {
    const { WebSocket, url, silenceMs } = this.#options;
    const link = new Link({
      ...{ WebSocket, url, silenceMs },
      onOpen: () => this.#begin(link, token),
      onMessage: (message) => this.#session?.hear(message as Incoming),
      onSilence: () => this.#session?.ping(),
      onEnd: (code, reason) => this.#lost(code, reason),
    });
    this.#link = link;
  }

  #begin(link: Link, token: string): void {
    const options = {
      subscriptions: this.#subscriptions,
      send: (message: object) => link.send(message),
      onReady: () => this.#ready(token),
      onRefused: (code: number) => this.#refused(code),
      onDrain: (retryMs: number) => {
        this.#drainMs = retryMs;
      },
    };
    this.#session = new Session(options, token);
    if (this.#acknowledged !== undefined) this.#session.acknowledge(this.#acknowledged);
    this.#session.wake();
  }

  #ready(token: string): void {
    this.#readyAtMono = performance.now();
    this.#planRenewal(token);
    this.#tell({ status: 'open' });
  }

  #refused(code: number): void {
    if (code === 1 || code === 2) {
      this.#lost(REFUSED, '', new EventsError('E_TOKEN_INVALID', 'The token was refused.'));
      return;
    }
    const hint = 'Does a gateway that speaks events v2 answer there?';
    this.#finish(
      new EventsError('E_INVALID_REQUEST', `${this.#options.url} refused (code ${code}).`, hint),
    );
  }

  #planRenewal(token: string): void {
    clearTimeout(this.#renewal);
    if (typeof this.#options.token === 'string') return;
    const delayMs = renewalDelayMs(token, Date.now());
    if (delayMs === undefined) return;
    this.#renewal = setTimeout(() => void this.#renew(token), delayMs);
  }

  async #renew(former: string): Promise<void> {
    const session = this.#session;
    try {
      const token = await this.#fetchToken();
      if (session === undefined || session !== this.#session) return;
      session.renew(token);
      this.#planRenewal(token);
    } catch {
      // The one that is there still counts; it is asked for again before that ends, and after.
      if (session === this.#session) this.#planRenewal(former);
    }
  }

  #lost(code: number, reason: string, error?: Error): void {
    if (this.#isClosed()) return;
    this.#dropLink();
    for (const one of this.#subscriptions) one.wait();
    const isStable =
      this.#readyAtMono !== undefined && performance.now() - this.#readyAtMono >= STABLE_MS;
    this.#losses = isStable ? 1 : this.#losses + 1;
    this.#readyAtMono = undefined;
    const { bounds, random, token } = this.#options;
    const canRenew = typeof token !== 'string';
    const loss = { code, reason, losses: this.#losses, canRenew, drainMs: this.#drainMs };
    this.#drainMs = undefined;
    const next = decideReturn(loss, bounds, random());
    const why = error ?? new EventsError('E_UNAVAILABLE', `Connection lost: ${code} ${reason}`);
    if (next.kind === 'never') {
      this.#finish(error ?? new EventsError(next.code, why.message));
      return;
    }
    this.#return = setTimeout(() => void this.#connect(), next.delayMs);
    this.#tell({ status: 'waiting', delayMs: next.delayMs, error: why });
  }

  /** The network is back, says the browser. */
  #hurry(): void {
    this.#session?.ping();
    if (this.status !== 'waiting') return;
    clearTimeout(this.#return);
    void this.#connect();
  }

  #finish(error?: Error): void {
    if (this.#isClosed()) return;
    clearTimeout(this.#return);
    this.#dropLink();
    page.removeEventListener?.('online', this.#onOnline);
    this.#tell(error === undefined ? { status: 'closed' } : { status: 'closed', error });
    for (const one of this.#subscriptions) one.end(error);
  }

  #dropLink(): void {
    clearTimeout(this.#renewal);
    this.#session?.end();
    this.#link?.close();
    this.#link = undefined;
    this.#session = undefined;
  }

  #isClosed(): boolean {
    return this.#facts.status === 'closed';
  }

  #tell(facts: StatusFacts): void {
    this.#facts = facts;
    for (const listener of this.#listeners) callSafely(() => listener(facts));
  }
}

function checkTopic({ type, id }: AttachOptions): void {
  if (typeof type === 'string' && typeof (id ?? '') === 'string') return;
  const got = JSON.stringify({ type, id });
  throw new EventsError('E_INVALID_REQUEST', `attach: expected {type, id} as texts, got ${got}`);
}
