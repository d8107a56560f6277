/** What is asked of a service on a golden database, in this order: reading first, since the rest adds to the log. */

const say = (connection, message, frames) => ({
  connection,
  say: message === null ? null : JSON.stringify(message),
  frames,
});

/** Of a refusal, what a person reads. */
const WORDING = ['title', 'hint'];

/** @param {Readonly<Record<string, string>>} ids of the jobs, by what became of them */
export function stepsFor(ids) {
  const settled = ['succeeded', 'failed', 'cancelled', 'scheduled', 'waiting'];
  return [
    ...settled.map((name) => ({ http: `GET /v1/jobs/${ids[name]}` })),
    { http: `GET /v1/jobs/${ids.succeeded}/logs` },
    { http: `GET /v1/jobs/${ids.waiting}/dependencies` },
    { http: 'GET /v1/jobs?state=failed&limit=10' },
    { http: 'GET /v1/jobs/999999', unlike: WORDING },
    { http: 'GET /v1/events?type=datasetUpdate', unlike: ['next'] },
    { http: 'GET /v1/events?limit=5' },
    { http: 'GET /v1/events?type=nothing%20known', unlike: WORDING },
    { http: 'GET /v1/schedules' },
    { http: 'GET /v1/users' },
    { http: 'GET /v1/grants' },
    say('v1', { auth: 'TOKEN', action: 'attach', event: { type: 'datasetUpdate', id: 'd1' } }, 1),
    say('v1', { auth: 'TOKEN', action: 'attach', event: { type: 'nothing', id: 'd1' } }, 1),
    say(
      'v1',
      { auth: 'no token', action: 'attach', event: { type: 'datasetUpdate', id: 'd1' } },
      1,
    ),
    say(
      'v2',
      {
        auth: 'TOKEN',
        action: 'attach',
        event: { type: 'datasetUpdate', id: 'd1' },
        rid: 1,
        since: '0',
      },
      4,
    ),
    say('v2', { action: 'ping', rid: 2 }, 1),
    { http: 'POST /v1/jobs', body: { type: 'no such type', payload: null }, unlike: WORDING },
    {
      http: 'POST /v1/events',
      body: { type: 'datasetUpdate', id: 'd1', data: [{ rows: 4 }] },
      unlike: ['seq', 'prev', 'at'],
    },
    say('v1', null, 1),
    say('v1', { auth: 'TOKEN', action: 'detach', event: { type: 'datasetUpdate', id: 'd1' } }, 1),
  ];
}
