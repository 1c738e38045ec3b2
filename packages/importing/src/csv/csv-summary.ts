/** What an import of a table came to: counted event by event as they pass. */
import type { Read } from '../events/amount.ts';
import type { ImportEvent } from '../events/import-event.ts';
import { createVisits } from '../events/visits.ts';
import { createProblems, type Problem, type Problems } from '../files/problems.ts';

/** Minor units by currency: euros and dollars have no sum. */
type Minor = ReadonlyMap<string, number>;

interface Tally {
  events: number;
  readonly costMinor: Map<string, number>;
  readonly valueMinor: Map<string, number>;
}

/** Types and channels listed, at most: a column mapped by mistake must not fill memory. */
const MAX_NAMES = 1_000;
const REST = '(others)';
const NO_CURRENCY = '(none)';

export interface CsvSummary {
  readonly rows: number;
  readonly events: number;
  readonly users: number;
  readonly costMinor: Minor;
  readonly valueMinor: Minor;
  readonly problems: Problems;
  /** Those of the amounts. */
  readonly currencies: ReadonlySet<string>;
  readonly types: ReadonlyMap<string, Readonly<Tally>>;
  /** Events that name a channel. */
  readonly channels: ReadonlyMap<string, Readonly<Tally>>;
  readonly firstTs: number | null;
  readonly lastTs: number | null;
}

export interface CsvSummaryBuilder extends CsvSummary {
  /** A row that is not even CSV. */
  readonly problem: (problem: Problem) => void;
  /** Counts a row and returns its events: all of them, or none when one would be rejected. */
  row(line: number, read: Read<ImportEvent[]>, objectionTo: (event: ImportEvent) => string | null): ImportEvent[];
}

export function createCsvSummary(): CsvSummaryBuilder {
  const problems = createProblems();
  const users = createVisits();
  const types = new Map<string, Tally>();
  const channels = new Map<string, Tally>();
  const total = { rows: 0, ...emptyTally() };
  const currencies = new Set<string>();
  let firstTs: number | null = null;
  let lastTs: number | null = null;

  const count = (event: ImportEvent) => {
    users.opens(event.userId ?? event.anonymousId ?? '', event.ts);
    for (const tally of [
      tallyOf(types, event.type),
      ...(event.channel === undefined ? [] : [tallyOf(channels, event.channel)]),
      total,
    ]) {
      tally.events += 1;
      addTo(tally.costMinor, event.currency, event.cost);
      addTo(tally.valueMinor, event.currency, event.value);
    }
    if (event.currency !== undefined && currencies.size < MAX_NAMES) currencies.add(event.currency);
    firstTs = Math.min(firstTs ?? event.ts, event.ts);
    lastTs = Math.max(lastTs ?? event.ts, event.ts);
  };

  return {
    problem(problem) {
      total.rows += 1;
      problems.add(problem);
    },
    row(line, read, objectionTo) {
      total.rows += 1;
      const reason = read.ok ? read.value.map(objectionTo).find((objection) => objection !== null) : read.reason;
      if (!read.ok || reason !== undefined) {
        problems.add({ line, reason: reason ?? '' });
        return [];
      }
      read.value.forEach(count);
      return read.value;
    },
    get rows() {
      return total.rows;
    },
    get events() {
      return total.events;
    },
    get users() {
      return users.users;
    },
    get costMinor() {
      return total.costMinor;
    },
    get valueMinor() {
      return total.valueMinor;
    },
    problems,
    currencies,
    types,
    channels,
    get firstTs() {
      return firstTs;
    },
    get lastTs() {
      return lastTs;
    },
  };
}

function emptyTally(): Tally {
  return { events: 0, costMinor: new Map(), valueMinor: new Map() };
}

function addTo(sums: Map<string, number>, currency = NO_CURRENCY, amount = 0): void {
  if (amount === 0) return;
  const known = sums.has(currency) || sums.size < MAX_NAMES ? currency : NO_CURRENCY;
  sums.set(known, (sums.get(known) ?? 0) + amount);
}

function tallyOf(tallies: Map<string, Tally>, name: string): Tally {
  const key = tallies.has(name) || tallies.size < MAX_NAMES ? name : REST;
  let tally = tallies.get(key);
  if (tally === undefined) {
    tally = emptyTally();
    tallies.set(key, tally);
  }
  return tally;
}
