/**
 * What a parent with an IPC channel, such as pm2, is told and may say: `ready` once the service works, and
 * `shutdown`, which stands for a signal where there are none.
 *
 * Refuses every other message, and does nothing where there is no channel. A parent that goes away is none
 * of its business: pm2 may be ended and started again while the service goes on.
 */

export interface ParentChannel {
  /** The service works. */
  ready(): void;
  /** Hears no more. */
  close(): void;
}

const NO_PARENT: ParentChannel = { ready: () => {}, close: () => {} };

export function openParentChannel(onShutdown: () => void): ParentChannel {
  if (process.send === undefined) return NO_PARENT;
  const hear = (message: unknown): void => {
    if (message === 'shutdown') onShutdown();
  };
  process.on('message', hear);
  // The service lives as long as its processes do, not as long as somebody might say something.
  process.channel?.unref();
  return {
    // The callback keeps an error from being thrown: a parent that is going does not wait any more.
    ready: () => void process.send?.('ready', undefined, undefined, () => {}),
    close: () => void process.off('message', hear),
  };
}
