/** What requests about schedules must look like, and the spec that they come to with their defaults. */
import * as v from 'valibot';
import { TaskbellError } from '../protocol/errors.ts';
import type { Json } from '../protocol/json.ts';
import type { PreviewRequest, ScheduleRequest, TimingRequest } from '../protocol/schedules.ts';
import { check, ISO_TIME, NAME, oneOf, shortText, wholeNumber } from '../protocol/shapes.ts';
import {
  DST_GAP_POLICIES,
  DST_OVERLAP_POLICIES,
  MISSED_POLICIES,
  OVERLAP_POLICIES,
  type ScheduleSpec,
  type Timing,
} from '../schedule/schedule-spec.ts';

const MAX_INTERVAL_MS = 366 * 86_400_000;
const MOST_RUNS = 1_000;

const TIMING = {
  cron: v.optional(shortText(256)),
  everyMs: v.optional(wholeNumber(1_000, MAX_INTERVAL_MS)),
  timezone: v.optional(shortText(100)),
  dstGap: v.optional(v.picklist(DST_GAP_POLICIES, oneOf(DST_GAP_POLICIES))),
  dstOverlap: v.optional(v.picklist(DST_OVERLAP_POLICIES, oneOf(DST_OVERLAP_POLICIES))),
  jitterMs: v.optional(wholeNumber(0, MAX_INTERVAL_MS)),
};

const SCHEDULE_REQUEST = v.strictObject({
  name: NAME,
  ...TIMING,
  job: NAME,
  payload: v.optional(v.unknown()),
  queue: v.optional(NAME),
  priority: v.optional(wholeNumber(-1000, 1000)),
  userId: v.optional(shortText(256)),
  missed: v.optional(v.picklist(MISSED_POLICIES, oneOf(MISSED_POLICIES))),
  missedLimit: v.optional(wholeNumber(1, 10_000)),
  overlap: v.optional(v.picklist(OVERLAP_POLICIES, oneOf(OVERLAP_POLICIES))),
  enabled: v.optional(v.boolean('expected true or false')),
});

const PREVIEW_REQUEST = v.strictObject({
  name: v.optional(NAME),
  ...TIMING,
  count: v.optional(wholeNumber(1, MOST_RUNS)),
  after: v.optional(ISO_TIME),
});

/** @throws TaskbellError E_INVALID_REQUEST */
export function readSchedule(body: unknown): ScheduleSpec {
  const request = check(SCHEDULE_REQUEST, body, 'The schedule is not valid') as ScheduleRequest;
  return {
    name: request.name,
    ...timingOf(request),
    job: request.job,
    payload: renderPayload((request.payload ?? null) as Json),
    queue: request.queue ?? null,
    priority: request.priority ?? 0,
    userId: request.userId ?? null,
    missed: request.missed ?? 'last',
    missedLimit: request.missedLimit ?? 100,
    overlap: request.overlap ?? 'allow',
    enabled: request.enabled ?? true,
  };
}

function renderPayload(payload: Json): string {
  try {
    return JSON.stringify(payload);
  } catch (cause) {
    // JSON.parse takes any depth, JSON.stringify ends where the stack does.
    const words = 'The schedule is not valid: payload is nested too deeply.';
    throw new TaskbellError('E_INVALID_REQUEST', words, {
      hint: 'Flatten it, or send it as text.',
      cause,
    });
  }
}

export interface Preview {
  readonly name: string;
  readonly timing: Timing;
  readonly count: number;
  /** Epoch milliseconds; undefined: now. */
  readonly after: number | undefined;
}

/** @throws TaskbellError E_INVALID_REQUEST */
export function readPreview(body: unknown): Preview {
  const request = check(PREVIEW_REQUEST, body, 'The preview is not valid') as PreviewRequest;
  const { name = 'preview', count = 10, after } = request;
  const at = after === undefined ? undefined : Date.parse(after);
  return { name, timing: timingOf(request), count, after: at };
}

function timingOf(request: TimingRequest): Timing {
  return {
    cron: request.cron ?? null,
    every: request.everyMs ?? null,
    timezone: request.timezone ?? 'UTC',
    dstGap: request.dstGap ?? 'after',
    dstOverlap: request.dstOverlap ?? 'first',
    jitter: request.jitterMs ?? 0,
  };
}
