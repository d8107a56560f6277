/** The answers to "how does it stand": the status and the metrics, put together when somebody asks. Keeps nothing. */
import { join } from 'node:path';
import { DATABASE_FILE } from '../protocol/database.ts';
import type { ReportStatus, RuntimeView, StatusView } from '../protocol/status.ts';
import type { CoreFigures } from './figures.ts';
import type { GatewaySide } from './gateway-side.ts';
import { renderFamilies } from './metric-text.ts';
import { coreFamilies } from './metrics.ts';
import { gatherStatus, type StatusParts } from './status.ts';
import { type DetailParts, gatherDetails } from './status-details.ts';

export interface OverviewParts extends Omit<StatusParts, 'subscribers' | 'seeing'> {
  readonly seeing: StatusParts['seeing'] & DetailParts['seeing'];
  readonly gateways: Pick<GatewaySide, 'metrics' | 'summary' | 'views'>;
  readonly report: StatusParts['report'] & { readonly status: () => Promise<ReportStatus> };
  readonly runtime: RuntimeView;
  readonly figures: CoreFigures;
  readonly storage?: DetailParts['storage'];
}

export class CoreOverview {
  readonly #parts: OverviewParts;

  constructor(parts: OverviewParts) {
    this.#parts = parts;
  }

  async status(withDetails: boolean): Promise<StatusView> {
    const { gateways, figures } = this.#parts;
    const status = await gatherStatus({ ...this.#parts, subscribers: () => gateways.summary() });
    if (!withDetails) return status;
    const views = () => gateways.views();
    const databaseFile = join(this.#parts.settings.daemon.dataDirectory, DATABASE_FILE);
    const own = { gateways: views, troubles: figures.troubles, databaseFile };
    const { storage, ...rest } = this.#parts;
    const parts = { ...rest, ...own, ...(storage && { storage }) };
    const pids = status.processes.map(({ pid }) => pid);
    return { ...status, details: await gatherDetails(parts, pids) };
  }

  /** In the text format of Prometheus. */
  async metrics(): Promise<string> {
    const { figures, gateways } = this.#parts;
    const [{ details, ...status }, events] = await Promise.all([
      this.status(true),
      gateways.metrics(),
    ]);
    // Asked for, so they are there.
    if (details === undefined) return renderFamilies(events);
    const counted = {
      jobs: figures.jobs.read(),
      commits: figures.commits.read(),
      logRows: figures.logRows,
      troubles: figures.troubles.counts(),
      loopDelay: figures.loopDelay.read(),
    };
    return renderFamilies([...events, ...coreFamilies({ status, details, ...counted })]);
  }
}
