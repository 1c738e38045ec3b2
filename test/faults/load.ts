/** Steady load on a running platform that remembers what was acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, SentEvent } from '../e2e/client.ts';
import { shoppers } from '../e2e/shoppers.ts';

export interface Load {
  /** Everything sent and acknowledged so far. */
  readonly acknowledged: SentEvent[];
  /** Stops sending, and resolves when each event sent was acknowledged. */
  stop(): Promise<SentEvent[]>;
}

/** `senders` clients, each sending a batch of 20, waiting until it is acknowledged, then the next. */
export function startLoad(
  client: Client,
  { seed, senders = 4, pauseMs = 400 }: { seed: number; senders?: number; pauseMs?: number },
): Load {
  const acknowledged: SentEvent[] = [];
  let stopped = false;
  const send = async (sender: number) => {
    for (let round = 0; !stopped; round++) {
      // Other users each round: one seed for all would make bots of a few, whose paths the speed layer gives up revising (law 7).
      const events = shoppers({
        seed: (seed * 10 + sender) * 10_000 + round,
        events: 20,
        users: 4_000,
        nowMs: Date.now(),
        prefix: `r${round}`,
      });
      await client.send(events);
      acknowledged.push(...events);
      // Some are sent twice, as a client does whose reply was lost.
      if (round % 10 === 3) await client.send(events.slice(0, 5));
      await sleep(pauseMs);
    }
  };
  const running = Promise.all(Array.from({ length: senders }, (_, sender) => send(sender)));
  return {
    acknowledged,
    async stop() {
      stopped = true;
      await running;
      return acknowledged;
    },
  };
}
