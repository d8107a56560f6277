import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import type { Role } from '../../src/protocol/supervision.ts';
import type { ChildSlot } from '../../src/supervisor/child-slot.ts';
import { reconfigure } from '../../src/supervisor/reconfiguration.ts';

const FORMER = { jobs: [] } as unknown as Settings;
const WANTED = { jobs: [] } as unknown as Settings;

let steps: string[];
let errors: number;
let stopping: boolean;

beforeEach(() => {
  steps = [];
  errors = 0;
  stopping = false;
});

/** A place whose successors work, or do not. */
function slotOf(role: Role, renew: () => boolean | Error = () => true): ChildSlot {
  const slot = {
    name: { role, index: 0, only: null },
    renew: async () => {
      steps.push(`renew ${role}`);
      const renewed = renew();
      if (renewed instanceof Error) throw renewed;
      return renewed;
    },
  };
  return slot as unknown as ChildSlot;
}

function change(slots: readonly ChildSlot[]) {
  const write = (): void => {
    errors += 1;
  };
  return reconfigure({
    ...{ former: FORMER, settings: WANTED, slots },
    roles: new Set<Role>(['executor', 'gateway']),
    adopt: async (settings) => {
      if (stopping) throw new Error('the service stops');
      steps.push(settings === WANTED ? 'adopt' : 'adopt the former');
    },
    isStopping: () => stopping,
    log: pino({ level: 'error' }, { write }),
  });
}

const REFUSED = new Error('no successor works');

describe('other settings', () => {
  it('are taken by all, then by fresh executors, then by fresh gateways, and those are counted', async () => {
    const slots = [
      slotOf('core'),
      slotOf('gateway'),
      slotOf('executor'),
      slotOf('executor', () => false),
    ];
    expect(await change(slots)).toEqual({ executors: 1, gateways: 1 });
    expect(steps).toEqual(['adopt', 'renew executor', 'renew executor', 'renew gateway']);
  });

  it('give way to the former ones everywhere when one process cannot work with them', async () => {
    const slots = [slotOf('executor'), slotOf('gateway', () => REFUSED)];
    await expect(change(slots)).rejects.toBe(REFUSED);
    expect(steps).toEqual([
      ...['adopt', 'renew executor', 'renew gateway'],
      ...['adopt the former', 'renew executor'],
    ]);
    expect(errors).toBe(0);
  });

  it('are not taken back from processes that end because the service stops', async () => {
    const stop = () => {
      stopping = true;
      return REFUSED;
    };
    await expect(change([slotOf('executor'), slotOf('gateway', stop)])).rejects.toBe(REFUSED);
    expect(steps).toEqual(['adopt', 'renew executor', 'renew gateway']);
    expect(errors).toBe(0);
  });
});
