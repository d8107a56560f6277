import { pino } from 'pino';
import { expect, test } from 'vitest';
import { CoreScheduleService } from '../../src/core/schedule-service.ts';
import { createSchedule } from '../../src/schedule/schedule.ts';
import { BOTH } from '../contract/stores.ts';
import { specOf } from '../schedule/schedule-fixture.ts';

test.each(BOTH)(
  'a schedule that is not there is compared with those that are: $name',
  async (maker) => {
    const { schedules: store, jobs, close } = maker.open();
    try {
      await store.put('nightly', () =>
        createSchedule(specOf({ name: 'nightly', cron: '0 0 * * *' }), 'api', 0),
      );
      const service = new CoreScheduleService({
        ...{ store, jobs, now: () => 0, checkJob: async () => {}, isKnownType: () => true },
        clock: { expect: () => undefined, runNow: async () => undefined },
        log: pino({ level: 'silent' }),
      });
      const asking = [
        () => service.get('nighly'),
        () => service.remove('nighly'),
        () => service.setPaused('nighly', true),
        () => service.runNow('nighly'),
      ];
      for (const ask of asking) {
        await expect(ask()).rejects.toMatchObject({
          code: 'E_NOT_FOUND',
          message: 'There is no schedule nighly; did you mean nightly?',
        });
      }
      await expect(service.get('weekday')).rejects.toThrow('There is no schedule weekday.');
    } finally {
      close();
    }
  },
);
