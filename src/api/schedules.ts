/** /v1/schedules: list, add, show, remove, run, pause, resume, preview. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TaskbellError } from '../protocol/errors.ts';
import { findTimingProblem } from '../schedule/check-timing.ts';
import { nextRuns, type Run, type TimesOf } from '../schedule/next-runs.ts';
import { isActive, timesOf } from '../schedule/schedule.ts';
import type { ApiContext, ScheduleFacts } from './api-context.ts';
import { toSummary } from './job-view.ts';
import { limitOf } from './query.ts';
import { redactionFor } from './reveal.ts';
import { type ApiAnswer, type ApiRequest, created, ok, type Route, required } from './route.ts';
import { readPreview, readSchedule } from './schedule-requests.ts';
import { toRunView, toScheduleView } from './schedule-view.ts';

export function scheduleRoutes(context: ApiContext): readonly Route[] {
  const { schedules } = context;
  const named = (request: ApiRequest): string => required(request, 'name');
  const shown = (request: ApiRequest, facts: ScheduleFacts) =>
    toScheduleView(facts, redactionFor(context, request, `schedule ${facts.schedule.spec.name}`));
  const setPaused = (paused: boolean) => async (request: ApiRequest) =>
    ok(shown(request, await schedules.setPaused(named(request), paused)));
  return [
    {
      method: 'GET',
      path: '/v1/schedules',
      handle: async (request) => {
        const all = await schedules.list();
        return ok({ schedules: all.map((facts) => shown(request, facts)) });
      },
    },
    {
      method: 'POST',
      path: '/v1/schedules',
      handle: async (request) =>
        created(shown(request, await schedules.add(readSchedule(await request.json())))),
    },
    {
      method: 'POST',
      path: '/v1/schedules/preview',
      handle: (request) => previewTimes(context, request),
    },
    {
      method: 'GET',
      path: '/v1/schedules/:name',
      handle: async (request) => ok(shown(request, await schedules.get(named(request)))),
    },
    {
      method: 'DELETE',
      path: '/v1/schedules/:name',
      handle: async (request) => {
        await schedules.remove(named(request));
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/v1/schedules/:name/preview',
      handle: (request) => previewSchedule(context, request),
    },
    {
      method: 'POST',
      path: '/v1/schedules/:name/run',
      handle: async (request) => created(toSummary(await schedules.runNow(named(request)))),
    },
    { method: 'POST', path: '/v1/schedules/:name/pause', handle: setPaused(true) },
    { method: 'POST', path: '/v1/schedules/:name/resume', handle: setPaused(false) },
  ];
}

async function previewTimes({ now }: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const { name, timing, count, after = now() } = readPreview(await request.json());
  const problem = findTimingProblem(timing, after);
  if (problem !== null) {
    const words = `The preview is not valid: ${problem.field}: ${problem.text}.`;
    throw new TaskbellError('E_INVALID_REQUEST', words, {
      hint: 'docs/schedules.md describes what an expression may hold.',
    });
  }
  return preview({ ...timing, name, anchor: after }, after, count);
}

async function previewSchedule(context: ApiContext, request: ApiRequest): Promise<ApiAnswer> {
  const { schedule } = await context.schedules.get(required(request, 'name'));
  const count = limitOf(request.query, { name: 'count', usual: 10, most: 1_000 });
  // One that rests owes nothing; it would go on with the first run from now.
  const rests = !isActive(schedule);
  const after = rests ? Math.max(schedule.cursor, context.now()) : schedule.cursor;
  return preview(timesOf(schedule), after, count);
}

/** Runs of times that are rare cost milliseconds each: others have their turn between a few of them. */
const RUNS_AT_ONCE = 10;

async function preview(times: TimesOf, after: number, count: number): Promise<ApiAnswer> {
  const runs: Run[] = [];
  for (let from = after; runs.length < count; ) {
    const some = nextRuns(times, from, Math.min(RUNS_AT_ONCE, count - runs.length));
    const last = some.at(-1);
    if (last === undefined) break;
    runs.push(...some);
    from = last.slot;
    await nextTurn();
  }
  return ok({ runs: runs.map((run) => toRunView(run, times.timezone)) });
}
