import { describe, expect, it } from 'vitest';
import { GatewayLink } from '../../src/core/gateway-link.ts';
import { GatewayRestart } from '../../src/core/gateway-restart.ts';
import type { ToGateway } from '../../src/protocol/gateways.ts';

const ROLLING = { rolling: true, withinMs: null };
const AT_ONCE = { rolling: false, withinMs: null };
const NEVER = new AbortController().signal;

/** Gateways that do what a test says when they are asked to be replaced. */
class Gateways {
  readonly asked: string[] = [];
  #links: GatewayLink[] = [];
  readonly #listeners = new Set<(link: GatewayLink) => void>();

  all(): readonly GatewayLink[] {
    return this.#links;
  }

  onArrived(listener: (link: GatewayLink) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  add(
    pid: number,
    onReplace: (link: GatewayLink, ask: number) => void,
    predecessor: number | null = null,
  ): GatewayLink {
    const link: GatewayLink = new GatewayLink({ name: `g${pid}`, pid, predecessor }, (text) => {
      const message = JSON.parse(text) as ToGateway;
      if (message.action !== 'ask') return;
      this.asked.push(`${message.kind} ${pid} ${JSON.stringify(message.question)}`);
      onReplace(link, message.ask);
    });
    this.#links = [...this.#links, link];
    for (const listener of this.#listeners) listener(link);
    return link;
  }

  end(link: GatewayLink): void {
    this.#links = this.#links.filter((one) => one !== link);
    link.close();
  }

  /** The successor comes first, then the former one goes. */
  readonly roll = (link: GatewayLink): void => {
    this.add((link.pid ?? 0) + 100, () => {}, link.pid);
    this.end(link);
  };

  /** The former one goes first. */
  readonly startAnew = (link: GatewayLink): void => {
    this.end(link);
    setImmediate(() => this.add((link.pid ?? 0) + 100, () => {}, link.pid));
  };
}

const stays = (link: GatewayLink, ask: number): void => {
  link.answered({ action: 'answer', ask, answer: { problem: 'no memory left' } });
};

describe('a restart of gateways', () => {
  it('replaces one after the other when it is rolling', async () => {
    const gateways = new Gateways();
    gateways.add(1, gateways.roll);
    gateways.add(2, gateways.roll);
    const replaced = await new GatewayRestart(gateways).restart(ROLLING, NEVER);
    expect(replaced).toEqual([
      { gateway: 'g1', pid: 1, successor: { gateway: 'g101', pid: 101 } },
      { gateway: 'g2', pid: 2, successor: { gateway: 'g102', pid: 102 } },
    ]);
    const question = JSON.stringify(ROLLING);
    expect(gateways.asked).toEqual([`replace 1 ${question}`, `replace 2 ${question}`]);
    expect(gateways.listeners).toBe(0);
  });

  it('waits for the successor of one that goes first', async () => {
    const gateways = new Gateways();
    gateways.add(1, gateways.startAnew);
    const replaced = await new GatewayRestart(gateways).restart(AT_ONCE, NEVER);
    expect(replaced).toMatchObject([{ pid: 1, successor: { pid: 101 } }]);
  });

  it('takes nobody for a successor who came for another reason', async () => {
    const gateways = new Gateways();
    gateways.add(1, (link) => {
      gateways.add(7, () => {});
      gateways.add(8, () => {}, 2);
      gateways.end(link);
    });
    const restarted = new GatewayRestart(gateways, 20).restart(AT_ONCE, NEVER);
    await expect(restarted).rejects.toMatchObject({ code: 'E_TIMEOUT' });
    expect(gateways.listeners).toBe(0);
  });

  it('ends with the first that stays, says why, and leaves those after it alone', async () => {
    const gateways = new Gateways();
    gateways.add(1, gateways.roll);
    gateways.add(2, stays);
    gateways.add(3, gateways.roll);
    await expect(new GatewayRestart(gateways).restart(ROLLING, NEVER)).rejects.toMatchObject({
      code: 'E_UNAVAILABLE',
      message: 'Gateway g2 (pid 2) was not replaced: no memory left',
      hint: '1 of 3 gateways were replaced; the others go on as they were.',
    });
    expect(gateways.asked).toHaveLength(2);
  });

  it('ends when nobody waits for it any more', async () => {
    const gateways = new Gateways();
    gateways.add(1, () => {});
    const leaving = new AbortController();
    const restarted = new GatewayRestart(gateways).restart(ROLLING, leaving.signal);
    leaving.abort();
    await expect(restarted).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
    gateways.end(gateways.all()[0] as GatewayLink);
  });

  it('replaces nobody where there is nobody', async () => {
    expect(await new GatewayRestart(new Gateways()).restart(ROLLING, NEVER)).toEqual([]);
  });
});
