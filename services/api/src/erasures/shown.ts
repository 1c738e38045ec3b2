/** What an erasure has come to, by what store and generations say now. Nothing of it is remembered, so it is true whatever became of them. */
import type { Receipt } from '@tributary/archive/erasures';
import type { ArchiveForgotten } from '@tributary/archive/forgotten';
import type { GenerationManifest } from '@tributary/archive/layout';
import type { ERASURE_ROUTES } from '@tributary/contract/groups/erasures';
import type { Answer } from '@tributary/contract/shapes/route';
import { DATA_PATHS } from '@tributary/runtime/data-folder/paths';
import { SUBJECT_PLACES, type SubjectPlaceName } from '@tributary/runtime/subjects/places';
import { pairsInFlight } from '@tributary/serving/freshness/in-flight';
import type { StatusState } from '@tributary/store/speed-store';
import { isAmong } from './digests.ts';

type Erasure = Answer<typeof ERASURE_ROUTES.erasure>['erasure'];

export interface Seen {
  readonly states: readonly (StatusState | null)[];
  /** All that are remembered. */
  readonly manifests: readonly GenerationManifest[];
  /** That of the generation that readers get; null: there is none. */
  readonly served: GenerationManifest | null;
  readonly forgotten: ArchiveForgotten | undefined;
  /** The newest generation of which the log has nothing left that came before its cut; null: none is known. */
  readonly dropped: number | null;
  /** The newest receipt of each digest, by it: one from before says nothing of what is in force. */
  readonly newest: ReadonlyMap<string, string>;
  /** Keys of one person are joined: what an erased key had lent to others lies in any partition, and is withdrawn later than the key is erased. */
  readonly isJoined: boolean;
  /** Ids of all receipts by their digest, the newest first. */
  readonly all: ReadonlyMap<string, readonly string[]>;
}

export function stateOf(receipt: Receipt, seen: Seen): Erasure['state'] {
  const { recorded, lifted } = receipt;
  const isRefused = isRefusedNow(receipt, seen);
  if (lifted !== null && !isNewest(receipt, seen)) return 'lifted';
  if (lifted !== null) return isRefused ? 'lifting' : 'lifted';
  if (!isRefused) return recorded === null || isPassed(receipt, seen) ? 'requested' : 'recorded';
  return isWithout(seen.served, receipt) ? 'recomputed' : 'notCounted';
}

/** Real time has read where the record lay, and refuses nothing: the log lost it, or a lift of another process that failed came behind it. */
function isPassed({ partition, recorded }: Receipt, { states }: Seen): boolean {
  return recorded !== null && (states[partition]?.position ?? '') >= recorded.position;
}

export function isNewest({ id, digest }: Pick<Receipt, 'id' | 'digest'>, { newest }: Seen): boolean {
  return (newest.get(digest) ?? id) <= id;
}

export function isRefusedNow({ partition, digest }: Receipt, { states }: Seen): boolean {
  return isAmong(states[partition]?.erased, digest);
}

/** The digest alone may be there of an erasure of before, which was lifted. */
export function isWithout(
  manifest: Pick<GenerationManifest, 'erased' | 'cut'> | null,
  { partition, digest, recorded }: Receipt,
): boolean {
  if (manifest === null || recorded === null || !isAmong(manifest.erased, digest)) return false;
  return (manifest.cut[partition] ?? '') > recorded.position;
}

export function shownErasure(receipt: Receipt, seen: Seen): Erasure {
  const { id, askedAt, by, reason, recorded, lifted } = receipt;
  const { served } = seen;
  const places = Object.keys(SUBJECT_PLACES) as SubjectPlaceName[];
  return {
    ...{ id, askedAt, by, reason, lifted },
    state: stateOf(receipt, seen),
    generation: served !== null && isWithout(served, receipt) ? served.generation : null,
    recordedAt: recorded?.at ?? null,
    bytes: {
      gone: false,
      places: places.map((place) => ({
        place,
        state: placeState(place, receipt, seen),
        holds: SUBJECT_PLACES[place].holds,
        until: UNTIL[place],
      })),
    },
  };
}

type PlaceState = Erasure['bytes']['places'][number]['state'];

function placeState(place: SubjectPlaceName, receipt: Receipt, seen: Seen): PlaceState {
  if (receipt.lifted !== null) return 'mayHold';
  switch (place) {
    case 'record':
      return isRefusedNow(receipt, seen) && isWithdrawn(receipt, seen) ? 'writtenWithout' : 'mayHold';
    case 'segments':
      return isRefusedNow(receipt, seen) && isWithdrawn(receipt, seen) && seen.states[receipt.partition]?.wasWatched !== true
        ? 'writtenWithout'
        : 'mayHold';
    case 'conversionIndex':
      return isRefusedNow(receipt, seen) && isIndexWithout(receipt, seen) ? 'writtenWithout' : 'mayHold';
    case 'generations':
      return seen.manifests.every((one) => one.state === 'retired' || isGone(one, receipt, seen)) ? 'writtenWithout' : 'mayHold';
    case 'archive':
      return seen.forgotten !== undefined && isSearched(seen.forgotten, receipt, seen) ? 'searched' : 'mayHold';
    case 'deadLetters':
      return areLettersSearched(receipt, seen) ? 'searched' : 'mayHold';
    case 'deadRecords':
      return areDeadSearched(receipt, seen) ? 'searched' : 'mayHold';
    case 'log':
      return isDropped(receipt, seen) ? 'searched' : 'mayHold';
    default:
      return 'mayHold';
  }
}

