/**
 * What answers made of users' values, kept as long as it would be made again: values are a function of definitions, of the bytes of a record and of an
 * instant, and say themselves until which instant the same bytes give the same. What is kept is found only where all three are so, and is then what would
 * be computed: what happens changes the bytes, and nothing else has to be cleared.
 *
 *   definitions, user ─▶ kept? ─▶ the same bytes? ─▶ an instant until which it lasts? ─▶ do records still reach back as far? ─▶ made again of it
 */
import { HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import type { SignalSet } from '@tributary/signals/definitions/read';
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
  /** `lackUpToMs`: up to when records may lack events, epoch ms; `NEVER_CUT`. */
  find(userKey: string, record: Buffer, at: { readonly asOfMs: number; readonly lackUpToMs: number }): Kept<Made> | undefined;
  /** `bytes`: what `made` takes. */
  keep(userKey: string, record: Buffer, kept: Kept<Made> & { readonly lasting: Lasting; readonly bytes: number }): void;
}

export interface KeptValues {
  /** `form`: what is made of values. `names`: of the definitions, in the order of the values. */
  of<Made>(form: string, set: SignalSet, names: readonly string[]): KeptOfQuestion<Made>;
}

interface Entry extends Kept<unknown> {
  readonly record: Buffer;
  readonly lasting: Lasting;
}

/** What an entry takes beside its bytes. */
const ENTRY_BYTES = 1_024;
/** Copies of records are let go of after this, so that those of users who were erased do not stay. */
const LONGEST_MS = HOUR_MS;
const SWEEP_EVERY_MS = MINUTE_MS;
/** Questions to the same definitions that are known at a time; what was kept of earlier ones is not found. */
const MOST_QUESTIONS = 1_000;

export function createKeptValues(mostBytes: number): KeptValues {
  const memory = createRowMemory<Entry>({ entries: Number.POSITIVE_INFINITY, rows: mostBytes });
  const questions = new WeakMap<SignalSet, Map<string, string>>();
  let asked = 0;
  let sweptMs = 0;
  const letGoOfOld = (nowMs: number) => {
    if (nowMs < sweptMs + SWEEP_EVERY_MS) return;
    sweptMs = nowMs;
    memory.forget(({ asOfMs }) => asOfMs + LONGEST_MS < nowMs);
  };
  const prefixOf = (set: SignalSet, question: string): string => {
    let own = questions.get(set);
    if (own === undefined || own.size >= MOST_QUESTIONS) questions.set(set, (own = new Map()));
    let prefix = own.get(question);
    if (prefix === undefined) own.set(question, (prefix = `${asked++} `));
    return prefix;
  };
  return {
    of<Made>(form: string, set: SignalSet, names: readonly string[]) {
      const prefix = prefixOf(set, `${form} ${names.join()}`);
      return {
        find(userKey, record, { asOfMs, lackUpToMs }) {
          letGoOfOld(asOfMs);
          const entry = memory.get(prefix + userKey);
          if (entry === undefined || !lasts(entry, asOfMs, lackUpToMs) || !entry.record.equals(record)) return undefined;
          return entry as Kept<Made>;
        },
        keep(userKey, record, { bytes, made, asOfMs, newestTs, lasting }) {
          letGoOfOld(asOfMs);
          if (lasting.untilMs <= asOfMs + 1) return;
          const own = Buffer.allocUnsafeSlow(record.length);
          record.copy(own);
          memory.set(prefix + userKey, { made, asOfMs, newestTs, lasting, record: own }, record.length + bytes + ENTRY_BYTES);
        },
      } satisfies KeptOfQuestion<Made>;
    },
  };
}

/** Whether the same bytes give the same as of this instant, and READY. */
function lasts({ asOfMs: madeMs, lasting }: Entry, asOfMs: number, lackUpToMs: number): boolean {
  const { untilMs, fromMs, movingFromMs } = lasting;
  return asOfMs >= madeMs && asOfMs < untilMs && fromMs > lackUpToMs && movingFromMs + (asOfMs - madeMs) > lackUpToMs;
}
