/**
 * Events of timelines as numbers in typed arrays, each at a place of its own. What is the same for many (type, place, currency …) is one
 * entry of a table; ids are texts, while they are not taken away (packed-timelines.ts). Nothing else of an event is seen by the garbage collector.
 */
import type { EventKind } from '@tributary/model/definitions';
import type { HeldVisits } from './sessions/joining.ts';
import type { TimelineEvent } from './timeline.ts';
import type { Visit } from './web/visit.ts';

export interface PackedRecords extends HeldVisits {
  read(record: number): TimelineEvent;
  /** Only at places that there are. */
  write(record: number, event: TimelineEvent): void;
  copy(from: number, to: number): void;
  /** Lets go of the texts of these places. */
  clear(from: number, to: number): void;
  idAt(record: number): string;
  setId(record: number, id: string): void;
  /** How many places there are. */
  size(): number;
  /** Makes room for `size` places. */
  grow(size: number): void;
  /** How many entries the table has: it never has fewer. */
  kinds(): number;
}

/** What many events have in common. */
interface Kind extends Pick<TimelineEvent, 'type' | 'kind' | 'rank' | 'channel' | 'place' | 'currency' | 'marks'> {
  readonly visit: Omit<Visit, 'engagedMs'> | undefined;
}

export function createPackedRecords(size: number): PackedRecords {
  let ts = new Float64Array(size);
  let costs = new Float64Array(size);
  let values = new Float64Array(size);
  let engaged = new Int32Array(size);
  let kindOf = new Int32Array(size);
  const ids: string[] = [];
  /** What conversions are counted once by, at the few places that have it. */
  const onces = new Map<number, string>();
  const table = createTable();

  function setOnce(record: number, once: string): void {
    if (once !== '') onces.set(record, once);
    else if (onces.size > 0) onces.delete(record);
  }

  function addIds(): void {
    while (ids.length < ts.length) ids.push('');
  }

  addIds();
  return {
    read(record) {
      const { type, kind, rank, channel, place, currency, visit: kept, marks } = table.kinds[kindOf[record] as number] as Kind;
      const id = ids[record] as string;
      const at = ts[record] as number;
      const costMinor = costs[record] as number;
      const valueMinor = values[record] as number;
      const once = onces.size > 0 ? (onces.get(record) ?? '') : '';
      // Each written as a whole: a visitor's timeline is opened for each event of a page, and an object that is put together of others costs twice.
      if (kept === undefined) {
        if (marks === undefined) return { ts: at, id, type, kind, rank, channel, place, costMinor, valueMinor, currency, once };
        return { ts: at, id, type, kind, rank, channel, place, costMinor, valueMinor, currency, once, marks };
      }
      const visit = { does: kept.does, place: kept.place, engagedMs: engaged[record] as number };
      if (marks === undefined)
        return { ts: at, id, type, kind, rank, channel, place, costMinor, valueMinor, currency, once, visit };
      return { ts: at, id, type, kind, rank, channel, place, costMinor, valueMinor, currency, once, visit, marks };
    },
    write(record, event) {
      ts[record] = event.ts;
      costs[record] = event.costMinor;
      values[record] = event.valueMinor;
      engaged[record] = event.visit?.engagedMs ?? 0;
      kindOf[record] = table.numberOf(event);
      ids[record] = event.id;
      setOnce(record, event.once);
    },
    copy(from, to) {
      ts[to] = ts[from] as number;
      costs[to] = costs[from] as number;
      values[to] = values[from] as number;
      engaged[to] = engaged[from] as number;
      kindOf[to] = kindOf[from] as number;
      ids[to] = ids[from] as string;
      if (onces.size > 0) setOnce(to, onces.get(from) ?? '');
    },
    clear(from, to) {
      for (let record = from; record < to; record++) ids[record] = '';
      if (onces.size > 0) for (let record = from; record < to; record++) onces.delete(record);
    },
    idAt: (record) => ids[record] as string,
    setId(record, id) {
      ids[record] = id;
    },
    tsAt: (record) => ts[record] as number,
    visitAt: (record) => (table.kinds[kindOf[record] as number] as Kind).visit,
    engagedMsAt: (record) => engaged[record] as number,
    convertsAt: (record) => (table.kinds[kindOf[record] as number] as Kind).kind === 'conversion' || onces.has(record),
    size: () => ts.length,
    grow(wanted) {
      ts = grown(ts, new Float64Array(wanted));
      costs = grown(costs, new Float64Array(wanted));
      values = grown(values, new Float64Array(wanted));
      engaged = grown(engaged, new Int32Array(wanted));
      kindOf = grown(kindOf, new Int32Array(wanted));
      addIds();
    },
    kinds: () => table.kinds.length,
  };
}

function grown<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

interface Table {
  readonly kinds: readonly Kind[];
  numberOf(event: TimelineEvent): number;
}

const EVENT_KINDS: readonly EventKind[] = ['signal', 'touch', 'conversion'];

type ByType = Map<string, Map<string, Map<string, number>>>;

/** A number for each combination that there is. */
function createTable(): Table {
  const kinds: Kind[] = [];
  const unmarked = createTree();
  const byMarks = new Map<string, Tree>();
  const treeOf = (marks: string | undefined): Tree => {
    if (marks === undefined) return unmarked;
    const known = byMarks.get(marks) ?? createTree();
    byMarks.set(marks, known);
    return known;
  };
  return {
    kinds,
    numberOf({ type, kind, rank, channel, place, currency, visit, marks }) {
      const own = 2 * EVENT_KINDS.indexOf(kind) + rank;
      const { byKind, byVisit } = treeOf(marks);
      const byType =
        visit === undefined
          ? (byKind[own] as ByType)
          : within(within(byVisit[own] as Map<string, Map<string, ByType>>, visit.does), visit.place);
      const byCurrency = within(within(byType, type), place);
      let number = byCurrency.get(currency);
      if (number === undefined) {
        const kept = visit === undefined ? undefined : { does: visit.does, place: visit.place };
        number =
          kinds.push({ type, kind, rank, channel, place, currency, visit: kept, ...(marks !== undefined && { marks }) }) - 1;
        byCurrency.set(currency, number);
      }
      return number;
    },
  };
}

interface Tree {
  /** By kind and rank, then type, place and currency: no text is put together to look one up. The channel follows from the place. */
  readonly byKind: readonly ByType[];
  /** The same for visits: by kind and rank, what one does, where, and then as above. */
  readonly byVisit: readonly Map<string, Map<string, ByType>>[];
}

function createTree(): Tree {
  const byKind = Array.from({ length: 2 * EVENT_KINDS.length }, (): ByType => new Map());
  return { byKind, byVisit: byKind.map(() => new Map<string, Map<string, ByType>>()) };
}

function within<V>(maps: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let found = maps.get(key);
  if (found === undefined) {
    found = new Map();
    maps.set(key, found);
  }
  return found;
}
