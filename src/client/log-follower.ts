/**
 * Follows the core's log from a cursor, for ever: reconnects, resumes, drops repeats, names gaps.
 *
 *   connecting → attaching → following → (lost) → connecting …        any → stopped
 *
 * The position lives in memory only, and events go to the caller one by one, in the log's order.
 * What is followed may change on the way, from an exact position on (`reattach`).
 * Refuses to guess: what the log can no longer tell is said with `onGap`, never skipped silently.
 */
import type { Deadline, Service } from '../process/service.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type {
  FollowReply,
  FollowRequest,
  LogEvent,
  Topic,
  VolatileEvent,
} from '../protocol/events.ts';
import { type ControlAddress, describeAddress } from './control-address.ts';
import { FollowPosition } from './follow-position.ts';
import { type FollowerHello, queryOf } from './follower-hello.ts';
import { LogConnection } from './log-connection.ts';
import { ATTACH_RID, type Change, PendingChanges } from './pending-changes.ts';
import type { RowHead } from './received-event.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';

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
  /** `*` as type or id means all; empty: nothing, until a `reattach`. */
  readonly events: readonly Topic[];
  /** Last `seq` seen; omitted: only what comes from now on. */
  readonly since?: string;
  /** Of the log that `since` belongs to. */
  readonly epoch?: string;
  readonly hello?: FollowerHello;
  onEvent(event: LogEvent): void;
  /** Events that are in no log; whoever leaves it out does not hear of them. */
  onVolatile?(event: VolatileEvent): void;
  /** True: events come as `ReceivedText`s where the core rendered them plainly, and cost little until somebody reads their data. */
  readonly asReceived?: boolean;
  /** Called when the state changes, not for every failed try. */
  onState?(state: 'connected' | 'disconnected', facts: FollowerStateFacts): void;
  onGap?(facts: GapFacts): void;
  /**
   * When given, a core that refuses what is followed (it does not know a type, or is older than `reattach`) is
   * asked for everything instead, as long as the connection lasts, and this is told. Otherwise a refusal is an error.
   */
  onRefused?(error: TaskbellError): void;
  /** What the core says beside the log, in the order in which it came. */
  onOther?(message: { readonly action: string }): void;
  /** A draw from [0, 1) for the reconnect delay; `Math.random` when omitted. */
  readonly random?: () => number;
  /** Shorter only in tests: over TCP, what answers no ping within this time is given up. */
  readonly pingEveryMs?: number;
}

const EVERYTHING: readonly Topic[] = [{ type: '*', id: '*' }];

export class LogFollower implements Service {
  readonly #options: LogFollowerOptions;
  readonly #position: FollowPosition;
  readonly #changes = new PendingChanges();
  #phase: 'new' | 'connecting' | 'attaching' | 'following' | 'stopped' = 'new';
  #events: readonly Topic[];
  /** What the attach under way asks for. */
  #attachedTo: readonly Topic[] = [];
  /** Everything is followed instead of `#events`, which this core refused. */
  #everything: 'no' | 'asked' | 'in force' = 'no';
  #starting: Starting | undefined;
  #connection: LogConnection | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #paused = false;
  #wasAttached = false;
  #epoch: string | undefined;
  #missingAfter: string | undefined;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    this.#events = options.events;
    this.#position = new FollowPosition(options.since);
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

  /** Up to which `seq` everything that is followed has come; undefined before the first attach. */
  position(): string | undefined {
    return this.#position.seq;
  }

