/**
 * What answers made of users' values, kept as long as it would be made again: values are a function of definitions, of the bytes of a record and of an
 * instant, and say themselves until which instant the same bytes give the same. What is kept is found only where all three are so, and is then what would
 * be computed: what happens changes the bytes, and nothing else has to be cleared.
 *
 *   definitions, user ─▶ kept? ─▶ the same bytes? ─▶ an instant until which it lasts? ─▶ do records still reach back as far? ─▶ made again of it
 *
 * Keeping costs an eighth of computing, and most users may be asked for only once: what is kept is what is asked for a second time soon.
 */
import { HOUR_MS } from '@tributary/model/time';
import type { SignalSet } from '@tributary/signals/definitions/read';
import type { RecordSize } from '@tributary/store/serving-store';
import { createRowMemory } from '../row-memory.ts';
import type { Lasting } from './signal-values.ts';

export interface Kept<Made> {
  readonly made: Made;
  /** The instant that it was made as of, epoch ms. */
  readonly asOfMs: number;
  /** When the newest event happened, epoch ms; -1: there is none. */
  readonly newestTs: number;
}

/** What is kept for one form of one question. */
export interface KeptOfQuestion<Made> {
  /** `lackUpToMs`: up to when records may lack events, epoch ms; `NEVER_CUT`. `mark`: of the record, as it was read. */
  find(userKey: string, record: Buffer, at: AskedAt, mark?: string): Kept<Made> | undefined;
  /** `make`: called if it is kept; with the bytes that it takes. */
  keep(
    userKey: string,
    record: Buffer,
    about: Omit<Kept<Made>, 'made'> & { readonly lasting: Lasting; readonly mark?: string | undefined },
    make: () => { readonly made: Made; readonly bytes: number },
  ): void;
  /** How long the record is that is kept of this user, which may be an earlier one; 0: none is. */
  bytesOf(userKey: string): number;
  /** The copy of the record, where that is the same still. */
  recordOf(userKey: string, size: RecordSize): Buffer | undefined;
}

interface AskedAt {
  readonly asOfMs: number;
  readonly lackUpToMs: number;
}

export interface KeptValues {
  /** `form`: what is made of values. `names`: of the definitions, in the order of the values. */
  of<Made>(form: string, set: SignalSet, names: readonly string[]): KeptOfQuestion<Made>;
  /** Copies of records are let go of an hour after they were made, so that those of users who were erased do not stay. To be called now and then. */
  letGoOfOld(): void;
  /** How often something that may be kept was asked for, and how often it was found. */
  readonly counts: { readonly asked: number; readonly found: number };
}

interface Entry extends Kept<unknown> {
  readonly record: Buffer;
  /** That of the store when a record with these bytes was read last. */
  mark: string | undefined;
  readonly lasting: Lasting;
  /** By the clock of this process. */
  readonly keptMs: number;
}

/** What an entry takes beside its bytes. */
const ENTRY_BYTES = 1_024;
const BYTES_OF_UNIT = 2;
/** Texts of questions to the same definitions that are known at a time, in characters; what was kept of earlier ones is not found. */
const MOST_OF_QUESTIONS = 1024 * 1024;
const QUESTION_CHARS = 64;
/** As many records of a usual size fit, with their answers: who was asked for longer ago would be let go of before they are asked for again. */
const USUAL_BYTES = 8_192;
const MOST_ASKED = 65_536;

/** `now`: ms of a clock that is never set: instants of questions may be of the past, or ahead with the log. */
export function createKeptValues(mostBytes: number, now = () => performance.now()): KeptValues {
  const memory = createRowMemory<Entry>({ entries: Number.POSITIVE_INFINITY, rows: mostBytes });
  const questions = new WeakMap<SignalSet, { readonly prefixes: Map<string, string>; chars: number }>();
  const isAskedAgain = createAskedBefore(Math.min(MOST_ASKED, mostBytes / USUAL_BYTES));
  const counts = { asked: 0, found: 0 };
  let asked = 0;
  const prefixOf = (set: SignalSet, question: string): string => {
    let own = questions.get(set);
    if (own === undefined || own.chars > MOST_OF_QUESTIONS) questions.set(set, (own = { prefixes: new Map(), chars: 0 }));
    let prefix = own.prefixes.get(question);
    if (prefix === undefined) {
      own.prefixes.set(question, (prefix = `${asked++} `));
      own.chars += question.length + QUESTION_CHARS;
    }
    return prefix;
  };
  return {
    of<Made>(form: string, set: SignalSet, names: readonly string[]) {
      const prefix = prefixOf(set, `${form} ${names.join()}`);
      return {
        find(userKey, record, { asOfMs, lackUpToMs }, mark) {
          counts.asked++;
          const entry = memory.get(prefix + userKey);
          if (entry === undefined || !lasts(entry, asOfMs, lackUpToMs)) return undefined;
          if (entry.record !== record) {
            if (!entry.record.equals(record)) return undefined;
            entry.mark = mark;
          }
          counts.found++;
          return entry as Kept<Made>;
        },
        keep(userKey, record, { asOfMs, newestTs, lasting, mark }, make) {
          if (lasting.untilMs <= asOfMs + 1 || record.length * 4 > mostBytes) return;
          const key = prefix + userKey;
          if (memory.get(key) === undefined && !isAskedAgain(key)) return;
          const { made, bytes } = make();
          const own = Buffer.allocUnsafeSlow(record.length);
          record.copy(own);
          const size = record.length + bytes + BYTES_OF_UNIT * userKey.length + ENTRY_BYTES;
          memory.set(key, { made, asOfMs, newestTs, lasting, record: own, mark, keptMs: now() }, size);
        },
        bytesOf: (userKey) => memory.get(prefix + userKey)?.record.length ?? 0,
        recordOf(userKey, { bytes, mark }) {
          const entry = memory.get(prefix + userKey);
          return mark !== undefined && entry?.mark === mark && entry.record.length === bytes ? entry.record : undefined;
        },
      } satisfies KeptOfQuestion<Made>;
    },
    letGoOfOld() {
      const nowMs = now();
      memory.forgetFirst(({ keptMs }) => keptMs + HOUR_MS <= nowMs);
    },
    counts,
  };
}

/**
 * Whether this was asked about before: of at least `most` others since, and of twice as many at most. Known by digests: two that have the same one pass for one,
 * which keeps something too early.
 */
function createAskedBefore(most: number): (key: string) => boolean {
  let [newer, older] = [new Set<number>(), new Set<number>()];
  return (key) => {
    let hash = FNV_OFFSET;
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), FNV_PRIME);
    if (newer.has(hash) || older.has(hash)) return true;
    if (newer.size >= most) [newer, older] = [new Set(), newer];
    newer.add(hash);
    return false;
  };
}

/** 32-bit FNV-1a. */
const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/** Whether the same bytes give the same as of this instant, and READY. */
function lasts({ asOfMs: madeMs, lasting }: Entry, asOfMs: number, lackUpToMs: number): boolean {
  const { untilMs, fromMs, movingFromMs } = lasting;
  return asOfMs >= madeMs && asOfMs < untilMs && fromMs > lackUpToMs && movingFromMs + (asOfMs - madeMs) > lackUpToMs;
}
