/**
 * Adoption through the log, simulated: logs, stores and outboxes of a few partitions, under a seeded scheduler. Commits are atomic; what may happen
 * between any two of them: a store loses its newest commits, a publisher dies before it removes what it published, or publishes what it read long
 * ago, lines come twice, barriers lie apart. After each step what readers get is held against the lines of the log; where it calls itself
 * complete, also against what was sent.
 */
import {
  type Change,
  emptyKey,
  type KeyState,
  loseItems,
  type Message,
  membersOf,
  receiveEvent,
  receiveMessage,
} from '@tributary/model/identity/adoption';
import { sfc32 } from '@tributary/model/sfc32';
import {
  type Counted,
  type Relayed,
  type Sent,
  type Timelines,
  timelinesOfLines,
  timelinesOfPeople,
} from '@tributary/testkit/oracle/naive-identity';

/** In `[0, 1)`. */
export type Random = () => number;

type Input = Sent extends infer S ? (S extends unknown ? Omit<S, 'at'> : never) : never;
/** `number`: of one message from a partition to another; `after`: of the one before it. */
interface Numbered {
  readonly number: string;
  readonly after: string;
  readonly from: number;
  readonly message: Message;
}
/** What the record of a key loses, up to an instant. */
interface Loss {
  readonly loses: string;
  readonly lostTs: number;
}
type Entry = { readonly input: Input } | Numbered | Loss | { readonly barrier: number };

interface Store {
  /** Entries that were read. */
  position: number;
  readonly keys: Map<string, KeyState>;
  generation: number;
  /** By generation. */
  readonly deltas: Map<number, Map<string, number>>;
  readonly outbox: { readonly to: number; readonly line: Numbered }[];
  /** By partition: the last message to it that was committed, and the last one from it that was applied. */
  readonly sent: string[];
  readonly applied: string[];
}

export interface Outcome {
  readonly checked: number;
  readonly complete: number;
  readonly inFlight: number;
  readonly messages: number;
  readonly repeated: number;
  /** Messages of keys to themselves: links that come reach none of what was lost, and links that do not count any more still hold that. */
  readonly floors: number;
  readonly held: number;
}

export interface Wrongs {
  /** For lies: what a step of the simulation does in place of the right thing. */
  readonly neverIncomplete?: boolean;
  /** Keys lose their oldest events. Views do not take these back, so what a key has is held against the log by itself, from the lost instant on. */
  readonly loses?: boolean;
  /** Gets all lines, once everything is read. */
  readonly atEnd?: (lines: { readonly sent: readonly Sent[]; readonly relayed: readonly Relayed[] }) => void;
}

const PARTITIONS = 3;
/** How far back a link reaches; events, links and receipts lie within 50. */
export const WINDOW_MS = 30;
/** Links of a key that count, all of them received on one day: some keys get more. */
export const MOST_OF_DAY = 3;
const KEYS = ['a', 'b', 'c', 'd', 'U', 'V', 'W'];
const positionOf = (index: number, line = 0) => `${String(index).padStart(6, '0')}.${line}`;
const partitionOf = (key: string) => KEYS.indexOf(key) % PARTITIONS;

/** The same run for the same seed. */
export function randomOf(seed: number): Random {
  const next = sfc32(seed, 41, 9);
  return () => next() / 2 ** 32;
}

