/** Several real gateways in this process that follow one real core. */
import type { EventTypeSettings } from '../../src/config/settings.ts';
import { eventType } from '../config/event-type.ts';
import { AwakeCore } from '../core/awake-core.ts';
import { type Client, GatewayFixture, type GatewayOptions, tokenFor } from './gateway-fixture.ts';

const ROOM: EventTypeSettings = eventType('room', { presence: true });

export class GatewaysOnCore {
  readonly core: AwakeCore;
  readonly gateways: GatewayFixture[] = [];

  private constructor(core: AwakeCore) {
    this.core = core;
  }

  static async start(count: number, ini = ''): Promise<GatewaysOnCore> {
    const core = await AwakeCore.start(`[event:room]\npresence = true\n${ini}`);
    const stand = new GatewaysOnCore(core);
    for (let n = 0; n < count; n += 1) await stand.add();
    return stand;
  }

  async add(options: GatewayOptions = {}): Promise<GatewayFixture> {
    const gateway = new GatewayFixture();
    this.gateways.push(gateway);
    const { socketPath: controlSocket } = this.core;
    await gateway.create({ events: [ROOM], controlSocket, ...options }).start();
    return gateway;
  }

  /** A client of the n-th gateway that speaks v2 and has shown a token. */
  async connect(user: string, n = 0): Promise<Client> {
    const client = await (this.gateways[n] as GatewayFixture).connect();
    await client.ask({ action: 'auth', auth: tokenFor(user) });
    return client;
  }

  async dispose(): Promise<void> {
    for (const gateway of this.gateways) await gateway.close();
    await this.core.dispose();
  }
}
