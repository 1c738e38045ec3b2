/**
 * Back-pressure: what all requests in flight may hold together, in bytes and in events. A request that would pass the
 * bound is refused (429) before it takes the memory.
 */
export interface GateLimits {
  readonly maxBytes: number;
  readonly maxEvents: number;
}

/** The share of one request; grows and shrinks with it. */
export interface Lease {
  /** Sets what the request holds now; false, and nothing changed, when that is too much. Less than before always fits. */
  hold(bytes: number, events: number): boolean;
  /** Gives everything back. Safe to call twice. */
  release(): void;
}

export interface Gate {
  readonly bytes: number;
  readonly events: number;
  lease(): Lease;
}

export function createGate({ maxBytes, maxEvents }: GateLimits): Gate {
  let bytes = 0;
  let events = 0;
  return {
    get bytes() {
      return bytes;
    },
    get events() {
      return events;
    },
    lease() {
      let heldBytes = 0;
      let heldEvents = 0;
      function hold(nextBytes: number, nextEvents: number): boolean {
        const moreBytes = nextBytes - heldBytes;
        const moreEvents = nextEvents - heldEvents;
        if (moreBytes > 0 && bytes + moreBytes > maxBytes) return false;
        if (moreEvents > 0 && events + moreEvents > maxEvents) return false;
        bytes += moreBytes;
        events += moreEvents;
        heldBytes = nextBytes;
        heldEvents = nextEvents;
        return true;
      }
      return { hold, release: () => void hold(0, 0) };
    },
  };
}
