/**
 * Rows whose keys stay in parts, by number, until somebody looks at them. A report of a page has a dozen rows and more, nearly each with a key of its
 * own of 70 characters: joining these keys, hashing them and writing them as JSON was half of what pages cost a worker.
 *
 * To all others it is a Map like any: whatever looks at its rows has all keys joined first. Only what adds rows (difference.ts) and what writes
 * them for the store (commit/ of packages/store) knows of parts.
 */
import type { Integer } from '@tributary/model/integer';
import { addRow, type RowKey, type Rows, type RowsByView } from './deltas.ts';

/** What keys of a view end with, by number: each begins with a tab, or is empty. */
export type Tails = readonly string[];

/** A row whose key is `head`, a tab, `name`, and what the view has as the text of `tail`. The measures are the view's own: to be copied, as the next row may have others in them. */
export type EmitParts = (head: string, name: string, tail: number, measures: readonly number[]) => void;

/** How a view emits rows with their keys in parts. */
export interface PartedView<Seen> {
  /** A list of its own, also where it has one empty text: rooms of rows are kept by this list, and those of another view have another width. */
  readonly tails: Tails;
  rows(seen: Seen, emit: EmitParts): void;
}

/** Rows by number: `heads[head]`, a tab, `names[name]` and `tails[tail]` are the key; `width` measures each. */
export interface Parts {
  readonly rows: number;
  readonly width: number;
  readonly heads: readonly string[];
  readonly names: readonly string[];
  readonly tails: Tails;
  /** Head, name and tail of each row. */
  readonly keys: Int32Array;
  readonly measures: Float64Array;
}

const FIRST_ROWS = 32;
const KEY = 3;

const lengths = new WeakMap<Tails, number>();

function longestOf(tails: Tails): number {
  let length = lengths.get(tails);
  if (length === undefined) lengths.set(tails, (length = Math.max(...tails.map((tail) => tail.length))));
  return length;
}

/** Where rows lie: three numbers of a key each, and their measures; and where each is found. */
interface Room {
  readonly keys: Int32Array<ArrayBuffer>;
  readonly measures: Float64Array<ArrayBuffer>;
  readonly slots: Int32Array<ArrayBuffer>;
}

/** Rooms of commits that are done, by the tails of their view: the engine collects all of its heap after each 64 MB of such arrays, which are 1 KB an event. */
const freeRooms = new WeakMap<Tails, Room[]>();
/** Commits of several partitions are under way at once. */
const MOST_FREE_ROOMS = 4;
/** Rows that a room has place for, to be kept: a small one saves nothing, and slots of one that is much too large take as long to clear as it saves. */
const [FEWEST_ROWS, MOST_ROWS, MUCH_TOO_LARGE] = [1_024, 32_768, 8];

/** A room for about as many rows, with what was in it before: rows are written over it, and slots are cleared before they are searched. */
function takeRoom(tails: Tails, rows: number): Room | undefined {
  const last = freeRooms.get(tails)?.at(-1);
  if (last === undefined || placesOf(last) < rows || placesOf(last) > MUCH_TOO_LARGE * rows) return undefined;
  freeRooms.get(tails)?.pop();
  return last;
}

function leaveRoom(tails: Tails, room: Room, rows: number): void {
  const rooms = freeRooms.get(tails) ?? [];
  freeRooms.set(tails, rooms);
  const places = placesOf(room);
  if (rooms.length >= MOST_FREE_ROOMS || places < FEWEST_ROWS || places > MOST_ROWS || places > MUCH_TOO_LARGE * rows) return;
  rooms.push(room);
}

function placesOf({ keys }: Room): number {
  return keys.length / KEY;
}

/** How many rows of the same view were asked for last, by its tails: lists that grow from nothing are twice as much as what they come to. */
const rowsBefore = new WeakMap<Tails, number>();

function firstRows(expected = 0): number {
  let rows = FIRST_ROWS;
  while (rows < expected) rows *= 2;
  return rows;
}

export class PartedRows extends Map<RowKey, Integer[]> {
  readonly tails: Tails;
  readonly longestTail: number;
  readonly #width: number;
  #isJoined = false;
  #isGone = false;
  /** Rows that were appended, and how many of the first of them have no key twice. */
  #rows = 0;
  #folded = 0;
  readonly #heads: string[] = [];
  readonly #names: string[] = [];
  #lastHead: string | undefined;
  #lastHeadNumber = 0;
  readonly #headNumbers = new Map<string, number>();
  readonly #nameNumbers = new Map<string, number>();
  #keys = NO_KEYS;
  #measures = NO_MEASURES;
  /** Open addressing: the number of a row and one more; 0: free. A power of two, never more than half full. */
  #slots = NO_KEYS;

