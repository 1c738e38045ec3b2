/**
 * Bodies whose key stands in them, as they arrive: anybody may begin hundreds of them and end none. Where they have filled their gate, the
 * one that has waited longest gives way. Ordinary bodies arrive within a second, so those that are pushed out are slow ones.
 */
import type { Gate, Lease } from './gate.ts';

/** The share of one body that arrives. */
export interface WaitingBody extends Lease {
  /** `act` is called once, when the body gives way to a newer one. It then holds nothing. */
  whenDropped(act: () => void): void;
}

export function createWaitingBodies(gate: Gate): () => WaitingBody {
  /** The oldest first; the value drops it. */
  const waiting = new Map<WaitingBody, () => void>();

  function wait(): WaitingBody {
    const body = Symbol('body');
    const lease = gate.lease(body);
    let dropped = () => {};
    const self: WaitingBody = {
      ...lease,
      hold(bytes, events) {
        while (waiting.has(self) && !lease.hold(bytes, events)) {
          const [oldest, drop] = waiting.entries().next().value as [WaitingBody, () => void];
          if (oldest === self) return false;
          waiting.delete(oldest);
          drop();
        }
        return waiting.has(self);
      },
      release() {
        waiting.delete(self);
        lease.release();
      },
      whenDropped: (act) => (dropped = act),
    };
    waiting.set(self, () => {
      lease.release();
      dropped();
    });
    return self;
  }

  return wait;
}
