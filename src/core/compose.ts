/**
 * Puts the awake core together: the one file that knows the adapters.
 *
 *   database ─▶ commit loop ─▶ stores ─▶ pool, clock, reports ─▶ control server
 *
 * Started in this order, stopped in the reverse one, so that whoever can still be asked is still
 * able to answer.
 */
import { Directory } from '../access/directory.ts';
import { TokenRevocations } from '../access/token-revocations.ts';
import type { ApiContext } from '../api/api-context.ts';
import { skipAhead } from '../log/sqlite/log-position.ts';
import { LogWriter } from '../log/sqlite/log-writer.ts';
import { SEALED_LOG_TABLES } from '../log/sqlite/segment.ts';
import { SqliteEventLog } from '../log/sqlite/sqlite-event-log.ts';
import { readBootId } from '../process/boot-id.ts';
import type { Service } from '../process/service.ts';
import { ACCESS_EVENT_TYPE } from '../protocol/events.ts';
import type { RuntimeView } from '../protocol/status.ts';
import { ForeignTypes } from '../queue/sqlite/foreign-types.ts';
import { JobCounts } from '../queue/sqlite/job-counts.ts';
import { skipJobIds } from '../queue/sqlite/job-ids.ts';
import { QueueModes } from '../queue/sqlite/queue-modes.ts';
import { SqliteQueueStats } from '../queue/sqlite/queue-stats.ts';
import { SEALED_JOB_TABLES } from '../queue/sqlite/sealed-rows.ts';
import { SqliteJobStore } from '../queue/sqlite/sqlite-job-store.ts';
import { SqliteLimitLedger } from '../queue/sqlite/sqlite-limit-ledger.ts';
import { ReportClient } from '../report/report-client.ts';
import {
  SEALED_SCHEDULE_TABLES,
  SqliteScheduleStore,
} from '../schedule/sqlite/sqlite-schedule-store.ts';
import { type Database, openDatabase, prepareTransaction } from '../sqlite/database.ts';
import { SealedTables } from '../sqlite/sealed-tables.ts';
import { provesFrames } from '../wire/frame-proof.ts';
import { accessRow, checkAccess } from './access-check.ts';
import { apiTokens } from './api-token.ts';
import { CommitLoop } from './commit-loop.ts';
import { ConfigReload } from './config-reload.ts';
import { controlRoutes } from './control-routes.ts';
import { ControlServer } from './control-server.ts';
import type { CoreParts } from './core-parts.ts';
import { Dispatcher } from './dispatcher.ts';
import { DueClock } from './due-clock.ts';
import { engineService } from './engine-service.ts';
import { problemWithEvent } from './event-data.ts';
import { CoreEventService } from './event-service.ts';
import { checkEventType, type EventTypes, eventTypesOf, unknownEventType } from './event-types.ts';
import { ExecutorNews } from './executor-news.ts';
import { ExecutorPool } from './executor-pool.ts';
import { CoreFigures } from './figures.ts';
import { Follower } from './follower.ts';
import { FollowerHeartbeat } from './follower-heartbeat.ts';
import { GatewaySide } from './gateway-side.ts';
import { CommitProof } from './health.ts';
import { CoreHistory } from './history-service.ts';
import { InHand } from './in-hand.ts';
import { CoreJobService } from './job-service.ts';
import { JobTypes } from './job-types.ts';
import { keepingService } from './keeping.ts';
import { CoreKeyService } from './key-service.ts';
import { Lanes } from './lanes.ts';
import { CoreLimitRules } from './limit-rules.ts';
import { followChanges } from './live-changes.ts';
import { LogReportSource, noteRows, withoutReceiver } from './log-report-source.ts';
import { operatingServices } from './operating-services.ts';
import { CoreOverview } from './overview.ts';
import { PayloadCheck } from './payload-check.ts';
import { Peers } from './peers.ts';
import { openPrivacy } from './privacy.ts';
import { redactionService } from './redaction.ts';
import { noteSettled } from './released.ts';
import { runtimeFacts } from './runtime-facts.ts';
import { buildSchedules } from './schedules.ts';
import { CoreSeeing } from './seeing.ts';
import { endOfUnreadable, Settlement } from './settlement.ts';
import { openStorage, type StorageSide } from './storage-side.ts';
import { CoreTokenService, revocationRow } from './token-service.ts';
import { TypeGuard } from './type-guard.ts';
import { WorkerControl } from './worker-control.ts';

