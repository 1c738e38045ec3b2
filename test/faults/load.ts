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
  { seed, senders = 4, pauseMs = 20 }: { seed: number; senders?: number; pauseMs?: number },
): Load {
  const acknowledged: SentEvent[] = [];
  let stopped = false;
  const send = async (sender: number) => {
    for (let round = 0; !stopped; round++) {
      const events = shoppers({ seed: seed * 1000 + sender, events: 20, users: 400, nowMs: Date.now(), prefix: `r${round}` });
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
