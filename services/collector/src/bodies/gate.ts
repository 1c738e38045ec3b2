/**
 * Back-pressure: what all requests in flight may hold together, in bytes and in events. A request that would pass the
 * bound is refused (429) before it takes the memory.
 *
 * Shares are fair by key: where several requests of a key are in flight, they fit while they hold no more than they
 * leave free. One key alone gets half, n keys 1/(n + 1) each, and there is always room for one more. (The dynamic
 * threshold of shared-memory switches, Choudhury and Hahne 1998, with α = 1.) A single request is bounded by itself.
 */
export interface GateLimits {
  readonly maxBytes: number;
  readonly maxEvents: number;
}

/** The share of one request; grows and shrinks with it. */
export interface Lease {
  /** Sets what the request holds now; false, and nothing changed, when that is too much. Less than before always fits. */
  hold(bytes: number, events: number): boolean;
  /** What it holds counts as another owner's from now on. */
  giveTo(owner: unknown): void;
  /** Gives everything back. Safe to call twice. */
  release(): void;
}

export interface Gate {
  readonly bytes: number;
  readonly events: number;
  /** `owner`: whose request it is, any value, compared by identity. */
  lease(owner: unknown): Lease;
}

/** What requests in flight may hold. A body that names its key itself comes from anybody: it has a small share of its own. */
export interface Gates {
  readonly keyed: Gate;
  readonly keyless: Gate;
}

/** `keylessShare`: the part of all bytes for what comes without a verified key. */
export function createGates({ maxBytes, maxEvents }: GateLimits, keylessShare: number): Gates {
  const keylessBytes = Math.floor(maxBytes * keylessShare);
  return {
    keyed: createGate({ maxBytes: maxBytes - keylessBytes, maxEvents }),
    keyless: createGate({ maxBytes: keylessBytes, maxEvents: 0 }),
  };
}

export function createGate({ maxBytes, maxEvents }: GateLimits): Gate {
  let bytes = 0;
  let events = 0;
  /** Only owners that hold something are in it. */
  const shares = new Map<unknown, { readonly bytes: number; readonly events: number }>();

  return {
    get bytes() {
      return bytes;
    },
    get events() {
      return events;
    },
    lease(first) {
      let owner = first;
      let heldBytes = 0;
      let heldEvents = 0;
      return { hold, giveTo, release: () => void hold(0, 0) };

      function giveTo(next: unknown): void {
        count(-heldBytes, -heldEvents);
        owner = next;
        count(heldBytes, heldEvents);
      }

      function count(moreBytes: number, moreEvents: number): void {
        const share = shares.get(owner) ?? NOTHING;
        const own = { bytes: share.bytes + moreBytes, events: share.events + moreEvents };
        if (own.bytes + own.events === 0) shares.delete(owner);
        else shares.set(owner, own);
      }

      function hold(nextBytes: number, nextEvents: number): boolean {
        const share = shares.get(owner) ?? NOTHING;
        const isAlone = share.bytes === heldBytes && share.events === heldEvents;
        const moreBytes = nextBytes - heldBytes;
        const moreEvents = nextEvents - heldEvents;
        if (moreBytes > 0 && moreBytes > room(maxBytes - bytes, share.bytes, isAlone)) return false;
        if (moreEvents > 0 && moreEvents > room(maxEvents - events, share.events, isAlone)) return false;
        bytes += moreBytes;
        events += moreEvents;
        heldBytes = nextBytes;
        heldEvents = nextEvents;
        count(moreBytes, moreEvents);
        return true;
      }
    },
  };
}

const NOTHING = { bytes: 0, events: 0 };

/** How much more a request may hold of what is free: after it, its owner holds no more than is left. */
function room(free: number, own: number, isAlone: boolean): number {
  return isAlone ? free : (free - own) / 2;
}