/** What all of them met together. Throws for the first that fails, with its seed. */
export function runSeeds(from: number, before: number, wrongs: Wrongs = {}): Outcome {
  const total = { checked: 0, complete: 0, inFlight: 0, messages: 0, repeated: 0, floors: 0, held: 0 };
  for (let seed = from; seed < before; seed++)
    try {
      const outcome = simulate(randomOf(seed), 120, wrongs);
      for (const name of Object.keys(total) as (keyof Outcome)[]) total[name] += outcome[name];
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  return total;
}

export function simulate(random: Random, steps = 120, wrongs: Wrongs = {}): Outcome {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const logs: Entry[][] = Array.from({ length: PARTITIONS }, () => []);
  const stores: Store[] = Array.from({ length: PARTITIONS }, emptyStore);
  const older: Store[][] = Array.from({ length: PARTITIONS }, () => []);
  /** Lines that a publisher read and has not published yet: it may sleep with them. */
  const asleep: { readonly to: number; readonly line: Numbered }[] = [];
  /** Positions of the barriers by generation; null where it is not written yet. */
  const cuts: (number | null)[][] = [];
  const counts = { checked: 0, complete: 0, inFlight: 0, messages: 0, repeated: 0, floors: 0, held: 0 };
  let id = 0;
  const loses = wrongs.loses === true;

  const append = (partition: number, entry: Entry) => void logs[partition]?.push(entry);
  function send(): void {
    const key = pick(KEYS);
    const kind = random();
    const ts = Math.floor(random() * 40);
    const receivedAt = Math.floor(random() * 50);
    const from = pick(KEYS.filter((other) => other !== key).slice(0, loses ? 3 : KEYS.length));
    if (loses && random() < 0.15) append(partitionOf(from), { loses: from, lostTs: ts });
    else if (kind < (loses ? 0.45 : 0.6))
      append(partitionOf(key), {
        input: {
          kind: 'event',
          key,
          id: random() < 0.1 && !loses ? 't0' : `${pick(['t', 's', 'k'])}${++id}`,
          ts,
          isUsers: random() < 0.3,
        },
      });
    else if (kind < 0.9)
      append(partitionOf(key), {
        input: { kind: 'identify', key, id: `i${++id}`, from, ts, receivedAt, isMerge: random() < 0.5 },
      });
    else append(partitionOf(key), { input: { kind: 'forget', key, from, receivedAt } });
  }

  /** One commit: some entries, whole or not at all. */
  function work(p: number): void {
    const [store, log] = [stores[p] as Store, logs[p] as Entry[]];
    if (store.position >= log.length) return;
    older[p]?.push(structuredClone(store));
    for (const entry of log.slice(store.position, store.position + 1 + Math.floor(random() * 4))) {
      readEntry(p, store, entry);
      store.position++;
      if ('barrier' in entry) break;
    }
  }

  function readEntry(p: number, store: Store, entry: Entry): void {
    if ('barrier' in entry) {
      store.generation = Math.max(store.generation, entry.barrier);
      return;
    }
    const at = positionOf(store.position);
    if ('loses' in entry) {
      loseItems(keyOf(store, entry.loses), entry.lostTs);
      return;
    }
    if ('input' in entry) {
      toOutbox(p, store, readInput(store, entry.input, at), at);
      return;
    }
    const { from, number, after, message } = entry;
    const next = change(store, message.to, (state) => receiveMessage(state, message, at));
    const last = store.applied[from] as string;
    if (number <= last) {
      counts.repeated++;
      if (next.length > 0 && !loses)
        throw new Error(`what came again from ${from} to ${p} changed something: ${JSON.stringify(message)}`);
      return;
    }
    if (after > last) throw new Error(`from ${from} to ${p}: ${number} after ${after}, behind ${last}`);
    store.applied[from] = number;
    toOutbox(p, store, next, at);
  }

  function readInput(store: Store, input: Input, at: string): readonly Message[] {
    const { key } = input;
    if (input.kind === 'event')
      return change(store, key, (state) =>
        receiveEvent(state, { id: input.id, ts: input.ts, isKnown: input.isUsers, line: '' }, at),
      );
    const { from, receivedAt } = input;
    if (input.kind === 'forget') return [{ kind: 'unlink', to: from, from: key, version: at, receivedAt }];
    return [
      {
        kind: 'link',
        to: from,
        link: {
          id: `${key}\n${input.id}`,
          to: key,
          ts: input.ts,
          version: at,
          receivedAt,
          ...(input.isMerge && { merges: true }),
        },
      },
    ];
  }

  function toOutbox(p: number, store: Store, messages: readonly Message[], cause: string): void {
    for (const [place, message] of messages.entries()) {
      const to = partitionOf(message.to);
      const number = `${cause}.${String(place).padStart(4, '0')}`;
      store.outbox.push({ to, line: { from: p, number, after: store.sent[to] as string, message } });
      store.sent[to] = number;
      counts.messages++;
      const { floor, held } = message.kind === 'link' ? message.link : { floor: undefined, held: undefined };
      if (floor !== undefined) counts.floors++;
      if (held !== undefined) counts.held++;
    }
  }

  /** At least once, in order; a publisher that wakes up appends what it read before. */
  function publish(p: number): void {
    const { outbox } = stores[p] as Store;
    const lines = outbox.slice(0, 1 + Math.floor(random() * 3));
    if (random() < 0.1) asleep.push(...lines);
    for (const { to, line } of lines) append(to, line);
    if (random() < 0.8) outbox.splice(0, lines.length);
  }

  function loseWrites(p: number): void {
    const before = older[p] as Store[];
    if (before.length === 0) return;
    // One in four begins from nothing.
    const back = random() < 0.25 ? before.length : 1 + Math.floor(random() * Math.min(6, before.length));
    stores[p] = before.splice(before.length - back)[0] as Store;
  }

  function barrier(): void {
    const last = cuts.at(-1);
    if (last === undefined || last.every((cut) => cut !== null)) cuts.push(new Array<null>(PARTITIONS).fill(null));
    const begun = cuts.at(-1) as (number | null)[];
    const p = pick([0, 1, 2].filter((one) => begun[one] === null));
    append(p, { barrier: cuts.length });
    begun[p] = (logs[p] as Entry[]).length;
  }

  /** What readers get of generation g, 0 for none, is what the lines say up to where each partition is. */
  function check(g: number): void {
    const cut = g === 0 ? [0, 0, 0] : (cuts[g - 1] as number[]);
    const upTo = stores.map((store, p) => Math.max(store.position, cut[p] as number));
    const answer = g === 0 ? new Map<string, number>() : rowsOf(linesUpTo(logs, cut));
    for (const { deltas } of stores)
      for (const [from, rows] of deltas) if (from >= g) for (const [row, n] of rows) add(answer, row, n);
    counts.checked++;
    const truth = rowsOf(linesUpTo(logs, upTo));
    if (!loses) demandEqual(answer, truth, `generation ${g} at ${upTo.join(', ')}`);
    if (g === 0) demandHeld(stores, linesUpTo(logs, upTo));
    const isBehind = stores.some((store, p) => store.position < (cut[p] as number));
    const isSettled = stores.every((store, p) =>
      stores.every((other, q) => {
        const applied = other.applied[p] as string;
        return applied >= (store.sent[q] as string) && applied < positionOf(store.position);
      }),
    );
    if (!isSettled) counts.inFlight++;
    if (wrongs.neverIncomplete !== true && (isBehind || !isSettled)) return;
    counts.complete++;
    const { sent, relayed } = linesOf(logs, upTo);
    const ofPeople = rowsOf(timelinesOfPeople(sent, WINDOW_MS, new Set(), MOST_OF_DAY, relayed));
    demandEqual(loses ? truth : answer, ofPeople, `complete at ${upTo.join(', ')}`);
  }

  const sealed = () => cuts.filter((cut) => cut.every((one) => one !== null)).length;
  function checkSome(): void {
    check(0);
    if (sealed() > 0) check(1 + Math.floor(random() * sealed()));
  }

  for (let step = 0; step < steps; step++) {
    const what = random();
    const p = Math.floor(random() * PARTITIONS);
    if (what < 0.3) send();
    else if (what < 0.65) work(p);
    else if (what < 0.88) publish(p);
    else if (what < 0.92) barrier();
    else if (what < 0.96) loseWrites(p);
    else if (asleep.length > 0) {
      const { to, line } = asleep.shift() as (typeof asleep)[number];
      append(to, line);
    }
    if (step % 5 === 0) checkSome();
  }
  // Calm: everything is read, and every message arrives.
  while (stores.some((store, p) => store.position < (logs[p] as Entry[]).length || store.outbox.length > 0))
    for (let p = 0; p < PARTITIONS; p++) {
      work(p);
      publish(p);
    }
  const completeBefore = counts.complete;
  checkSome();
  if (counts.complete === completeBefore) throw new Error('what is calm is not complete');
  wrongs.atEnd?.(
    linesOf(
      logs,
      logs.map(({ length }) => length),
    ),
  );
  return counts;
}

function emptyStore(): Store {
  const none = () => new Array<string>(PARTITIONS).fill('');
  return { position: 0, keys: new Map(), generation: 0, deltas: new Map(), outbox: [], sent: none(), applied: none() };
}

/** What a step changes in the rows of a key is filed under the generation of the partition, in the same commit. */
function change(store: Store, key: string, step: (state: KeyState) => Change | null): readonly Message[] {
  const state = keyOf(store, key);
  const before = membersOf(state);
  const { messages, replaced } = step(state) ?? { messages: [], replaced: [] };
  const now = membersOf(state);
  const gone = replaced.flatMap(({ was }) => (was === undefined ? [] : JSON.stringify(was)));
  const stayed = before.map((item) => JSON.stringify(item)).filter((item) => !gone.includes(item));
  const came = replaced.flatMap(({ is }) => (is === undefined ? [] : JSON.stringify(is)));
  // What a step says has changed is all that has.
  if (
    !isSameSet(
      [...stayed, ...came],
      now.map((item) => JSON.stringify(item)),
    )
  )
    throw new Error(`of ${key} something else changed`);
  const rows = store.deltas.get(store.generation) ?? new Map<string, number>();
  store.deltas.set(store.generation, rows);
  for (const [row, n] of rowsOfUser(before)) add(rows, row, -n);
  for (const [row, n] of rowsOfUser(now)) add(rows, row, n);
  return messages;
}

function keyOf({ keys }: Store, key: string): KeyState {
  const state = keys.get(key) ?? emptyKey(key, { windowMs: WINDOW_MS, mostOfDay: MOST_OF_DAY });
  keys.set(key, state);
  return state;
}

/** Each key has what the lines say, of what it did not lose. */
function demandHeld(stores: readonly Store[], lines: Timelines): void {
  for (const [key, state] of stores.flatMap(({ keys }) => [...keys])) {
    const left = (all: readonly Counted[]) => all.flatMap(({ id, ts }) => (ts > state.lostTs ? [id] : [])).sort();
    const [has, wanted] = [left(membersOf(state)), left(lines.get(key) ?? [])];
    if (!isSameSet(has, wanted)) throw new Error(`${key} has ${has.join()}, and should have ${wanted.join()}`);
  }
}

function isSameSet<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one));
}