/** After a claim that the store refused. */
const CLAIM_AGAIN_MS = 1_000;

/** @returns the parts in the order in which they start */
export function composeCore(given: CoreParts): readonly Service[] {
  const figures = new CoreFigures(given.troubles);
  const log = given.log.child({ component: 'core' });
  const storage = openStorage({ ...given, log }, () => stores.commitLoop.nudge());
  const parts = { ...given, figures, storage, log };
  const { settings } = parts;
  const eventTypes = eventTypesOf(settings);
  const db = storage.begin(openDatabase);
  const stores = openStores(db, parts, eventTypes);
  noteRows(stores.events, parts.onRows);
  stores.events.onAppended((rows) => figures.noteRows(rows));
  const engine = buildEngine(stores, parts);
  followChanges(parts.live, engine);
  const source = new LogReportSource({
    log: stores.events,
    isReported: (type) => engine.types.isReported(type),
  });
  const report = new ReportClient({
    settings: settings.webSocket,
    source,
    log: given.log,
    now: () => performance.now(),
    random: Math.random,
  });
  const { revocations } = stores;
  const tokens = new CoreTokenService({ revocations, log: parts.log, now: Date.now });
  const presenceLingerMs = settings.webSocketEvents.presenceLinger;
  const gateways = new GatewaySide({ log: stores.events, report, presenceLingerMs });
  const runtime = runtimeFacts(db);
  const server = buildServer(parts, { stores, engine, report, tokens, gateways, runtime });
  const nobodyHears = settings.webSocket.url === null;
  const reporting = nobodyHears ? withoutReceiver(source) : report;
  const keeping = keepingService(parts, {
    ...{ store: stores.jobs, events: stores.events, types: eventTypes.all },
    skipReports: nobodyHears ? () => source.skipToTop() : undefined,
  });
  const core = [
    storage.closing(db, stores.commitLoop),
    storage,
    engineService(stores.jobs, engine),
  ];
  return [...core, reporting, keeping, tokens, gateways, server];
}

/** With what is counted meanwhile, and what holds the file. */
type Counted = CoreParts & { readonly figures: CoreFigures; readonly storage: StorageSide };
type Stores = ReturnType<typeof openStores>;
type Engine = ReturnType<typeof buildEngine>;

function openStores(db: Database, parts: Counted, eventTypes: EventTypes) {
  const { settings, onFatal, log, figures, storage } = parts;
  const privacy = openPrivacy(db, settings.privacy, log);
  const { cipher } = privacy;
  const commitLoop = new CommitLoop({
    ...{ transaction: prepareTransaction(db), onFatal },
    onFull: () => storage.guard.noteFull(),
    onCommitted: (writes, durationMs) => figures.commits.note(writes, durationMs),
  });
  const { commit } = commitLoop;
  const bootId = readBootId();
  storage.begin(() => skipAhead(db, bootId));
  storage.begin(() => skipJobIds(db, bootId));
  const writer = new LogWriter(db, cipher, eventTypes.isVolatile);
  const counts = new JobCounts(db);
  const limits = new SqliteLimitLedger(db);
  const modes = new QueueModes(db);
  commitLoop.join(counts);
  commitLoop.join(limits);
  commitLoop.join(modes);
  // Last: it stores what the others append in their last moment.
  commitLoop.join(writer);
  const jobs = new SqliteJobStore({ db, writer, counts, limits, modes, commit, cipher });
  return {
    ...{ commitLoop, eventTypes },
    jobs,
    schedules: new SqliteScheduleStore({ db, commit, cipher, jobs: jobs.inTransaction }),
    events: new SqliteEventLog(db, writer, commit, cipher),
    directory: new Directory(db, commit, (news) => void writer.append(accessRow(news), Date.now())),
    revocations: new TokenRevocations(db, commit, (news, now) => {
      writer.append(revocationRow(news), now);
    }),
    foreignTypes: new ForeignTypes(db, commit),
    stats: new SqliteQueueStats(db),
    fingerprint: privacy.fingerprint,
    keys: new CoreKeyService({ ...{ privacy, commit, log }, tables: sealedTables(db) }),
  };
}

