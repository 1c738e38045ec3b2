/**
 * Whether a run may end, decided once: by the run itself, right before it publishes, or by who cancels it. The first that sets the key wins,
 * so that a cancel which comes at that moment either stops the run or says that it came too late. Kept for longer than any job is.
 */
import type { Redis } from 'ioredis';
import { answered } from './answered.ts';
import { queuePrefix } from './jobs.ts';

export interface Cancelled {
  readonly fate: 'cancelled';
  readonly by: string;
  readonly why: string | null;
  /** Epoch ms. */
  readonly at: number;
}

export type Fate = Cancelled | { readonly fate: 'ends' };

/** A run that found nothing new publishes nothing when it is begun again either, and there may be one every ten seconds. */
const KEPT_IDLE_MS = 3_600_000;
const KEPT_MS = 30 * 24 * 3_600_000;

export interface Fates {
  /** What is decided from now on: `wanted`, or what was decided before. `isIdle`: by a run that changes nothing. */
  decide(runId: string, wanted: Fate, how?: { readonly isIdle: boolean }): Promise<Fate>;
  /** null: nothing is decided. In the order of the ids. */
  read(runIds: readonly string[]): Promise<readonly (Fate | null)[]>;
}

export function openFates(redis: Redis, namespace: string): Fates {
  const keyOf = (runId: string) => `${queuePrefix(namespace)}:fate:${runId}`;

  async function read(runIds: readonly string[]): Promise<(Fate | null)[]> {
    if (runIds.length === 0) return [];
    const texts = await answered(redis.mget(runIds.map(keyOf)));
    return texts.map((text) => (text === null ? null : (JSON.parse(text) as Fate)));
  }

  return {
    read,
    async decide(runId, wanted, how) {
      const keptMs = how?.isIdle ? KEPT_IDLE_MS : KEPT_MS;
      await answered(redis.set(keyOf(runId), JSON.stringify(wanted), 'PX', keptMs, 'NX'));
      // Read in any case: the reply that says who set it may be lost.
      const [decided] = await read([runId]);
      return decided ?? wanted;
    },
  };
}
