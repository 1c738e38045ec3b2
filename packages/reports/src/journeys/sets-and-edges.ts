/**
 * The counts of one window that data-driven models are computed from, both layers added. Everything here is additive: a
 * row of a view adds to the answer, so the part of view(g) is remembered and a request adds the part of the deltas.
 *
 * A journey without a conversion has neither conversion type nor currency: nulls are those of the days, whatever is asked for.
 */
import { type Coalition, SEPARATOR, type Transition } from '@tributary/attribution/data-driven/counts';
import { transitionsOfPath } from '@tributary/attribution/data-driven/path-counts';
import { add, type Integer } from '@tributary/model/integer';
import type { Snapshot } from '@tributary/serving/snapshot';
import { coalitions } from '@tributary/views/coalitions/fold';
import type { Rows } from '@tributary/views/deltas';
import { nullCoalitions } from '@tributary/views/null-coalitions/fold';
import { nullTransitions } from '@tributary/views/null-transitions/fold';
import { transitions } from '@tributary/views/transitions/fold';
import type { View } from '@tributary/views/view';
import { collectionOf, type Remembered, rememberedUnder, type Scope, within } from './scope.ts';

/** What `setsOf` and `edgesOf` are collected from. */
export const SET_VIEWS: readonly View[] = [coalitions, nullCoalitions];
export const EDGE_VIEWS: readonly View[] = [transitions, nullTransitions];

/** Conversions and nulls of a set, or of an edge, as they were counted: exact, and of a layer alone maybe negative. */
export type Counted<Name> = Name & { readonly conversions: Integer; readonly nulls: Integer };

export type SetName = Pick<Coalition, 'channels'>;
export type EdgeName = Pick<Transition, 'from' | 'to'>;

/** The same for models, in doubles and not negative. */
type ForModels<Name> = Name & { readonly conversions: number; readonly nulls: number; readonly value: number };

export interface CountsByCurrency<Name> {
  /** All of them: rows of both layers add up to those of the merged answer. */
  readonly rows: readonly Counted<Name>[];
  /** `counts(null)` for conversions, `counts('EUR')` for the value in euros. Negative rows are left out. */
  counts(currency: string | null): ForModels<Name>[];
  /** Rows with a negative count: what the deltas take away from the other layer, or more than is there. No journeys, to a model. */
  readonly negative: number;
}

/** The sets of channels of the journeys. */
export function setsOf(snapshot: Pick<Snapshot, 'collect'>, scope: Scope): CountsByCurrency<SetName> {
  const converted = snapshot.collect(coalitions, {
    ...collectionOf('sets', scope),
    map([, type, channels = '', currency = ''], measures, emit) {
      if (channels !== '' && within(scope, type, currency)) emit(`${channels}\t${currency}`, measures);
    },
  });
  const nulls = snapshot.collect(nullCoalitions, {
    ...collectionOf('null sets', { days: scope.days, equal: {} }),
    map: ([, channels = ''], measures, emit) => emit(channels, measures),
  });
  return rememberedUnder(setsMemory, converted, nulls, () =>
    byCurrency(converted, nulls, (key) => ({ channels: key.split(SEPARATOR) })),
  );
}

const setsMemory = new WeakMap<Rows, Remembered<CountsByCurrency<SetName>>>();

/** The transitions of the journeys, at `order` or the order they are kept at, whichever is lower. */
export function edgesOf(snapshot: Pick<Snapshot, 'collect'>, scope: Scope, order: number): CountsByCurrency<EdgeName> {
  const converted = snapshot.collect(transitions, {
    ...collectionOf(`edges ${order}`, scope),
    map([, type, from = '', to = '', currency = ''], measures, emit) {
      // Only the way into the conversion is kept by currency: there is the value.
      if (!within(scope, type, currency)) return;
      for (const edge of lowered(from, to, order)) emit(`${edge}\t${to === '' ? currency : ''}`, measures);
    },
  });
  const nulls = snapshot.collect(nullTransitions, {
    ...collectionOf(`null edges ${order}`, { days: scope.days, equal: {} }),
    map([, from = '', to = ''], measures, emit) {
      for (const edge of lowered(from, to, order)) emit(edge, measures);
    },
  });
  return rememberedUnder(edgesMemory, converted, nulls, () => byCurrency(converted, nulls, edgeOf));
}

const edgesMemory = new WeakMap<Rows, Remembered<CountsByCurrency<EdgeName>>>();

/** The edges at `order` that an edge of a higher order adds to: into the first state all its steps, else the last one. */
function lowered(from: string, to: string, order: number): string[] {
  if (from === '' && to.includes(SEPARATOR)) {
    const steps = transitionsOfPath(stateOf(to), order).slice(0, -1);
    return steps.map((step) => `${step.from.join(SEPARATOR)}\t${step.to.join(SEPARATOR)}`);
  }
  const tail = (state: string) => (state.includes(SEPARATOR) ? stateOf(state).slice(-order).join(SEPARATOR) : state);
  return [`${tail(from)}\t${tail(to)}`];
}

function edgeOf(key: string): { from: string[]; to: string[] } {
  const between = key.indexOf('\t');
  return { from: stateOf(key.slice(0, between)), to: stateOf(key.slice(between + 1)) };
}

function stateOf(text: string): string[] {
  return text === '' ? [] : text.split(SEPARATOR);
}

interface Sums<Name> {
  readonly name: Name;
  conversions: Integer;
  nulls: Integer;
  /** By currency; null: none. */
  values: Map<string, Integer> | null;
}

/** The key of a null row names it; that of a converted one is followed by a currency. */
function byCurrency<Name extends object>(converted: Rows, nulls: Rows, named: (key: string) => Name): CountsByCurrency<Name> {
  const rows = new Map<string, Sums<Name>>();
  const rowAt = (key: string) => {
    let row = rows.get(key);
    if (row === undefined) rows.set(key, (row = { name: named(key), conversions: 0, nulls: 0, values: null }));
    return row;
  };
  for (const [key, [conversions = 0, value = 0]] of converted) {
    const end = key.lastIndexOf('\t');
    const row = rowAt(key.slice(0, end));
    row.conversions = add(row.conversions, conversions);
    if (value !== 0) (row.values ??= new Map()).set(key.slice(end + 1), value);
  }
  for (const [key, [count = 0]] of nulls) {
    const row = rowAt(key);
    row.nulls = add(row.nulls, count);
  }
  const all = [...rows.values()];
  const kept = all.filter(({ conversions, nulls: lost }) => conversions >= 0 && lost >= 0);
  return {
    rows: all.map(({ name, conversions, nulls: lost }) => ({ ...name, conversions, nulls: lost })),
    counts: (currency) =>
      kept.map(({ name, conversions, nulls: lost, values }) => ({
        ...name,
        conversions: Number(conversions),
        nulls: Number(lost),
        value: currency === null ? 0 : Number(values?.get(currency) ?? 0),
      })),
    negative: all.length - kept.length,
  };
}
