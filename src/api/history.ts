/** /v1/events/history and /v1/events/cursors: what a gateway asks for subscribers that come back. */
import * as v from 'valibot';
import {
  type CursorMove,
  type HistoryRequest,
  MAX_CURSOR_MOVES,
  MAX_HISTORY_TOPICS,
} from '../protocol/history.ts';
import { check, NAME, shortText, wholeNumber } from '../protocol/shapes.ts';
import type { ApiContext } from './api-context.ts';
import { type ApiAnswer, type ApiRequest, ok, type Route } from './route.ts';

const TOPIC = v.strictObject({ type: NAME, id: shortText(256) });
const POSITION = v.pipe(
  v.string('expected text'),
  v.regex(/^\d{1,15}$/, 'expected a position of the log'),
);
const CURSOR_NAME = v.pipe(
  v.string('expected text'),
  v.regex(/^[A-Za-z0-9_.-]{1,64}$/, 'expected 1 to 64 of letters, digits, _ . -'),
);
const CURSOR = { user: shortText(256), name: CURSOR_NAME };

const HISTORY_REQUEST = v.pipe(
  v.strictObject({
    topics: v.pipe(
      v.array(TOPIC, 'expected an array'),
      v.minLength(1, 'expected at least one topic'),
      v.maxLength(MAX_HISTORY_TOPICS, `expected at most ${MAX_HISTORY_TOPICS} topics`),
    ),
    since: v.optional(shortText(64)),
    epoch: v.optional(shortText(64)),
    cursor: v.optional(v.strictObject(CURSOR)),
    last: v.optional(v.literal(true, 'expected true')),
    limit: v.optional(wholeNumber(1, 1_000)),
    maxBytes: v.optional(wholeNumber(1, 4 * 1_048_576)),
  }),
  v.check(
    ({ since, cursor, last }) =>
      [since, cursor, last].filter((one) => one !== undefined).length < 2,
    'expected one of since, cursor and last',
  ),
);

const CURSOR_MOVES = v.strictObject({
  moves: v.pipe(
    v.array(v.strictObject({ ...CURSOR, seq: POSITION }), 'expected an array'),
    v.maxLength(MAX_CURSOR_MOVES, `expected at most ${MAX_CURSOR_MOVES} moves`),
  ),
});

export function historyRoutes({ history }: ApiContext): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/events/history',
      forEdges: true,
      handle: async (request) => {
        const what = 'The question for history is not valid';
        const asked = check(HISTORY_REQUEST, await request.json(), what) as HistoryRequest;
        return ok(await history.read(asked));
      },
    },
    {
      method: 'POST',
      path: '/v1/events/cursors',
      forEdges: true,
      handle: (request) => moveCursors(history, request),
    },
  ];
}

async function moveCursors(
  history: ApiContext['history'],
  request: ApiRequest,
): Promise<ApiAnswer> {
  const what = 'The acknowledgement is not valid';
  const { moves } = check(CURSOR_MOVES, await request.json(), what) as {
    moves: readonly CursorMove[];
  };
  await history.moveCursors(moves);
  return ok({ moved: moves.length });
}
