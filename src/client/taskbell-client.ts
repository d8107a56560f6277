/**
 * What a program says to a running daemon, as methods.
 *
 * Holds connections, no state of jobs: everything that it returns came from the daemon just now.
 * Errors are `TaskbellError`s with a stable `code` (docs/errors.md).
 */
import type { JobFilter } from '../protocol/bulk.ts';
import type { EventPage, EventRequest, PublishedEvent } from '../protocol/events.ts';
import type { ReplacedGateway } from '../protocol/gateways.ts';
import type {
  AddedBatch,
  AddedJob,
  BatchRequest,
  JobRequest,
  JobView,
  LogLinesView as LogPage,
  RelativesView,
} from '../protocol/jobs.ts';
import type { Json } from '../protocol/json.ts';
import type { ReloadAnswer } from '../protocol/reload.ts';
import type { QueueView, ReportStatus, StatsView, StatusView } from '../protocol/status.ts';
import type { WhyView } from '../protocol/why.ts';
import type { ReplacedWorker, WorkerView } from '../protocol/workers.ts';
import { AccessClient } from './access-client.ts';
import { checkBatch, checkPayload } from './add-bounds.ts';
import { AddKeys } from './add-keys.ts';
import { BulkClient } from './bulk-client.ts';
import type {
  AddOptions,
  EventPageOptions,
  EventsOptions,
  JobPage,
  ListOptions,
} from './client-options.ts';
import { reloadConfig } from './config-client.ts';
import { ConnectionClient } from './connection-client.ts';
import { addressOf, type ControlAddress } from './control-address.ts';
import { ControlHttp } from './control-http.ts';
import { DatabaseClient } from './database-client.ts';
import { EventClient } from './event-client.ts';
import { EventStream } from './event-stream.ts';
import { type GatewayRestartOptions, restartGateways } from './gateway-client.ts';
import { Gatherer, MAX_BATCH_JOBS } from './gatherer.ts';
import {
  type ImportLine,
  type ImportOptions,
  type ImportProgress,
  importLines,
  numberLines,
} from './job-import.ts';
import {
  type FollowLogsOptions,
  followLogs,
  statsOf,
  type WaitOptions,
  waitForJob,
  waitForQueue,
  whyOf,
} from './job-watch.ts';
import { toText } from './json-text.ts';
import { KeyClient } from './key-client.ts';
import { queryOf } from './query-text.ts';
import { RequestChannel } from './request-channel.ts';
import { ScheduleClient } from './schedule-client.ts';
import { TokenClient } from './token-client.ts';
import { tracedAdd } from './traced-add.ts';
import { listWorkers, quietWorkers, type RestartOptions, restartWorkers } from './worker-client.ts';

/** Where the daemon is, and how patient to be with it. */
export interface ConnectOptions {
  /** Path of its unix socket; `./taskbell-data/control.sock` when neither this nor `url` is given. */
  readonly socket?: string;
  /** Base URL of its control API over TCP, such as `http://127.0.0.1:8080`; needs `token`. */
  readonly url?: string;
  readonly token?: string;
  /**
   * How long a request waits for a daemon that restarts; 3000 ms when omitted. Only requests that were
   * certainly not taken are tried again.
   */
  readonly patienceMs?: number;
}

export interface StatusOptions {
  /** With queues, cursors, disk, processes and the last errors. */
  readonly details?: boolean;
  readonly signal?: AbortSignal;
}

export class TaskbellClient {
  readonly #address: ControlAddress;
  readonly #http: ControlHttp;
  readonly #channel: RequestChannel;
  readonly #keys = new AddKeys();
  readonly #gatherer: Gatherer<AddedJob>;
  readonly #streams = new Set<EventStream>();
  /** Users and grants, which decide who may subscribe to what. */
  readonly access: AccessClient;
  /** Clients of the event gateways. */
  readonly connections: ConnectionClient;
  /** Many jobs at once, by a filter. */
  readonly bulk: BulkClient;
  /** Event types, and what describes them. */
  readonly event: EventClient;
  /** What is encrypted with which key. */
  readonly keys: KeyClient;
  readonly database: DatabaseClient;
  /** Jobs that come by themselves. */
  readonly schedules: ScheduleClient;
  /** Access tokens that are refused before they expire. */
  readonly tokens: TokenClient;