const WINDOW = 12;

/** A view that no event decides alone: the last touch before each conversion (`k…`), within a window, and pairs of touches. */
function rowsOfUser(timeline: readonly Counted[]): Map<string, number> {
  const sorted = [...timeline].sort((a, b) => a.ts - b.ts || (a.id < b.id ? -1 : 1));
  const rows = new Map<string, number>();
  let last: Counted | undefined;
  for (const one of sorted) {
    if (one.id.startsWith('k'))
      add(rows, last !== undefined && last.ts >= one.ts - WINDOW ? `credit ${last.id[0]}` : 'credit none', 1);
    else {
      if (last !== undefined) add(rows, `pair ${last.id[0]}${one.id[0]}`, 1);
      last = one;
    }
    add(rows, `count ${one.id[0]}`, 1);
  }
  if (sorted.length > 0) add(rows, 'users', 1);
  return rows;
}

function rowsOf(timelines: Timelines): Map<string, number> {
  const rows = new Map<string, number>();
  for (const timeline of timelines.values()) for (const [row, n] of rowsOfUser(timeline)) add(rows, row, n);
  return rows;
}

function add(rows: Map<string, number>, row: string, n: number): void {
  rows.set(row, (rows.get(row) ?? 0) + n);
}

function linesUpTo(logs: readonly (readonly Entry[])[], upTo: readonly number[]): Timelines {
  const { sent, relayed } = linesOf(logs, upTo);
  return timelinesOfLines(sent, relayed, WINDOW_MS, undefined, MOST_OF_DAY);
}

