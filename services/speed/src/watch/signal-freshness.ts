/** How fresh each signal is: how long ago the newest event happened that it looks at. */
import type { Definitions } from '@tributary/model/definitions';
import { signalsOf } from '@tributary/signals/definitions/file';
import type { SignalDefinition } from '@tributary/signals/definitions/read';
import { Gauge, type Registry } from 'prom-client';
import type { AppliedBatch } from '../apply/apply.ts';

/** Other producers may bring any number of types: beyond it none is remembered that is new. */
const MOST_TYPES = 10_000;

/** What commits bring is noted; ages are measured when they are asked for. A signal of which nothing came since the worker began has none. */
export function observeSignals(
  registry: Registry,
  { sha256Hex, now }: { readonly sha256Hex: (text: string) => string; readonly now: () => number },
): (batch: Pick<AppliedBatch, 'newest' | 'rules'>) => void {
  const newest = new Map<string, number>();
  let definitions: Definitions | undefined;
  new Gauge({
    name: 'tributary_speed_signal_age_seconds',
    help: 'Since the newest event that a signal, a session or a segment looks at happened, by its name',
    labelNames: ['signal'],
    registers: [registry],
    collect() {
      this.reset();
      if (definitions === undefined) return;
      for (const signal of signalsOf(definitions, sha256Hex).values()) {
        const newestMs = newestOf(signal, newest);
        if (newestMs !== undefined) this.set({ signal: signal.name }, Math.max(0, now() - newestMs) / 1000);
      }
    },
  });
  return (batch) => {
    definitions = batch.rules.definitions;
    for (const [type, ts] of batch.newest) {
      const known = newest.get(type);
      if (known === undefined ? newest.size < MOST_TYPES : known < ts) newest.set(type, ts);
    }
  };
}

function newestOf({ types, segment }: SignalDefinition, newest: ReadonlyMap<string, number>): number | undefined {
  const looksAt = segment?.types ?? types;
  const all = looksAt === null ? [...newest.values()] : [...looksAt].flatMap((type) => newest.get(type) ?? []);
  return all.length === 0 ? undefined : all.reduce((a, b) => Math.max(a, b));
}
