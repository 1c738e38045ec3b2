/**
 * One moment a second for all who listen: made once, written to each. Nothing is made without a listener, nor while the last one is still
 * being made. Bounded: how many listen, of one key and in all, and what waits for one that does not read.
 */
import { createFairShare } from '@tributary/runtime/http/fair-share';

export interface Listener {
  /** Whose share. */
  readonly owner: string;
  write(text: string): void;
  /** Bytes that it has not taken yet. */
  waiting(): number;
  /** Its key still may read. */
  isAllowed(): boolean;
  /** After what was written. */
  end(): void;
  /** At once. */
  cut(): void;
}

export interface StreamHub {
  /** What is called when it has gone; null: as many listen as may. */
  join(listener: Listener): (() => void) | null;
  readonly listeners: number;
  close(): void;
}

interface Options {
  /** JSON without a line break. Where it rejects, listeners get a comment, and the next second tries again. */
  readonly make: () => Promise<string>;
  readonly everyMs?: number;
  readonly most?: number;
}

/** A key alone gets half. */
const MOST_LISTENERS = 128;
const EVERY_MS = 1_000;
export const MOST_WAITING_BYTES = 256 * 1024;
/** How long a browser waits before it asks again after the connection broke, ms. */
const RETRY = 'retry: 2000\n\n';

export function createStreamHub({ make, everyMs = EVERY_MS, most = MOST_LISTENERS }: Options): StreamHub {
  const listeners = new Set<Listener>();
  const share = createFairShare(most);
  let timer: NodeJS.Timeout | undefined;
  let isMaking = false;
  let isClosed = false;

  async function tick(): Promise<void> {
    if (isMaking) return;
    isMaking = true;
    const text = await make().then(
      (json) => `event: arrivals\ndata: ${json}\n\n`,
      () => ': not known just now\n\n',
    );
    isMaking = false;
    for (const listener of [...listeners]) send(listener, text);
  }

  function send(listener: Listener, text: string): void {
    if (!listener.isAllowed()) {
      leave(listener);
      listener.end();
    } else if (listener.waiting() > MOST_WAITING_BYTES) {
      leave(listener);
      listener.cut();
    } else listener.write(text);
  }

  function leave(listener: Listener): void {
    if (!listeners.delete(listener)) return;
    share.give(listener.owner, 1);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    join(listener) {
      if (isClosed || !share.fits(listener.owner, 1)) return null;
      share.take(listener.owner, 1);
      listeners.add(listener);
      listener.write(RETRY);
      timer ??= setInterval(() => void tick(), everyMs).unref();
      // The first one need not wait for a second.
      if (listeners.size === 1) void tick();
      return () => leave(listener);
    },
    get listeners() {
      return listeners.size;
    },
    close() {
      isClosed = true;
      for (const listener of [...listeners]) {
        leave(listener);
        listener.end();
      }
    },
  };
}