  /** Says something beside the log. False: the core is away, and nobody hears it. */
  tell(message: object): boolean {
    if (this.#phase !== 'following' || this.#connection === undefined) return false;
    this.#connection.tell(message);
    return true;
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

  /**
   * Follows these events instead, from where it stands; after `start` has resolved. Resolves when that counts:
   * what is published from then on comes. While the core is away that is at once, because the next attach goes on from here, with these.
   */
  reattach(events: readonly Topic[]): Promise<void> {
    if (this.#position.seq === undefined && this.#phase !== 'stopped') {
      throw new TaskbellError('E_INTERNAL', 'A follower was told to reattach before its start.');
    }
    this.#events = events;
    const connection = this.#connection;
    const isAway = this.#phase !== 'attaching' && this.#phase !== 'following';
    if (connection === undefined || isAway) return Promise.resolve();
    if (this.#everything === 'in force') return Promise.resolve();
    const { rid, counts } = this.#changes.add(events);
    // Where everything was asked for, the answer to that says when the change counts.
    if (this.#everything === 'no') connection.send({ action: 'reattach', events, rid });
    return counts;
  }

  #connect(): void {
    this.#phase = 'connecting';
    this.#everything = 'no';
    const path = `/v1/events${queryOf(this.#options.hello)}`;
    const connection = new LogConnection(this.#options.address, path, this.#paused, {
      pingEveryMs: this.#options.pingEveryMs,
      onOpen: () => {
        this.#phase = 'attaching';
        connection.send(this.#attachRequest(this.#events));
      },
      onReply: (reply) => this.#answered(connection, reply),
      asReceived: this.#options.asReceived ?? false,
      onVolatile: (event) => {
        if (this.#phase === 'following') this.#options.onVolatile?.(event);
      },
      onEvent: (event) => {
        if (this.#take(connection, event)) this.#options.onEvent(event);
      },
      onSync: (seq) => {
        if (this.#phase === 'following') this.#position.standAt(seq);
      },
      onOther: (message) => this.#options.onOther?.(message),
      onRefused: (status) => this.#refusedUpgrade(status),
      onClose: (error) => this.#lost(error),
    });
    this.#connection = connection;
  }

  #attachRequest(events: readonly Topic[]): FollowRequest {
    const since = this.#position.seq;
    this.#attachedTo = events;
    return {
      action: 'attach',
      rid: ATTACH_RID,
      ...(events.length === 0 ? {} : { events }),
      ...(since === undefined ? {} : { since }),
      ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }),
    };
  }

  #answered(connection: LogConnection, reply: FollowReply): void {
    const { status, seq, epoch, rid } = reply;
    if (status !== 200 || seq === undefined) this.#refused(connection, reply);
    else if (epoch !== undefined) this.#attached({ ...reply, seq, epoch });
    else {
      const change = this.#changes.take(rid);
      if (change === undefined) connection.breakOff('an answer came that nobody asked for');
      else this.#changed(change, seq);
    }
  }

  #changed({ events, resolve }: Change, seq: string): void {
    this.#position.follow(events, seq);
    resolve();
  }

  #attached({ seq, epoch, recovered }: FollowReply & { seq: string; epoch: string }): void {
    const since = this.#position.seq;
    if (since === undefined || recovered === false) this.#position.startAt(seq);
    this.#position.follow(this.#attachedTo, this.#position.seq ?? seq);
    this.#epoch = epoch;
    this.#phase = 'following';
    this.#wasAttached = true;
    this.#failures = 0;
    if (this.#everything === 'asked') {
      this.#everything = 'in force';
      this.#changes.settle();
    }
    this.#options.onState?.('connected', { seq: this.#position.seq, epoch });
    if (since !== undefined && recovered === false) this.#options.onGap?.({ since, seq, epoch });
    this.#starting?.resolve();
  }

  #refused(connection: LogConnection, reply: FollowReply): void {
    const error = refusedAttach(reply);
    const { onRefused } = this.#options;
    // Changes that were sent before the refusal came are refused too; the attach to everything stands for them.
    if (this.#everything !== 'no' && reply.rid !== ATTACH_RID) return;
    if (onRefused === undefined || this.#everything !== 'no') {
      this.#refuse(error);
      connection.breakOff(`attach refused: ${reply.message}`);
      return;
    }
    this.#everything = 'asked';
    connection.send(this.#attachRequest(EVERYTHING));
    onRefused(error);
  }

  /** True when it is the next one: from now on it counts as seen. */
  #take(connection: LogConnection, row: RowHead): boolean {
    if (this.#phase !== 'following') {
      connection.breakOff('an event came before the answer to attach');
      return false;
    }
    const judgement = this.#position.judge(row);
    if (judgement === 'repeat') return false;
    if (judgement === 'missing' && !this.#isGone(connection, row)) return false;
    this.#missingAfter = undefined;
    this.#position.deliver(row);
    return true;
  }

  /** An event before this one did not come: read again once from the last good position. */
  #isGone(connection: LogConnection, row: RowHead): boolean {
    const last = this.#position.goodUntil(row);
    if (this.#missingAfter !== last) {
      this.#missingAfter = last;
      this.#position.standAt(last);
      connection.breakOff(`event ${row.prev} of ${row.type} ${row.id} did not come`);
      return false;
    }
    this.#options.onGap?.({ since: last, seq: row.seq, epoch: this.#epoch ?? '' });
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
    // They count from the next attach on, which goes on from here.
    this.#changes.settle();
    this.#failures += 1;
    const random = this.#options.random ?? Math.random;
    this.#retry = setTimeout(() => this.#connect(), reconnectDelayMs(this.#failures, random()));
    if (!wasFollowing && this.#failures > 1) return;
    this.#options.onState?.('disconnected', { seq: this.#position.seq, epoch: this.#epoch, error });
  }

  #end(): void {
    this.#phase = 'stopped';
    clearTimeout(this.#retry);
    this.#changes.settle();
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

function refusedAttach({ message, detail }: FollowReply): TaskbellError {
  if (detail === undefined) {
    return new TaskbellError('E_INVALID_REQUEST', `The core refused to attach: ${message}.`);
  }
  return new TaskbellError('E_UNKNOWN_EVENT_TYPE', detail, {
    hint: 'Correct the type, or add it as [event:NAME] to config.ini.',
  });
}
