/** What is used of the surroundings where they have it: a page has all of this, Node parts of it. */
import type { WebSocketClass } from './link.ts';

interface Page {
  readonly WebSocket?: WebSocketClass;
  readonly location?: { readonly href: string };
  addEventListener?(name: 'online', listener: () => void): void;
  removeEventListener?(name: 'online', listener: () => void): void;
}

export const page = globalThis as Page;