  constructor(width: number, tails: Tails) {
    super();
    this.#width = width;
    this.tails = tails;
    this.longestTail = longestOf(tails);
  }

  /** As `addRow`. Whether a row came or went. True of all that is added in parts: to add to a row costs as much as a new one. */
  addParts(head: string, name: string, tail: number, measures: readonly number[], sign: 1 | -1): boolean {
    if (sign === -1) this.#join();
    if (!this.#isJoined && this.#append(head, name, tail, measures)) return true;
    const { size } = this;
    addRow(this, `${head}\t${name}${this.tails[tail]}`, measures, sign);
    return this.size !== size;
  }

  /** null: the keys were joined, the rows are those of the Map. */
  parts(): Parts | null {
    if (this.#isJoined) return null;
    this.#fold();
    return {
      rows: this.#rows,
      width: this.#width,
      heads: this.#heads,
      names: this.#names,
      tails: this.tails,
      keys: this.#keys,
      measures: this.#measures,
    };
  }

  /** False: the measures are none that can be added here, and nothing was. */
  #append(head: string, name: string, tail: number, measures: readonly number[]): boolean {
    const width = this.#width;
    if (this.#rows * KEY === this.#keys.length) this.#grow();
    const sums = this.#measures;
    const at = this.#rows * width;
    let any = 0;
    for (let i = 0; i < width; i++) {
      const measure = measures[i] as number;
      // A sum that may pass what is safe, or may come to nothing, is for `addRow`.
      if (!(measure >= 0 && measure <= MOST)) return this.#join();
      sums[at + i] = measure;
      any += measure;
    }
    if (any === 0) return true;
    // Rows of one event have one head.
    if (head !== this.#lastHead) {
      this.#lastHeadNumber = numberOf(head, this.#heads, this.#headNumbers);
      this.#lastHead = head;
    }
    const keys = this.#keys;
    const key = KEY * this.#rows++;
    keys[key] = this.#lastHeadNumber;
    keys[key + 1] = numberOf(name, this.#names, this.#nameNumbers);
    keys[key + 2] = tail;
    return true;
  }

  /** Adds up rows of one key, in the place of the first of them. */
  #fold(): void {
    this.#demandHeld();
    if (this.#folded === this.#rows) return;
    rowsBefore.set(this.tails, this.#rows);
    if (this.#slots.length === (this.#keys.length / KEY) * 2) this.#slots.fill(0);
    else this.#slots = new Int32Array((2 * this.#keys.length) / KEY);
    this.#rows = this.#folded = foldRows(this.#keys, this.#measures, this.#slots, this.#rows, this.#width);
  }

  /** They were sent: their room is for other rows. Who looks at them from here on, and did not before, is refused. */
  letGo(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    leaveRoom(this.tails, { keys: this.#keys, measures: this.#measures, slots: this.#slots }, this.#rows);
    [this.#keys, this.#measures, this.#slots] = [NO_KEYS, NO_MEASURES, NO_KEYS];
  }

  /** How many places the search for a row passes at most. */
  longestSearch(): number {
    this.#fold();
    const last = this.#slots.length - 1;
    return this.#slots.reduce((longest, row, at) => {
      if (row === 0) return longest;
      const [head = 0, name = 0, tail = 0] = this.#keys.subarray(KEY * (row - 1), KEY * row);
      return Math.max(longest, (at - slotOf(head, name, tail)) & last);
    }, 0);
  }

  #grow(): void {
    const rows = this.#rows === 0 ? firstRows(rowsBefore.get(this.tails)) : 2 * this.#rows;
    const free = this.#rows === 0 ? takeRoom(this.tails, rows) : undefined;
    if (free !== undefined) {
      this.#keys = free.keys;
      this.#measures = free.measures;
      this.#slots = free.slots;
      return;
    }
    const keys = new Int32Array(KEY * rows);
    keys.set(this.#keys);
    const measures = new Float64Array(this.#width * rows);
    measures.set(this.#measures);
    this.#keys = keys;
    this.#measures = measures;
  }

  /** From here on it is a Map, and nothing else. */
  #join(): false {
    if (this.#isJoined) return false;
    this.#demandHeld();
    this.#isJoined = true;
    for (let row = 0; row < this.#rows; row++) {
      const [head = 0, name = 0, tail = 0] = this.#keys.subarray(KEY * row, KEY * row + KEY);
      const measures = this.#measures.subarray(this.#width * row, this.#width * (row + 1));
      addRow(this, `${this.#heads[head]}\t${this.#names[name]}${this.tails[tail]}`, [...measures]);
    }
    return false;
  }

  #demandHeld(): void {
    if (this.#isGone) throw new Error('rows that were let go are gone');
  }

  override get size(): number {
    if (this.#isJoined) return super.size;
    if (!this.#isGone) this.#fold();
    return this.#rows;
  }

  override get(key: RowKey): Integer[] | undefined {
    this.#join();
    return super.get(key);
  }

  override has(key: RowKey): boolean {
    this.#join();
    return super.has(key);
  }

  override set(key: RowKey, measures: Integer[]): this {
    this.#join();
    return super.set(key, measures);
  }

  override delete(key: RowKey): boolean {
    this.#join();
    return super.delete(key);
  }

  override clear(): void {
    this.#join();
    super.clear();
  }

  override forEach(use: (measures: Integer[], key: RowKey, rows: Map<RowKey, Integer[]>) => void): void {
    this.#join();
    super.forEach(use);
  }

  override keys(): MapIterator<RowKey> {
    this.#join();
    return super.keys();
  }

  override values(): MapIterator<Integer[]> {
    this.#join();
    return super.values();
  }

  override entries(): MapIterator<[RowKey, Integer[]]> {
    this.#join();
    return super.entries();
  }

  override [Symbol.iterator](): MapIterator<[RowKey, Integer[]]> {
    return this.entries();
  }
}

/** The rows of a view with their keys as text. */
export function joined<Seen>({ tails, rows }: PartedView<Seen>) {
  return (seen: Seen, _definitions: unknown, emit: (key: RowKey, measures: readonly number[]) => void): void =>
    rows(seen, (head, name, tail, measures) => emit(`${head}\t${name}${tails[tail]}`, measures.slice()));
}

/** What a commit sent is not looked at again: its rows leave their room to the next one. */
export function letGoRows(byView: RowsByView): void {
  for (const rows of byView.values()) if (rows instanceof PartedRows) rows.letGo();
}

export function partedRowsOf(byView: RowsByView, view: string, width: number, tails: Tails): Rows {
  let rows = byView.get(view);
  if (rows === undefined) byView.set(view, (rows = new PartedRows(width, tails)));
  return rows;
}

/** The largest measure that is added here: the sum of all that a commit may have is then a safe integer. */
const MOST = 2 ** 24;
const NO_KEYS = new Int32Array(0);
const NO_MEASURES = new Float64Array(0);

function numberOf(text: string, texts: string[], numbers: Map<string, number>): number {
  let number = numbers.get(text);
  if (number === undefined) {
    number = texts.push(text) - 1;
    numbers.set(text, number);
  }
  return number;
}

/**
 * Adds up rows of one key, in the place of the first of them, and gives how many there are then. In one loop at the end, as all rows lie beside each
 * other then: while events come, each row would be searched for in memory that others have used meanwhile.
 */
function foldRows(keys: Int32Array, measures: Float64Array, slots: Int32Array, rows: number, width: number): number {
  const last = slots.length - 1;
  let folded = 0;
  for (let row = 0; row < rows; row++) {
    const head = keys[KEY * row] as number;
    const name = keys[KEY * row + 1] as number;
    const tail = keys[KEY * row + 2] as number;
    for (let at = slotOf(head, name, tail) & last; ; at = (at + 1) & last) {
      const known = (slots[at] as number) - 1;
      if (known < 0) {
        slots[at] = folded + 1;
        if (folded !== row) {
          keys[KEY * folded] = head;
          keys[KEY * folded + 1] = name;
          keys[KEY * folded + 2] = tail;
          for (let i = 0; i < width; i++) measures[folded * width + i] = measures[row * width + i] as number;
        }
        folded++;
        break;
      }
      if (keys[KEY * known] === head && keys[KEY * known + 1] === name && keys[KEY * known + 2] === tail) {
        for (let i = 0; i < width; i++)
          measures[known * width + i] = (measures[known * width + i] as number) + (measures[row * width + i] as number);
        break;
      }
    }
  }
  return folded;
}

/** Other ones in each process: anybody can choose elements and cells, and whose slots are known could be made to meet. */
const [OF_HEAD = 0, OF_NAME = 0, OF_TAIL = 0] = crypto.getRandomValues(new Uint32Array(3)).map((bits) => bits | 1);

function slotOf(head: number, name: number, tail: number): number {
  let mixed = (Math.imul(head, OF_HEAD) + Math.imul(name, OF_NAME) + Math.imul(tail, OF_TAIL)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
