/**
 * What `status` tells beyond a glance: gathered when somebody asks for it, kept nowhere. Looks at files by their names
 * alone, since whoever opens the database's files and closes them drops its locks.
 */
import { statfsSync, statSync } from 'node:fs';
import { CLIENT_CURSOR_PREFIX, type EventLog } from '../log/event-log.ts';
import { vitalsOf } from '../process/process-vitals.ts';
import type { StorageView } from '../protocol/database.ts';
import type { GatewayView } from '../protocol/gateways.ts';
import type {
  CursorView,
  DiskView,
  ReportStatus,
  RuntimeView,
  StatusDetails,
  VitalsView,
} from '../protocol/status.ts';
import type { CoreSeeing } from './seeing.ts';
import type { TroubleLog } from './trouble-log.ts';

export interface DetailParts {
  readonly databaseFile: string;
  readonly runtime: RuntimeView;
  readonly log: Pick<EventLog, 'top' | 'cursors'>;
  readonly seeing: Pick<CoreSeeing, 'queues'>;
  readonly report: { readonly status: () => Promise<ReportStatus> };
  readonly gateways: () => Promise<readonly GatewayView[]>;
  readonly troubles: TroubleLog;
  readonly storage?: () => StorageView;
}

/** Cursors of clients: those that are the furthest behind. */
const MAX_CLIENT_CURSORS = 10;

export async function gatherDetails(
  parts: DetailParts,
  pids: readonly (number | null)[],
): Promise<StatusDetails> {
  const { databaseFile, runtime, seeing, troubles } = parts;
  const gateways = await parts.gateways();
  return {
    queues: await seeing.queues(),
    cursors: await cursorsOf(parts, gateways),
    disk: diskOf(databaseFile),
    ...(parts.storage && { storage: parts.storage() }),
    vitals: pids.flatMap((pid) => (pid === null ? [] : [vitalsAt(pid)])),
    delivered: gateways.reduce((sum, { figures }) => sum + (figures?.deliveredTotal ?? 0), 0),
    troubles: troubles.last(),
    runtime,
  };
}

function vitalsAt(pid: number): VitalsView {
  return { pid, ...vitalsOf(pid) };
}

async function cursorsOf(
  { log, report }: DetailParts,
  gateways: readonly GatewayView[],
): Promise<readonly CursorView[]> {
  const top = Number(log.top());
  const at = (name: string, position: string): CursorView => {
    return { name, position, lag: Math.max(0, top - Number(position)) };
  };
  const { cursor, state } = await report.status();
  const clients = await log.cursors(CLIENT_CURSOR_PREFIX, MAX_CLIENT_CURSORS);
  return [
    ...(state === 'off' ? [] : [at('report', cursor)]),
    ...gateways.map(({ name, lag }) => ({
      ...{ name: `gateway:${name}`, position: String(Math.max(0, top - lag)), lag },
    })),
    ...clients.map(({ name, position }) => at(name, position)),
  ];
}

function diskOf(databaseFile: string): DiskView {
  const { freeBytes, totalBytes } = spaceAt(databaseFile);
  return {
    databaseBytes: sizeOf(databaseFile),
    walBytes: sizeOf(`${databaseFile}-wal`),
    freeBytes,
    totalBytes,
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function spaceAt(path: string): Pick<DiskView, 'freeBytes' | 'totalBytes'> {
  try {
    const { bavail, blocks, bsize } = statfsSync(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    // A file system that does not tell.
    return { freeBytes: null, totalBytes: null };
  }
}