function linesOf(logs: readonly (readonly Entry[])[], upTo: readonly number[]): { sent: Sent[]; relayed: Relayed[] } {
  const sent: Sent[] = [];
  const relayed: Relayed[] = [];
  for (const [p, log] of logs.entries())
    for (const [index, entry] of log.slice(0, upTo[p]).entries()) {
      if ('input' in entry) sent.push({ ...entry.input, at: positionOf(index) });
      else if ('message' in entry) relayed.push(relayedBy(entry.message));
    }
  return { sent, relayed };
}

function relayedBy(message: Message): Relayed {
  const none = { key: message.to, origin: '', id: '', ts: 0, path: [], user: '', receivedAt: 0, isMerge: false };
  if (message.kind === 'unlink') {
    const { from, version, receivedAt, floor } = message;
    return { ...none, kind: 'unlink', user: from, version, receivedAt, floor };
  }
  if (message.kind === 'link') {
    const { to, merges, ...link } = message.link;
    return { ...none, ...link, kind: 'link', user: to, isMerge: merges === true };
  }
  if (message.kind === 'withdraw') throw new Error('no key is erased here');
  const { kind, version, item } = message;
  const { origin, id, ts, path } = item;
  return { ...none, origin, id, ts, path, kind, version };
}

function demandEqual(answer: ReadonlyMap<string, number>, truth: ReadonlyMap<string, number>, where: string): void {
  for (const row of new Set([...answer.keys(), ...truth.keys()])) {
    const [got, wanted] = [answer.get(row) ?? 0, truth.get(row) ?? 0];
    if (got !== wanted) throw new Error(`${where}: ${row} is ${got}, and should be ${wanted}`);
  }
}