  constructor(options: ConnectOptions = {}) {
    this.#address = addressOf(options);
    this.#http = new ControlHttp(this.#address, options.patienceMs ?? 3_000);
    this.#channel = new RequestChannel(this.#address, this.#http);
    this.#gatherer = new Gatherer({
      send: async (body) => [await this.#addJobs(body)].flat() as AddedJob[],
      maxCount: MAX_BATCH_JOBS,
    });
    this.event = new EventClient(this.#http, (body) => this.#addJobs(body, '/v1/events'));
    this.access = new AccessClient(this.#http);
    this.bulk = new BulkClient(this.#http);
    this.connections = new ConnectionClient(this.#http);
    this.keys = new KeyClient(this.#http);
    this.database = new DatabaseClient(this.#http);
    this.schedules = new ScheduleClient(this.#http);
    this.tokens = new TokenClient(this.#http);
  }

  /**
   * Adds one job; resolved means that it is on disk, or what its `durability` says. Calls of one event-loop turn
   * share a request.
   *
   * @throws TaskbellError E_UNKNOWN_TYPE, E_PAYLOAD_INVALID, E_PAYLOAD_TOO_LARGE, E_INVALID_REQUEST …
   */
  add(type: string, payload: Json = null, options: AddOptions = {}): Promise<AddedJob> {
    return tracedAdd([{ ...options, type, payload }], ([request]) =>
      this.#addOne(request ?? { ...options, type, payload }),
    );
  }

  async #addOne(request: JobRequest): Promise<AddedJob> {
    const { type, payload = null, ref } = request;
    const text = toText(request);
    checkPayload(type, text, payload);
    // A ref holds for one request: gathered with others, it would be theirs too.
    if (ref !== undefined) return (await this.#addJobs(text)) as AddedJob;
    return await this.#gatherer.add(text);
  }

  /** Adds up to 10,000 jobs, all or none. */
  addMany(requests: readonly JobRequest[]): Promise<readonly AddedJob[]> {
    return tracedAdd(requests, async (traced) => {
      const body = toText(traced);
      checkBatch(traced.length, Buffer.byteLength(body));
      return (await this.#addJobs(body)) as AddedJob[];
    });
  }

  /**
   * Adds jobs that name each other by `ref` and `after`, all or none.
   * @returns the jobs by their refs
   */
  async addFlow(requests: readonly JobRequest[]): Promise<Readonly<Record<string, AddedJob>>> {
    const jobs = await this.addMany(requests);
    const named = requests.flatMap(({ ref }, n) => (ref === undefined ? [] : [[ref, jobs[n]]]));
    return Object.fromEntries(named);
  }

  /** Adds up to 10,000 jobs and one that runs when all of them have ended, however they did; all or none. */
  async addBatch(batch: BatchRequest): Promise<AddedBatch> {
    return await tracedAdd([batch.callback, ...batch.jobs], async ([callback, ...jobs]) => {
      const body = toText({ ...batch, callback: callback ?? batch.callback, jobs });
      checkBatch(jobs.length, Buffer.byteLength(body));
      return (await this.#addJobs(body, '/v1/batches')) as AddedBatch;
    });
  }

  /**
   * Adds any number of jobs in chunks, each all or nothing. A repeat within a day goes on where this one was
   * broken off, and adds nothing twice. Refs hold inside of a chunk.
   *
   * @throws ImportStopped with the number of the job to go on from, counted from 1
   */
  importJobs(
    requests: AsyncIterable<JobRequest> | Iterable<JobRequest>,
    options: ImportOptions = {},
  ): Promise<ImportProgress> {
    return this.importLines(numberLines(requests), options);
  }

  /** As `importJobs`, of jobs that are JSON text already and have numbers of their own. */
  importLines(
    lines: AsyncIterable<ImportLine>,
    options: ImportOptions = {},
  ): Promise<ImportProgress> {
    return importLines(lines, (body, key) => this.#addJobs(body, '/v1/jobs', key), options);
  }

  /** Jobs as `importJobs` takes them: those that wait, unless the filter names states. */
  exportJobs(
    filter: JobFilter = {},
    signal?: AbortSignal,
    reveal = false,
  ): AsyncIterable<JobRequest> {
    return this.bulk.export(filter, signal, reveal);
  }

  /** @param options `reveal`: with the fields that `[privacy] redact` hides, which the daemon logs */
  async get(id: string, { reveal = false } = {}): Promise<JobView> {
    const query = reveal ? '?reveal=1' : '';
    return (await this.#get(`/v1/jobs/${encodeURIComponent(id)}${query}`)) as JobView;
  }

  async list(options: ListOptions = {}): Promise<JobPage> {
    return (await this.#get(`/v1/jobs${queryOf({ ...options })}`)) as JobPage;
  }

  /**
   * Resolves when the job has ended, at once if it has already: an end cannot be missed. Goes on
   * through restarts of the daemon.
   *
   * @throws TaskbellError E_TIMEOUT after `timeoutMs`; the signal's reason when it aborts
   */
  async wait(id: string, options: WaitOptions = {}): Promise<JobView> {
    return await waitForJob(this.#http, id, options);
  }

  /** Ends the job as soon as its handler lets go; a job that waits is cancelled at once. */
  async cancel(id: string): Promise<JobView> {
    return (await this.#post(`/v1/jobs/${encodeURIComponent(id)}/cancel`)) as JobView;
  }

  /**
   * Queues a failed or cancelled job again. `dependents`: jobs that were ended because it had not succeeded
   * wait for it again.
   */
  async retry(id: string, { dependents = false } = {}): Promise<JobView> {
    const query = dependents ? '?dependents=true' : '';
    return (await this.#post(`/v1/jobs/${encodeURIComponent(id)}/retry${query}`)) as JobView;
  }

  /** The jobs that this one depends on, and those that depend on it. */
  async relatives(id: string): Promise<RelativesView> {
    return (await this.#get(`/v1/jobs/${encodeURIComponent(id)}/dependencies`)) as RelativesView;
  }

  /** What the job wrote, after line number `after`. */
  async logs(id: string, options: { after?: number; limit?: number } = {}): Promise<LogPage> {
    const path = `/v1/jobs/${encodeURIComponent(id)}/logs${queryOf({ ...options })}`;
    return (await this.#get(path)) as LogPage;
  }

  /**
   * The lines of the job's log as they come, page by page, until it has ended. It goes on through restarts of
   * the daemon, repeats none, and a slow reader costs nobody's memory.
   */
  followLogs(id: string, options: FollowLogsOptions = {}): AsyncGenerator<LogPage> {
    return followLogs(this.#http, id, options);
  }

  /** Why the job waits: every reason, as a code, a sentence and facts. */
  why(id: string): Promise<WhyView> {
    return whyOf(this.#http, id);
  }

  /** How the work goes, by queue and by type: since the daemon's core woke. */
  stats(filter: { readonly type?: string; readonly queue?: string } = {}): Promise<StatsView> {
    return statsOf(this.#http, filter);
  }

  /**
   * Publishes one event, or several, all or none; resolved means that they are in the log, or, of a type that is
   * only live, on their way. Single ones of one event-loop turn share a request.
   */
  publish(events: EventRequest | readonly EventRequest[]): Promise<readonly PublishedEvent[]> {
    return this.event.publish(events);
  }

  /**
   * The log from a cursor, as an async iterator that survives restarts of the daemon. It subscribes at
   * once (`attached` says when that is in force), misses nothing and repeats nothing; a slow reader
   * slows the stream, not the memory.
   */
  events(options: EventsOptions = {}): EventStream {
    const { type = '*', id = '*', topics = [{ type, id }], ...rest } = options;
    const patient = this.#http.hasAnswered;
    const address = this.#address;
    const onEnd = () => this.#streams.delete(stream);
    // A reader that leaves and comes back during a restart has met the daemon already.
    const onConnected = () => this.#http.noteAnswer();
    const own = { address, topics, onConnected, onEnd, patient };
    const stream: EventStream = new EventStream({ ...rest, ...own });
    this.#streams.add(stream);
    return stream;
  }

  /** One page of the log. */
  async eventPage(options: EventPageOptions = {}): Promise<EventPage> {
    return (await this.#get(`/v1/events${queryOf({ ...options })}`)) as EventPage;
  }

  async queues(): Promise<readonly QueueView[]> {
    return ((await this.#get('/v1/queues')) as { queues: QueueView[] }).queues;
  }

  /** Starts nothing of this queue until `resumeQueue`; what runs goes on. */
  async pauseQueue(name: string): Promise<QueueView> {
    return (await this.#post(`/v1/queues/${encodeURIComponent(name)}/pause`)) as QueueView;
  }

  /** The queue takes no more jobs, until `resumeQueue`; what it holds runs to its end. */
  async drainQueue(name: string): Promise<QueueView> {
    return (await this.#post(`/v1/queues/${encodeURIComponent(name)}/drain`)) as QueueView;
  }

  /** Resolves when the queue holds no unfinished job. Goes on through restarts of the daemon. */
  waitForQueue(name: string, options: WaitOptions = {}): Promise<QueueView> {
    return waitForQueue(this.#http, name, options);
  }

  async resumeQueue(name: string): Promise<QueueView> {
    return (await this.#post(`/v1/queues/${encodeURIComponent(name)}/resume`)) as QueueView;
  }

  /** The executors, as the daemon sees them now. */
  workers(): Promise<readonly WorkerView[]> {
    return listWorkers(this.#http);
  }

  /** Resolves when all executors are replaced by fresh ones, which have loaded the handlers anew. */
  restartWorkers(options: RestartOptions = {}): Promise<readonly ReplacedWorker[]> {
    return restartWorkers(this.#http, options);
  }

  /** Resolves when all gateways are replaced by fresh ones; their clients are asked to come back. */
  restartGateways(options: GatewayRestartOptions = {}): Promise<readonly ReplacedGateway[]> {
    return restartGateways(this.#http, options);
  }

  /** The executor takes no more jobs, what runs goes on; all of them without a pid. */
  quietWorker(pid?: number): Promise<readonly WorkerView[]> {
    return quietWorkers(this.#http, pid);
  }

  /** Has the service read its configuration anew: all of it, or nothing where it has a problem. */
  reloadConfig(): Promise<ReloadAnswer> {
    return reloadConfig(this.#http);
  }

  async status({ details = false, signal }: StatusOptions = {}): Promise<StatusView> {
    const path = `/v1/status${details ? '?details=1' : ''}`;
    const call = { method: 'GET', path, ...(signal === undefined ? {} : { signal }) } as const;
    return (await this.#http.call(call)) as StatusView;
  }

  /** How the report client stands that emits Task Finish and Task Failed. */
  async report(): Promise<ReportStatus> {
    return (await this.#get('/v1/report')) as ReportStatus;
  }

  /** Starts a report client again that gave up. */
  async retryReport(): Promise<ReportStatus> {
    return (await this.#post('/v1/report/retry')) as ReportStatus;
  }

  /** Ends open event iterations and idle connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#streams].map((stream) => stream.return()));
    this.#streams.clear();
    this.#channel.close();
    this.#http.close();
  }

  async #get(path: string): Promise<unknown> {
    return await this.#http.call({ method: 'GET', path });
  }

  /** With a key, so that an add whose answer was lost in a restart is asked again and done once. */
  #addJobs(body: string, path = '/v1/jobs', key = this.#keys.next()): Promise<unknown> {
    return this.#channel.call({ method: 'POST', path, body, idempotencyKey: key });
  }

  async #post(path: string, body?: string): Promise<unknown> {
    return await this.#http.call({ method: 'POST', path, ...(body === undefined ? {} : { body }) });
  }
}
