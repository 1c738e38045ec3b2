/**
 * Which keys are one person's, real time knows once it has read what says so. So an erasure waits until it has read all that the log had when the
 * erasure was asked for, and until what that caused is with the keys that it goes to. A key that it missed could not be found again: the record that names
 * it is gone then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '@tributary/model/errors';
import { MAX_HOPS } from '@tributary/model/identity/adoption';
import { pairsInFlight } from '@tributary/serving/freshness/in-flight';
import { fromStore } from '@tributary/serving/from-store';
import type { Relaying } from '@tributary/store/speed-store';
import type { ApiDeps } from '../ports.ts';

const LOOK_EVERY_MS = 20;
/** A link comes to its key, and what that lends passes `MAX_HOPS` keys at most. */
const MOST_STEPS = 1 + MAX_HOPS;

type States = readonly (Relaying | null)[];

/** Throws `links_unread` where it takes longer than `limits.linksWaitMs`. */
export async function untilLinksAreRead({ logReach, store, limits }: ApiDeps): Promise<void> {
  const ends = await logReach.ends();
  const hasArrived = arrivals();
  const untilMs = performance.now() + limits.linksWaitMs;
  for (;;) {
    const states = await fromStore(store.relayed());
    const behind = ends.flatMap((end, partition) => ((states[partition]?.position ?? '') < (end ?? '') ? [partition] : []));
    if (behind.length === 0 && hasArrived(states)) return;
    if (performance.now() >= untilMs) throw await tooFarBehind(logReach, behind, states);
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * Asked with states that have all passed what is waited for, one look after the other: whether all that this caused has arrived. More may always be under
 * way, so each step waits for what was sent up to the look at which it began.
 */
function arrivals(): (states: States) => boolean {
  let steps = 0;
  let due: readonly (readonly string[])[] | undefined;
  return (states) => {
    if (pairsInFlight(states) === 0) return true;
    const appliedOf = (to: number, from: number) => states[to]?.relayed?.applied[from] ?? '';
    if (due?.every((sent, from) => sent.every((number, to) => appliedOf(to, from) >= number)) === true) steps++;
    else if (due !== undefined) return false;
    due = states.map((state) => state?.relayed?.sent ?? []);
    return steps >= MOST_STEPS;
  };
}

async function tooFarBehind(logReach: ApiDeps['logReach'], behind: readonly number[], states: States): Promise<TributaryError> {
  const ages = await logReach.ageAfter(new Map(behind.map((partition) => [partition, states[partition]?.position ?? null])));
  const lagMs = Math.max(0, ...ages.values());
  const got =
    behind.length === 0
      ? 'messages between keys that are on their way'
      : `${behind.length} of ${states.length} partitions with unread events, the oldest ${Math.ceil(lagMs / 1_000)} s old`;
  return new TributaryError(
    'links_unread',
    `real time must have read what says which keys are the user's, as keys of one person are joined (got ${got})`,
  );
}
