import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { Call } from '../../src/client/control-http.ts';
import { SYSTEM_CLOCK } from '../../src/gateway/hub.ts';
import { Revocations } from '../../src/gateway/revocations.ts';
import type { RevocationPage, RevocationView } from '../../src/protocol/tokens.ts';

const VIEW: RevocationView = {
  ...{ id: '1', tokenId: 'gone', user: null, issuedBefore: null },
  createdAt: new Date().toISOString(),
  expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
};

/** A core that answers each question when the test says so. */
function create() {
  const questions: ((page: RevocationPage) => void)[] = [];
  const stop = new AbortController();
  const call = (_: Call) => new Promise<unknown>((resolve) => questions.push(resolve));
  const revocations = new Revocations({
    http: { call },
    hub: { closeWhere: () => 0 },
    clock: SYSTEM_CLOCK,
    log: pino({ enabled: false }),
    signal: stop.signal,
  });
  return { revocations, questions, stop };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const page = (revocations: readonly RevocationView[]): RevocationPage => ({
  revocations,
  next: null,
});

it('what is fetched because of a gap is not replaced by an older list that was on its way', async () => {
  const { revocations, questions } = create();
  const first = revocations.load();
  const second = revocations.load();
  await turns();
  // Who asks later is told of more; were both under way, it might be answered first.
  const answers = questions.length === 1 ? [[], [VIEW]] : [[VIEW], []];
  for (const views of answers) {
    questions.pop()?.(page(views));
    await turns();
  }
  await Promise.all([first, second]);
  expect(revocations.list.size).toBe(1);
});

it('what the log tells while a list is on its way stays in force', async () => {
  const { revocations, questions } = create();
  const loaded = revocations.load();
  await turns();
  revocations.take({
    ...{ type: 'access', id: 'tokens', at: VIEW.createdAt, seq: '1', prev: null },
    data: [{ kind: 'revoked', ...VIEW }],
  });
  questions.pop()?.(page([]));
  await loaded;
  expect(revocations.list.size).toBe(1);
});
