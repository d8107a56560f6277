/**
 * Follows the core's log from a cursor, for ever: reconnects, resumes, drops repeats, names gaps.
 *
 *   connecting → attaching → following → (lost) → connecting …        any → stopped
 *
 * The position lives in memory only, and events go to the caller one by one, in the log's order.
 * Refuses to guess: what the log can no longer tell is said with `onGap`, never skipped silently.
 */
import type { Deadline, Service } from '../process/service.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { FollowReply, FollowRequest, LogEvent, Topic } from '../protocol/events.ts';
import { type ControlAddress, describeAddress } from './control-address.ts';
import { judgeEvent } from './follow-position.ts';
import { LogConnection } from './log-connection.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';

/** What the follower tells the core about its process, for `status`. */
export interface FollowerHello {
  readonly role: 'gateway' | 'client';
  readonly pid: number;
  readonly supervisorPid: number;
  readonly listen?: { readonly address: string; readonly port: number; readonly path: string };
}

export interface FollowerStateFacts {
  /** Where the subscription stands; undefined before the first attach. */
  readonly seq: string | undefined;
  readonly epoch: string | undefined;
  /** Why the connection was lost or could not be made. */
  readonly error?: Error;
}

/** Events between `since` and `seq` can no longer be had. */
export interface GapFacts {
  readonly since: string | undefined;
  readonly seq: string;
  readonly epoch: string;
}

export interface LogFollowerOptions {
  readonly address: ControlAddress;
  /** `*` as type or id means all. */
  readonly events: readonly Topic[];
  /** Last `seq` seen; omitted: only what comes from now on. */
  readonly since?: string;
  /** Of the log that `since` belongs to. */
  readonly epoch?: string;
  readonly hello?: FollowerHello;
  onEvent(event: LogEvent): void;
  /** Called when the state changes, not for every failed try. */
  onState?(state: 'connected' | 'disconnected', facts: FollowerStateFacts): void;
  onGap?(facts: GapFacts): void;
  /** A draw from [0, 1) for the reconnect delay; `Math.random` when omitted. */
  readonly random?: () => number;
}

