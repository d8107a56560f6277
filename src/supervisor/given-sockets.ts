/**
 * Where sockets that a service manager opened go in the core's process: handed to each core anew, and kept
 * open here, so that whoever connects while none is there waits in the socket's queue. Pure.
 */
import type { GivenSockets } from '../protocol/supervision.ts';
import { FIRST_INHERITED } from './child-fork.ts';

interface Handed {
  /** Descriptors of this process that the child inherits, in this order. */
  readonly inherit: readonly number[];
  /** As the child knows them. */
  readonly given: GivenSockets;
}

export function handToCore({ http, ctl }: GivenSockets = {}): Handed {
  const inherit = [http, ctl].filter((one) => one !== undefined);
  const place = (one: number): number => FIRST_INHERITED + inherit.indexOf(one);
  return {
    inherit,
    given: {
      ...(http !== undefined && { http: place(http) }),
      ...(ctl !== undefined && { ctl: place(ctl) }),
    },
  };
}
