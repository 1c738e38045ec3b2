/**
 * Who an event belongs to, twice, without the steps of `packages/model/src/identity`: once from the lines of the log as they stand, once from what
 * was sent alone, as if every link had been known from the start and there were one partition.
 */

/** What was sent: an event, that `to` is `from`, or that it is not. `at`: where it lies in the log of its partition. */
export type Sent =
  | {
      readonly kind: 'event';
      readonly key: string;
      readonly id: string;
      readonly ts: number;
      /** Sent with the id of a user. */
      readonly isUsers: boolean;
      readonly at: string;
    }
  | {
      readonly kind: 'identify';
      readonly key: string;
      readonly id: string;
      readonly from: string;
      readonly ts: number;
      readonly receivedAt: number;
      /** Two users may be one by it. */
      readonly isMerge: boolean;
      readonly at: string;
    }
  | { readonly kind: 'forget'; readonly key: string; readonly from: string; readonly receivedAt: number; readonly at: string };

/** A line that a partition wrote for another one; `at`: where it lies in the log of `key`'s partition. */
export interface Relayed {
  readonly kind: 'put' | 'take' | 'link' | 'unlink' | 'withdraw';
  readonly key: string;
  readonly origin: string;
  readonly id: string;
  readonly ts: number;
  readonly path: readonly string[];
  /** Who a link is to, and whether it joins two users. */
  readonly user: string;
  readonly isMerge: boolean;
  readonly version: string;
  /** When what says of a link or its undoing was received. */
  readonly receivedAt: number;
  /** Up to which instant a link, or its undoing, says nothing: its key had lost events before it came. */
  readonly floor?: number | undefined;
  /** Up to which instant a link holds where it does not count: its key had lost events before it ceased to. */
  readonly held?: number | undefined;
  /** Digests: of whom what they lent is withdrawn, and by which key that lent it on. */
  readonly withdrawn?: { readonly of: string; readonly by: string };
}

export interface Counted {
  readonly origin: string;
  readonly id: string;
  readonly ts: number;
}

/** By key, sorted by time and id. */
export type Timelines = ReadonlyMap<string, readonly Counted[]>;

const HOPS = 4;
const MOST_OF_DAY = 64;

interface Tie {
  readonly user: string;
  readonly ts: number;
  readonly name: string;
  readonly receivedAt: number;
  /** Where it was said. */
  readonly at: string;
  readonly isMerge: boolean;
  /** Up to when it holds where it does not count; null: it does not. */
  readonly held: number | null;
  /** Which instants it says nothing about, and those that each of its undoings says nothing about. */
  readonly reach: Reach;
  readonly undone: readonly Reach[];
}

interface Reach {
  readonly receivedAt: number;
  /** The lowest of those that the key said. */
  readonly floor: number;
}

/** What a key said to itself of one link, or of one undoing: the lowest floor, or none. */
function floorOf(floors: readonly Relayed[], kind: 'link' | 'unlink', { key, user, id, version }: Floored): number {
  const own = floors.filter(
    (one) => one.kind === kind && one.key === key && one.user === user && one.id === id && one.version === version,
  );
  return own.length === 0 ? -1 : Math.min(...own.map(({ floor = -1 }) => floor));
}

/** Up to when a key said to itself that a link holds where it does not count: the lowest. */
function heldOf(relayed: readonly Relayed[], { key, user, id, version }: Floored): number | null {
  const own = relayed.flatMap((one) =>
    one.key === key && one.user === user && one.id === id && one.version === version && one.held !== undefined ? [one.held] : [],
  );
  return own.length === 0 ? null : Math.min(...own);
}

type Floored = Pick<Relayed, 'key' | 'user' | 'id' | 'version'>;

function withFloor({ floor }: Relayed): boolean {
  return floor !== undefined;
}

/** What is a user's, and what came to one, goes on by a merge alone. */
function tiesFor(ties: readonly Tie[], isUsers: boolean): Tie[] {
  return ties.filter(({ isMerge }) => isMerge || !isUsers);
}