export class LogFollower implements Service {
  readonly #options: LogFollowerOptions;
  #phase: 'new' | 'connecting' | 'following' | 'stopped' = 'new';
  #starting: Starting | undefined;
  #connection: LogConnection | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #paused = false;
  #wasAttached = false;
  #seq: string | undefined;
  #epoch: string | undefined;
  #missingAfter: string | undefined;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    this.#seq = options.since;
    this.#epoch = options.epoch;
  }

  /**
   * Resolves when the first attach is confirmed, and when `stop` comes before that.
   * Rejects only when the core refuses the follower for good (a wrong token, a malformed request).
   */
  start(): Promise<void> {
    if (this.#phase === 'stopped') return Promise.resolve();
    if (this.#starting === undefined) {
      this.#starting = pendingStart();
      this.#connect();
    }
    return this.#starting.promise;
  }

  async stop(deadline: Deadline): Promise<void> {
    this.#end();
    await this.#connection?.close(deadline);
  }

  /** `seq` of the last event delivered, or where the subscription starts; undefined before that. */
  position(): string | undefined {
    return this.#seq;
  }

  /** Which log `position` belongs to. */
  epoch(): string | undefined {
    return this.#epoch;
  }

  /** Stops reading: the connection fills up, and the log keeps the rest. */
  pause(): void {
    this.#paused = true;
    this.#connection?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#connection?.resume();
  }

  #connect(): void {
    this.#phase = 'connecting';
    const path = `/v1/events${queryOf(this.#options.hello)}`;
    const connection = new LogConnection(this.#options.address, path, this.#paused, {
      onOpen: () => connection.send(this.#attachRequest()),
      onReply: (reply) => this.#attached(connection, reply),
      onEvent: (event) => this.#take(connection, event),
      onRefused: (status) => this.#refusedUpgrade(status),
      onClose: (error) => this.#lost(error),
    });
    this.#connection = connection;
  }

  #attachRequest(): FollowRequest {
    return {
      action: 'attach',
      events: this.#options.events,
      ...(this.#seq === undefined ? {} : { since: this.#seq }),
      ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }),
    };
  }

  #attached(connection: LogConnection, reply: FollowReply): void {
    const { seq, epoch, message, recovered } = reply;
    if (reply.status !== 200 || seq === undefined || epoch === undefined) {
      this.#refuse(refusedAttach(reply));
      connection.breakOff(`attach refused: ${message}`);
      return;
    }
    const since = this.#seq;
    if (since === undefined || recovered === false) this.#seq = seq;
    this.#epoch = epoch;
    this.#phase = 'following';
    this.#wasAttached = true;
    this.#failures = 0;
    this.#options.onState?.('connected', { seq: this.#seq, epoch });
    if (since !== undefined && recovered === false) this.#options.onGap?.({ since, seq, epoch });
    this.#starting?.resolve();
  }

  #take(connection: LogConnection, event: LogEvent): void {
    const last = this.#seq;
    if (this.#phase !== 'following' || last === undefined) {
      connection.breakOff('an event came before the answer to attach');
      return;
    }
    const judgement = judgeEvent(last, event);
    if (judgement === 'repeat') return;
    if (judgement === 'missing' && !this.#isGone(connection, last, event)) return;
    this.#missingAfter = undefined;
    this.#seq = event.seq;
    this.#options.onEvent(event);
  }

  /** An event before this one did not come: read again once from the last good position. */
  #isGone(connection: LogConnection, last: string, event: LogEvent): boolean {
    if (this.#missingAfter !== last) {
      this.#missingAfter = last;
      connection.breakOff(`event ${event.prev} of ${event.type} ${event.id} did not come`);
      return false;
    }
    this.#options.onGap?.({ since: last, seq: event.seq, epoch: this.#epoch ?? '' });
    return true;
  }

  #refusedUpgrade(status: number): void {
    if (status !== 401 && status !== 403) return;
    const where = describeAddress(this.#options.address);
    this.#refuse(
      new TaskbellError('E_UNAUTHORIZED', `The daemon at ${where} refused the token.`, {
        hint: 'Pass the token of its control API.',
      }),
    );
  }

  /** Final only before the first attach: later the core may be another, and the next try may do. */
  #refuse(error: TaskbellError): void {
    if (this.#wasAttached) return;
    this.#starting?.reject(error);
    this.#end();
  }

  #lost(error: Error): void {
    if (this.#phase === 'stopped') return;
    const wasFollowing = this.#phase === 'following';
    this.#phase = 'connecting';
    this.#failures += 1;
    const random = this.#options.random ?? Math.random;
    this.#retry = setTimeout(() => this.#connect(), reconnectDelayMs(this.#failures, random()));
    if (!wasFollowing && this.#failures > 1) return;
    this.#options.onState?.('disconnected', { seq: this.#seq, epoch: this.#epoch, error });
  }

  #end(): void {
    this.#phase = 'stopped';
    clearTimeout(this.#retry);
    this.#starting?.resolve();
  }
}

interface Starting {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function pendingStart(): Starting {
  let resolve = (): void => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}

function queryOf(hello: FollowerHello | undefined): string {
  if (hello === undefined) return '';
  const parameters = new URLSearchParams({
    role: hello.role,
    pid: String(hello.pid),
    supervisor: String(hello.supervisorPid),
    ...(hello.listen === undefined ? {} : { listen: JSON.stringify(hello.listen) }),
  });
  return `?${parameters}`;
}

function refusedAttach({ message, detail }: FollowReply): TaskbellError {
  if (detail === undefined) {
    return new TaskbellError('E_INVALID_REQUEST', `The core refused to attach: ${message}.`);
  }
  return new TaskbellError('E_UNKNOWN_EVENT_TYPE', detail, {
    hint: 'Correct the type, or add it as [event:NAME] to config.ini.',
  });
}