/** What an erased key had lent left the records of others: files that were searched show it, and so does that nothing is on its way. */
function isWithdrawn(receipt: Receipt, { isJoined, forgotten, states }: Seen): boolean {
  if (!isJoined || pairsInFlight(states) === 0) return true;
  return forgotten?.searchedAt != null && isWithout(forgotten, receipt);
}

/** A generation has the same of what erased keys had lent as archived files up to its cut: those were searched up to an earlier one. */
function isGone(manifest: GenerationManifest, receipt: Receipt, { isJoined, forgotten }: Seen): boolean {
  const { generation } = manifest;
  if (!isWithout(manifest, receipt)) return false;
  if (!isJoined) return true;
  return forgotten?.searchedAt != null && isWithout(forgotten, receipt) && forgotten.generation <= generation;
}

/** They may be in any partition. */
function areLettersSearched(receipt: Receipt, { states, manifests }: Seen): boolean {
  return states.every((state) => {
    const searched = manifests.find(({ generation }) => generation === state?.lettersWithout);
    return searched !== undefined && isWithout(searched, receipt);
  });
}

/** Records that are not events are of any partition, as is what was replaced of them. */
function areDeadSearched(receipt: Receipt, { forgotten }: Seen): boolean {
  if (forgotten?.ofDead !== true || forgotten.searchedAt === null || !isWithout(forgotten, receipt)) return false;
  return !(forgotten.replaced ?? []).some(({ path }) => path.startsWith(`${DATA_PATHS.dead}/`));
}

/** Conversions are in it by the generation that real time counted them for: nothing is left of those whose barriers lay before the record. */
function isIndexWithout(receipt: Receipt, seen: Seen): boolean {
  const { states, manifests, isJoined } = seen;
  const concerned = isJoined ? states : [states[receipt.partition]];
  const from = Math.min(...concerned.map((state) => state?.deltasFrom ?? 0));
  return from > 0 && manifests.every((one) => one.generation < from || isGone(one, receipt, seen));
}

/** Whether nothing is left in the log that was there at the cut of a generation without the user. */
function isDropped(receipt: Receipt, seen: Seen): boolean {
  const { dropped, manifests } = seen;
  return dropped !== null && manifests.some((one) => one.generation <= dropped && isGone(one, receipt, seen));
}

/** A file of a segment that begins after the record has what was refused alone. */
function isSearched(forgotten: ArchiveForgotten, receipt: Receipt, { isJoined }: Seen): boolean {
  if (forgotten.searchedAt === null || !isWithout(forgotten, receipt)) return false;
  if (isJoined) return (forgotten.replaced ?? []).length === 0;
  const holds = ({ partition, after }: NonNullable<ArchiveForgotten['replaced']>[number]) =>
    partition === receipt.partition && (after ?? '') < (receipt.recorded?.position ?? '');
  return !(forgotten.replaced ?? []).some(holds);
}

const UNTIL: Readonly<Record<SubjectPlaceName, string>> = {
  log: 'the archiver trims what both layers have read, some minutes later. The record of the erasure names the user as well',
  record: 'real time reads the erasure',
  conversionIndex: 'the generations from before the erasure are retired',
  segments: 'real time reads the erasure',
  deadLetters:
    'a run after real time has read the erasure. Those of another user that name this one stay until they are dropped ("tributary dead-letters drop") or 10 000 newer ones take their place',
  outbox: 'the output log has taken them',
  outputs: 'the retention of the output log',
  archive:
    'no generation from before the erasure is kept: the next run writes the files again, and the one after it removes the old ones. Where keys are joined, not before the archive has what takes back what the key had lent. What comes of the user is archived until the run after it',
  deadRecords: 'as in the archive. A record of another user that names this one stays',
  generations: 'a generation is computed without the user, and the earlier ones are retired',
  redisFiles:
    'Redis writes its file again: a run asks for it once archived files are written again and the log is trimmed, which a Redis of yours must allow (BGREWRITEAOF)',
  trainingSets: 'a day after they were computed',
  staging: 'the role that writes them starts again',
  quarantine: 'somebody removes it',
  logFiles: 'they name no users',
  logStorage: 'the next clean-up of the broker',
  backups: 'somebody removes them, or takes new ones: the platform does not know where they lie',
  downstream: 'those who have them remove them: the platform does not know who',
};
