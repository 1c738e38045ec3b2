/**
 * Messages between keys of one person (decision 43). Each partition's state says which message was the last that it sent to each other one, and the last that
 * it applied from there. Where the first is newer, an event has left one key and is not with the next one yet. Where what was applied was decided behind the
 * position of its sender, whose store lost writes, it may be with both. What was decided before that position and is newer than all that the sender knows of
 * was sent by a store that is gone, because of a user who is: nothing of it is on its way.
 */
import type { GenerationManifest } from '@tributary/archive/layout';
import { causeOf } from '@tributary/model/identity/message-line';
import type { PartitionState, Relaying } from '@tributary/store/speed-store';
import { type Gap, gapsOf, OF_ALL_USERS } from '../gaps.ts';

/** A pair of partitions, by the second: something is in flight to it. */
interface InFlight {
  readonly to: number;
  /** Its store or that of its sender lost writes: whom that concerns is not known. */
  readonly isLost: boolean;
}

/** The pairs, sender and receiver, between which something is in flight, or was applied before it was sent. */
function inFlight(states: readonly (Relaying | null)[]): InFlight[] {
  const pairs: InFlight[] = [];
  for (const [from, sender] of states.entries())
    for (const [to, receiver] of states.entries()) {
      const applied = receiver?.relayed?.applied[from] ?? '';
      const isLost = causeOf(applied) > (sender?.position ?? '');
      if (isLost || applied < (sender?.relayed?.sent[to] ?? '')) pairs.push({ to, isLost });
    }
  return pairs;
}

export function pairsInFlight(states: readonly (Relaying | null)[], about: About = null): number {
  return inFlight(states).filter((pair) => concerns(pair, about)).length;
}

/**
 * Whose keys are asked about: the partitions of these keys, and of all that their users ever named in links (packages/views/src/said-marks.ts). null: anybody's.
 *
 * What is in flight to another partition is to a key that none of them named. It changes what that key holds. No link leads from there to a key that is
 * asked about, as who says it named that key, so it is asked about; and where two users were merged, so that events pass several keys, all partitions are asked about.
 */
export type About = ReadonlySet<number> | null;

function concerns({ to, isLost }: InFlight, about: About): boolean {
  return isLost || about === null || about.has(to);
}

/**
 * For what was read between two looks, which are of one moment each for one partition alone: it may lack what was in flight at either, and what was sent
 * in between, as that may be applied by now.
 */
export function gapsBetween(
  before: readonly (Relaying | null)[],
  after: readonly (Relaying | null)[],
  about: () => About = () => null,
): Gap[] {
  const pairs = [inFlight(before), inFlight(after), sentBetween(before, after)];
  if (pairs.every(({ length }) => length === 0)) return [];
  // Records are looked through only now.
  const keys = about();
  return gapsOfPairs(Math.max(...pairs.map((some) => some.filter((pair) => concerns(pair, keys)).length)));
}

function sentBetween(before: readonly (Relaying | null)[], after: readonly (Relaying | null)[]): InFlight[] {
  const sentOf = (states: readonly (Relaying | null)[], from: number) => states[from]?.relayed?.sent ?? [];
  return after.flatMap((_, from) => {
    const earlier = sentOf(before, from);
    return sentOf(after, from).flatMap((last, to) =>
      last === (earlier[to] ?? '') ? [] : [{ to, isLost: last < (earlier[to] ?? '') }],
    );
  });
}

/** For answers over all users: of some, the reader of their records knows. */
export function gapsInFlight(states: readonly (PartitionState | null)[]): Gap[] {
  // Where keys are not joined, no state has them: that is all that is asked then.
  if (!states.some((state) => state?.relayed !== undefined)) return [];
  return gapsOfPairs(pairsInFlight(states)).map((gap) => ({ ...gap, partition: OF_ALL_USERS }));
}

/**
 * For answers of a generation alone, where it joins keys: what one partition had sent before its cut and another had not applied before its own is in
 * neither, and what was applied before the cut, and sent behind the other one, is in both. Real time has it right, and a later generation. `cut`: empty
 * where the generation is not kept any more.
 */
export function gapsAtCut(
  states: readonly (PartitionState | null)[],
  { generation, cut }: Pick<GenerationManifest, 'generation' | 'cut'>,
): Gap[] {
  if (cut.length === 0)
    return atCut(
      `generation ${generation} is gone: it is not known whether messages between keys of one person were in flight at its cut. Ask again`,
    );
  const unread = states.filter((state, partition) => state?.barriers?.get(generation) !== cut[partition]).length;
  if (unread > 0)
    return atCut(
      `real time has not read up to the cut of generation ${generation} in ${unread === 1 ? '1 partition' : `${unread} partitions`}: it is not known whether messages between keys of one person were in flight there`,
    );
  if (states.some((state) => state?.crossed?.get(generation) === null))
    return atCut(
      `generation ${generation} is not among the newest: it is not known any more whether messages between keys of one person were in flight at its cut`,
    );
  const pairs = inFlight(
    states.map((state, partition) => {
      const relayed = state?.crossed?.get(generation);
      return { position: cut[partition] ?? null, ...(relayed && { relayed }) };
    }),
  ).length;
  return pairs === 0
    ? []
    : atCut(
        `messages between keys of one person were in flight between ${pairsText(pairs)} of partitions at the cut of generation ${generation}, which lacks what they moved or has it twice. The merged answer is right`,
      );
}

function atCut(text: string): Gap[] {
  return gapsOf('behind', [text]).map((gap) => ({ ...gap, partition: OF_ALL_USERS }));
}

function gapsOfPairs(pairs: number): Gap[] {
  if (pairs === 0) return [];
  return gapsOf('behind', [`messages between keys of one person are in flight between ${pairsText(pairs)} of partitions`]);
}

function pairsText(pairs: number): string {
  return pairs === 1 ? '1 pair' : `${pairs} pairs`;
}
