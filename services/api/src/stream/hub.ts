/**
 * All who listen to the stream, whatever they listen to. Bounded: how many listen, of one key and in all, and what waits for one that does not
 * read. A moment of arrivals is made once a second for all who want it: none without a listener, nor while the last one is still being made.
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

export interface Wants {
  /** The moments of arrivals. */
  readonly arrivals: boolean;
}

/** A listener that was taken in. */
export interface Member {
  /** Ends one that does not read, with the reason. Nothing where it has gone. */
  send(text: string): void;
  waiting(): number;
  /** What says that the connection is alive; absent: a comment does. */
  beat?: () => string;
  /** It gets the reason, as an event named "end", and its connection ends. */
  dismiss(reason: EndReason, detail: string): void;
  /** Called when the connection has gone. */
  leave(): void;
  /** Aborts when it has gone, for any reason. */
  readonly gone: AbortSignal;
}

export type EndReason = 'slow' | 'key' | 'closing';

export interface StreamHub {
  /** null: as many listen as may. */
  join(listener: Listener, wants?: Wants): Member | null;
  readonly listeners: number;
  close(): void;
}

interface Options {
  /** JSON without a line break. Where it rejects, listeners get a comment, and the next second tries again. */
  readonly make: () => Promise<string>;
  readonly everyMs?: number;
  readonly most?: number;
}

interface Held extends Member {
  readonly listener: Listener;
  readonly wants: Wants;
  drop(): boolean;
}

/** A key alone gets half. */
const MOST_LISTENERS = 128;
const EVERY_MS = 1_000;
const BEAT_EVERY = 15;
/** An entry of outputs, and some. */
export const MOST_WAITING_BYTES = 1024 * 1024;
/** How long one that was dismissed may take to read the reason, ms. */
export const LINGER_MS = 10_000;
/** How long a browser waits before it asks again after the connection broke, ms. */
const RETRY = 'retry: 2000\n\n';
const ALIVE = ': listening\n\n';

export function eventText(name: string, json: string, id = ''): string {
  return `${id === '' ? '' : `id: ${id}\n`}event: ${name}\ndata: ${json}\n\n`;
}

export function createStreamHub({ make, everyMs = EVERY_MS, most = MOST_LISTENERS }: Options): StreamHub {
  const members = new Set<Held>();
  const share = createFairShare(most);
  let timer: NodeJS.Timeout | undefined;
  let isMaking = false;
  let isClosed = false;
  let ticks = 0;

  function second(): void {
    const isBeat = ++ticks % BEAT_EVERY === 0;
    for (const member of [...members]) {
      if (!member.listener.isAllowed()) member.dismiss('key', 'the key or the session may not read any more');
      else if (isBeat) member.send(member.beat?.() ?? ALIVE);
    }
    void sendArrivals();
  }

  async function sendArrivals(): Promise<void> {
    if (isMaking || !wanted()) return;
    isMaking = true;
    const text = await make().then(
      (json) => eventText('arrivals', json),
      () => ': not known just now\n\n',
    );
    isMaking = false;
    for (const member of [...members]) if (member.wants.arrivals) member.send(text);
  }

  function wanted(): boolean {
    return [...members].some(({ wants }) => wants.arrivals);
  }

  function memberOf(listener: Listener, wants: Wants): Held {
    const gone = new AbortController();
    const member: Held = {
      listener,
      wants,
      gone: gone.signal,
      waiting: () => listener.waiting(),
      send(text) {
        if (!members.has(member)) return;
        if (listener.waiting() > MOST_WAITING_BYTES)
          member.dismiss('slow', `${MOST_WAITING_BYTES} bytes waited to be read. Read faster, or ask for fewer kinds.`);
        else listener.write(text);
      },
      dismiss(reason, detail) {
        if (!member.drop()) return;
        listener.write(eventText('end', JSON.stringify({ reason, detail })));
        listener.end();
        setTimeout(() => listener.cut(), LINGER_MS).unref();
      },
      leave: () => void member.drop(),
      drop() {
        if (!members.delete(member)) return false;
        share.give(listener.owner, 1);
        gone.abort();
        if (members.size > 0) return true;
        clearInterval(timer);
        timer = undefined;
        return true;
      },
    };
    return member;
  }

  return {
    join(listener, wants = { arrivals: true }) {
      if (isClosed || !share.fits(listener.owner, 1)) return null;
      share.take(listener.owner, 1);
      const member = memberOf(listener, wants);
      const isFirst = wants.arrivals && !wanted();
      members.add(member);
      listener.write(RETRY);
      timer ??= setInterval(second, everyMs).unref();
      // The first one need not wait for a second.
      if (isFirst) void sendArrivals();
      return member;
    },
    get listeners() {
      return members.size;
    },
    close() {
      isClosed = true;
      for (const member of [...members])
        member.dismiss('closing', 'this API stops. Connect again: another one, or the next, answers.');
    },
  };
}
