/** What this core counts while it works, for whoever looks: made before the parts that fill it. */
import type { LogRow } from '../log/event-log.ts';
import type { Service } from '../process/service.ts';
import { CommitMeter } from './commit-meter.ts';
import { JobMeter } from './job-meter.ts';
import { LoopDelayMeter } from './loop-delay.ts';
import { TroubleLog } from './trouble-log.ts';

export class CoreFigures implements Service {
  readonly jobs = new JobMeter();
  readonly commits = new CommitMeter();
  readonly loopDelay = new LoopDelayMeter();
  readonly troubles: TroubleLog;
  logRows = 0;

  constructor(troubles = new TroubleLog()) {
    this.troubles = troubles;
  }

  noteRows(rows: readonly LogRow[]): void {
    this.logRows += rows.length;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.loopDelay.stop();
  }
}
