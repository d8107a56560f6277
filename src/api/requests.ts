/** The shapes that requests must have besides that of a job (protocol/shapes.ts). Unknown keys are refused. */
import * as v from 'valibot';
import { MAX_BULK_STEP_MS, MAX_FILTER_IDS } from '../protocol/bulk.ts';
import { JOB_STATES } from '../protocol/jobs.ts';
import {
  ISO_TIME,
  JOB_REQUEST,
  MAX_TIMEOUT_MS,
  NAME,
  oneOf,
  shortText,
  wholeNumber,
} from '../protocol/shapes.ts';

export const BATCH_REQUEST = v.strictObject({
  jobs: v.array(JOB_REQUEST, 'expected an array'),
  callback: JOB_REQUEST,
});

export const EVENT_REQUEST = v.strictObject({
  type: NAME,
  id: shortText(256),
  data: v.array(v.unknown(), 'expected an array'),
});

export const USER_REQUEST = v.strictObject({
  id: shortText(256),
  name: v.optional(shortText(256)),
});

export const GRANT = v.strictObject({ user: shortText(256), type: NAME, id: shortText(256) });

export const ACCESS_QUESTION = v.strictObject({
  user: shortText(256),
  type: NAME,
  id: shortText(256),
});

export const RESTART_REQUEST = v.strictObject({
  rolling: v.optional(v.boolean('expected true or false')),
  timeoutMs: v.optional(wholeNumber(0, MAX_TIMEOUT_MS)),
});

export const STATE = v.picklist(JOB_STATES, oneOf(JOB_STATES));

const MAX_AGE_MS = 100 * 366 * 86_400_000;

const JOB_FILTER = v.strictObject({
  ids: v.optional(
    v.pipe(
      v.array(shortText(64), 'expected an array'),
      v.maxLength(MAX_FILTER_IDS, `expected at most ${MAX_FILTER_IDS} ids`),
    ),
  ),
  state: v.optional(
    v.pipe(
      v.array(v.picklist(JOB_STATES, oneOf(JOB_STATES)), 'expected an array'),
      v.minLength(1, 'expected at least one state'),
    ),
  ),
  type: v.optional(NAME),
  queue: v.optional(NAME),
  group: v.optional(shortText(256)),
  userId: v.optional(shortText(256)),
  createdBefore: v.optional(ISO_TIME),
  createdAfter: v.optional(ISO_TIME),
  olderThanMs: v.optional(wholeNumber(0, MAX_AGE_MS)),
  error: v.optional(shortText(1_000)),
});

export const BULK_REQUEST = v.strictObject({
  filter: JOB_FILTER,
  dryRun: v.optional(v.boolean('expected true or false')),
  queue: v.optional(NAME),
  forMs: v.optional(wholeNumber(1, MAX_BULK_STEP_MS)),
  cursor: v.optional(shortText(64)),
});

export const EXPORT_REQUEST = v.strictObject({
  filter: JOB_FILTER,
  cursor: v.optional(shortText(64)),
});