/**
 * Those of the links of a key that count. A day sees one of each name, the first that it received; with all others of their day that came no later they are
 * `mostOfDay` at most. Where several are left of one name, the one that was said first counts. But where one that does not count holds up to `ts` or longer,
 * it is the one of its name: the first of these to cease.
 */
function among(ties: readonly Tie[], mostOfDay: number, ts: number): Tie[] {
  const dayOf = ({ receivedAt }: Tie) => new Date(receivedAt).toISOString().slice(0, 10);
  const isAlike = (a: Tie, b: Tie) => a.name === b.name && dayOf(a) === dayOf(b);
  const isFirst = (a: Tie, b: Tie) => a.receivedAt < b.receivedAt || (a.receivedAt === b.receivedAt && a.at < b.at);
  const seen = ties.filter((tie) => !ties.some((other) => isAlike(other, tie) && isFirst(other, tie)));
  const counted = seen.filter(
    (tie) => seen.filter((other) => dayOf(other) === dayOf(tie) && other.receivedAt <= tie.receivedAt).length <= mostOfDay,
  );
  const counts = counted.filter((tie) => !counted.some((other) => other.name === tie.name && other.at < tie.at));
  if (ties.every(({ held }) => held === null)) return counts;
  return [...new Set(ties.map(({ name }) => name))].flatMap((name) => {
    const now = counts.filter((tie) => tie.name === name);
    const before = ties
      .filter((tie) => tie.name === name && tie.held !== null && tie.held >= ts && !now.includes(tie))
      .sort((a, b) => Number(a.held) - Number(b.held) || (a.at < b.at ? -1 : 1));
    return before.length > 0 ? before.slice(0, 1) : now;
  });
}

/** A link and its undoing say nothing about what lies `windowMs` or more before their receipt, nor about what their key had lost. */
function tieAt(ties: readonly Tie[], ts: number, windowMs: number): string | null {
  const reaches = ({ receivedAt, floor }: Reach) => receivedAt - ts < windowMs && ts > floor;
  const sorted = ties
    .filter(({ reach, undone }) => reaches(reach) && !undone.some(reaches))
    .sort((a, b) => a.ts - b.ts || (a.name < b.name ? -1 : 1));
  return (sorted.findLast((tie) => tie.ts <= ts) ?? sorted[0])?.user ?? null;
}

/** From what was sent and what partitions wrote, up to any place in each of their logs. */
export function timelinesOfLines(
  sent: readonly Sent[],
  relayed: readonly Relayed[],
  windowMs: number,
  digestOf: (key: string) => string = (key) => key,
  mostOfDay = MOST_OF_DAY,
): Timelines {
  const ties = new Map<string, Tie[]>();
  const floors = relayed.filter(withFloor);
  const holding = relayed.filter(({ held }) => held !== undefined);
  const inOrder = [...relayed].sort((a, b) => (a.version < b.version ? -1 : 1));
  for (const link of inOrder) {
    if (link.kind !== 'link') continue;
    const undoings = relayed.filter(
      (undo) => undo.kind === 'unlink' && undo.key === link.key && undo.user === link.user && undo.version > link.version,
    );
    const { user, ts, receivedAt } = link;
    const reach = { receivedAt, floor: floorOf(floors, 'link', link) };
    const known = ties.get(link.key) ?? [];
    // The same line again.
    if (!known.some(({ name, at }) => name === link.id && at === link.version))
      known.push({
        user,
        ts,
        name: link.id,
        receivedAt,
        at: link.version,
        isMerge: link.isMerge,
        held: heldOf(holding, link),
        reach,
        undone: undoings.map((undo) => ({ receivedAt: undo.receivedAt, floor: floorOf(floors, 'unlink', undo) })),
      });
    ties.set(link.key, known);
  }
  const newest = new Map<string, Relayed>();
  for (const line of relayed) {
    if (line.kind !== 'put' && line.kind !== 'take') continue;
    const name = JSON.stringify([line.key, line.path, line.id]);
    const other = newest.get(name);
    if (other === undefined || other.version < line.version) newest.set(name, line);
  }
  const items = [
    ...firstOnes(sent).flatMap((one) =>
      one.kind === 'event' ? [{ ...one, origin: one.key, path: [] as readonly string[] }] : [],
    ),
    ...[...newest.values()].filter((one) => one.kind === 'put' && !relayed.some((other) => withdraws(other, one, digestOf))),
  ];
  const anonymous = new Set(
    firstOnes(sent).flatMap((one) => (one.kind === 'event' && !one.isUsers ? [`${one.key}\n${one.id}`] : [])),
  );
  const stays = items.filter(({ key, id, ts, path }) => {
    const isUsers = path.length > 0 || !anonymous.has(`${key}\n${id}`);
    const user = tieAt(tiesFor(among(ties.get(key) ?? [], mostOfDay, ts), isUsers), ts, windowMs);
    return user === null || user === key || path.includes(user) || path.length >= HOPS;
  });
  return timelinesOf(stays);
}