function sealedTables(db: Database): SealedTables {
  const jobs = SEALED_JOB_TABLES;
  return new SealedTables(db, [...jobs, ...SEALED_SCHEDULE_TABLES, ...SEALED_LOG_TABLES]);
}

function buildEngine(
  {
    jobs,
    schedules: scheduleStore,
    events,
    commitLoop,
    foreignTypes,
    stats,
    fingerprint,
    eventTypes,
  }: Stores,
  parts: Counted,
) {
  const { settings, log, expectExecutors, processes } = parts;
  const { guard } = parts.storage;
  const now = Date.now;
  const onFailure = (err: unknown): void => log.error({ err }, 'the store refused');
  const nudge = (): void => commitLoop.nudge();
  const types = new JobTypes(settings.jobs, settings.worker.handlersDirectory);
  types.learn(types.foreign(foreignTypes.all()));
  const lanes = new Lanes();
  const limits = new CoreLimitRules(settings.queues, types);
  const executors = () => pool.executors();
  const typeGuard = new TypeGuard({ lanes, executors, log, now, nudge });
  const seeing = new CoreSeeing({
    ...{ store: jobs, log: events, schedules: scheduleStore, stats, types, lanes, limits, now },
    ...{ executors, typeGuard },
  });
  const dueClock = new DueClock({
    ...{ store: jobs, now, onFailure },
    onDue: (due) => {
      lanes.mark(due);
      nudge();
    },
  });
  const settlement = new Settlement({
    ...{ store: jobs, types, log, now, random: Math.random },
    problemWithEvent: (event) => problemWithEvent(event, eventTypes),
    onEnds: (ends) => {
      seeing.noteEnds(ends);
      parts.figures.jobs.noteEnds(ends);
      typeGuard.noteEnds(ends);
    },
    onSettled: (answers) => {
      noteSettled({ lanes, dueClock }, answers);
      nudge();
    },
  });
  const payloadCheck = new PayloadCheck({ types, expectExecutors, executors });
  const inHand = new InHand(log);
  const news = new ExecutorNews();
  typeGuard.follow(news);
  const pool = new ExecutorPool({
    ...{ store: jobs, types, inHand, settlement, payloadCheck, log, now, nudge, onFailure },
    news,
    foreignTypes,
    onLines: (lines) => seeing.noteLines(lines),
    onDeath: (suspects) => typeGuard.noteDeath(suspects),
    patience: parts.patience,
    endReason: (pid) => parts.endReason?.(pid),
    isStopping: (pid) =>
      processes().some((process) => process.pid === pid && process.state === 'stopping'),
  });
  const dispatcher = new Dispatcher({
    ...{ store: jobs, types, lanes, limits, guard: typeGuard, inHand, log, now, nudge, executors },
    expect: (at) => dueClock.expect(at),
    refuse: (unreadable) => settlement.settle(unreadable.map(endOfUnreadable)),
    onPicked: (picked, at) => parts.figures.jobs.notePicked(picked, at),
    onFailure: (err) => {
      onFailure(err);
      // Nothing else may happen that would ask for the free slots again.
      dueClock.expect(now() + CLAIM_AGAIN_MS);
    },
  });
  commitLoop.onFlush(() => {
    // What is claimed has to be written, in space that is kept for ends.
    if (!guard.isFull) dispatcher.fill();
  });
  const service = new CoreJobService({
    ...{ store: jobs, log: events, types, lanes, pool, payloadCheck, dueClock, now, nudge },
    ...{ fingerprint, logger: log, mustAccept: guard.refuseWhenFull },
  });
  const schedules = buildSchedules({
    ...{ store: scheduleStore, jobs, events, types, lanes, pool, dueClock, service },
    ...{ settings, log, now, nudge },
  });
  return { types, limits, lanes, dueClock, pool, news, service, schedules, nudge, seeing };
}

