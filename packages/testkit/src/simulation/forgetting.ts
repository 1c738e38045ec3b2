/** Archived files written again without users who were erased (packages/archive/src/rewrite), and what stands in for the records that go with them. */
import type { Event } from '@tributary/model/event';
import { userKeyOf } from '@tributary/model/user-key';
import { sha256Hex } from '../inputs/generate-definitions.ts';
import type { Turn } from './scheduler.ts';
import type { Forgotten, SimulatedErased, SimulatedForgotten, World } from './world.ts';

export const NOTHING_FORGOTTEN: Forgotten = { erased: new Set(), lifted: new Map() };

export interface Placed {
  readonly event: Event;
  readonly position: string;
}

export interface ForgottenAndGone {
  readonly forgotten: Forgotten;
  /** What the archive had of these users. */
  readonly gone: ReadonlySet<Event>;
}

/** `fresh`: those up to the cut, in order, of an archive that lacks what is `before`. */
export function forgetIn(fresh: readonly Placed[], before: Forgotten): ForgottenAndGone {
  const erased = new Set(before.erased);
  const lifted = new Map(before.lifted);
  const lifts = new Map<string, number>();
  for (const [at, { event, position }] of fresh.entries()) {
    const user = userKeyOf(event);
    if (event.type === 'tributary.erase') {
      erased.add(user);
      lifted.delete(user);
      lifts.delete(user);
    } else if (event.type === 'tributary.lift' && erased.delete(user)) {
      lifted.set(user, position);
      lifts.set(user, at);
    }
  }
  const isGone = (user: string, at: number) => erased.has(user) || at <= (lifts.get(user) ?? -1);
  const gone = new Set(fresh.filter(({ event }, at) => isGone(userKeyOf(event), at)).map(({ event }) => event));
  return { forgotten: { erased, lifted }, gone };
}

/** What stands for the records of erasures that a partition lacks, before all that it has. */
export function recordsOf(forgotten: SimulatedForgotten | null, partition: number): Event[] {
  const { erased } = forgotten?.partitions[partition] ?? NOTHING_FORGOTTEN;
  return [...erased].map((userId) => ({
    ...{ ts: 0, type: 'tributary.erase', id: `of ${userId}`, userId, receivedAt: 0, source: 'tributary' },
  }));
}

/** As a file of a data folder says it. */
export function erasedOf(world: World, turn: Turn): SimulatedErased {
  const before = (partition: number) => [...(world.forgotten?.partitions[partition]?.erased ?? [])].map(sha256Hex);
  const answer = async <T>(work: () => T): Promise<T> => {
    await turn();
    return work();
  };
  return {
    before: (partition) => answer(() => before(partition)),
    behind: (partition, position) =>
      answer(() => {
        const { forgotten } = world;
        const upTo = forgotten?.cut[partition] ?? '';
        if (forgotten === null || position >= upTo) return null;
        const later = forgotten.partitions.flatMap(({ lifted }) => [...lifted].filter(([, place]) => place > position));
        return {
          erased: before(partition),
          lifted: Object.fromEntries(later.map(([user, place]) => [sha256Hex(user), place])),
          upTo,
        };
      }),
    version: () => answer(() => JSON.stringify(world.forgotten?.cut ?? null)),
  };
}