function withdraws({ key, withdrawn, version }: Relayed, lent: Relayed, digestOf: (key: string) => string): boolean {
  if (withdrawn === undefined || key !== lent.key || lent.version >= version) return false;
  const ways = lent.path.map(digestOf);
  return ways.at(-1) === withdrawn.by && ways.includes(withdrawn.of);
}

/**
 * From what was sent alone, and what keys lost: `relayed`, of which their floors are looked at. `erased`: keys of which nothing counts, nor what comes to
 * them.
 */
export function timelinesOfPeople(
  sent: readonly Sent[],
  windowMs: number,
  erased: ReadonlySet<string> = new Set(),
  mostOfDay = MOST_OF_DAY,
  relayed: readonly Relayed[] = [],
): Timelines {
  const floors = relayed.filter(withFloor);
  const holding = relayed.filter(({ held }) => held !== undefined);
  const tiesOf = (key: string): Tie[] =>
    sent.flatMap((one) => {
      if (one.kind !== 'identify' || one.from !== key) return [];
      const undone = sent.flatMap((undo) => {
        if (undo.kind !== 'forget' || undo.key !== one.key || undo.from !== key || undo.at <= one.at) return [];
        const floor = floorOf(floors, 'unlink', { key, user: one.key, id: '', version: undo.at });
        return [{ receivedAt: undo.receivedAt, floor }];
      });
      const name = `${one.key}\n${one.id}`;
      const { ts, receivedAt, at, isMerge } = one;
      const reach = { receivedAt, floor: floorOf(floors, 'link', { key, user: one.key, id: name, version: at }) };
      const held = heldOf(holding, { key, user: one.key, id: name, version: at });
      return [{ user: one.key, ts, name, receivedAt, at, isMerge, held, reach, undone }];
    });
  const stays = firstOnes(sent).flatMap((one) => {
    if (one.kind !== 'event') return [];
    const path: string[] = [];
    let key = one.key;
    for (;;) {
      const user = tieAt(tiesFor(among(tiesOf(key), mostOfDay, one.ts), one.isUsers || path.length > 0), one.ts, windowMs);
      if (user === null || user === key || path.includes(user) || path.length >= HOPS) break;
      path.push(key);
      key = user;
    }
    if ([...path, key].some((passed) => erased.has(passed))) return [];
    return [{ key, origin: one.key, id: one.id, ts: one.ts }];
  });
  return timelinesOf(stays);
}

/** The first that arrived of several events of one key and id counts. */
function firstOnes(sent: readonly Sent[]): Sent[] {
  const seen = new Set<string>();
  return sent.filter((one) => {
    if (one.kind !== 'event') return true;
    const name = `${one.key}\n${one.id}`;
    return !seen.has(name) && seen.add(name);
  });
}

/** One id counts once for a key: its own event before those of others. */
function timelinesOf(stays: readonly (Counted & { readonly key: string })[]): Timelines {
  const byKey = Map.groupBy(stays, ({ key }) => key);
  return new Map(
    [...byKey].map(([key, all]) => {
      const rank = ({ origin }: Counted) => (origin === key ? '' : origin);
      const sorted = [...all].sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
      const once = sorted.filter(({ id }, i) => sorted.findIndex((other) => other.id === id) === i);
      return [key, once.map(({ origin, id, ts }) => ({ origin, id, ts })).sort((a, b) => a.ts - b.ts || (a.id < b.id ? -1 : 1))];
    }),
  );
}