/** What the control server stands on. */
interface Built {
  readonly stores: Stores;
  readonly engine: Engine;
  readonly report: ReportClient;
  readonly tokens: CoreTokenService;
  readonly gateways: GatewaySide;
  readonly runtime: RuntimeView;
}

function buildServer(parts: Counted, built: Built): ControlServer {
  const { settings, log } = parts;
  const { stores, engine, gateways } = built;
  const peers = new Peers();
  const events = new CoreEventService({
    ...{ log: stores.events, types: stores.eventTypes, fingerprint: stores.fingerprint },
    ...{ gateway: settings.webSocketEvents, now: Date.now },
    mustAccept: parts.storage.guard.refuseWhenFull,
  });
  const context = apiContext(parts, { ...built, peers, events });
  const { address, port, hosts } = settings.api;
  const problemWith = (type: string): string | null =>
    type === '*' || type === ACCESS_EVENT_TYPE
      ? null
      : (unknownEventType(type, stores.eventTypes)?.message ?? null);
  const ownFrames = settings.daemon.directFrames && provesFrames();
  const followed = {
    log: stores.events,
    problemWith,
    ownFrames,
    heartbeat: new FollowerHeartbeat(),
    onDropped: (count: number) => events.noteDropped(count),
  };
  return new ControlServer({
    socketPath: settings.daemon.controlSocket,
    given: parts.given,
    tcp:
      port === 0 && parts.given?.http === undefined
        ? null
        : { address, port, hosts, tokens: apiTokens(settings.daemon.dataDirectory) },
    routes: controlRoutes(context),
    streams: [
      {
        path: '/v1/execute',
        accept: (socket, { isRemote }) => engine.pool.accept(socket, isRemote),
      },
      {
        path: '/v1/events',
        forEdges: true,
        accept: (socket, { query, transport, isRemote }) => {
          peers.add(socket, query, isRemote);
          const gateway = gateways.accept(socket, query);
          const world = { ...followed, otherwise: gateway?.hear };
          const follower = new Follower(socket, transport, world);
          gateway?.follows(() => follower.position);
        },
      },
    ],
    ownFrames,
    log,
  });
}

function apiContext(
  { settings, live, askReload, processes, figures, storage, log: auditLog }: Counted,
  {
    stores,
    engine,
    report,
    tokens,
    gateways,
    runtime,
    peers,
    events,
  }: Built & { readonly peers: Peers; readonly events: CoreEventService },
): ApiContext {
  const { jobs: store, events: log, directory, commitLoop, eventTypes } = stores;
  const startedAt = new Date().toISOString();
  const executors = () => engine.pool.executors();
  const current = () => live?.current ?? settings;
  const { seeing } = engine;
  const overview = new CoreOverview({
    ...{ settings, startedAt, store, log, report, peers, executors, processes, seeing },
    ...{ gateways, figures, runtime, storage: () => storage.view() },
  });
  const nowMono = (): number => performance.now();
  const proof = new CommitProof({ commit: () => commitLoop.prove(), nowMono });
  return {
    ...{ jobs: engine.service, tokens, events },
    ...operatingServices({ ...engine, store, log }),
    schedules: engine.schedules.service,
    workers: new WorkerControl({ executors, news: engine.news }),
    ...{ seeing, keys: stores.keys, privacy: redactionService(settings.privacy, auditLog) },
    ...{ store, log, directory, report, now: Date.now },
    history: new CoreHistory({
      ...{ log, jobs: store, maxCursorsPerUser: () => current().webSocketEvents.maxCursorsPerUser },
    }),
    checkEventType: (type) => checkEventType(type, eventTypes),
    checkAccess: (question) => checkAccess(current().access, stores, question),
    connections: gateways.seeing,
    gateways: gateways.restart,
    config: new ConfigReload({ ask: askReload, supervisorPid: process.ppid, executors, peers }),
    metrics: () => overview.metrics(),
    status: (withDetails) => overview.status(withDetails),
    database: storage.service,
    proveCommit: () => proof.prove(),
  };
}
