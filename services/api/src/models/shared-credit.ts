/**
 * The credit of models that share out the whole window: shares of the channels, whole numbers by `distribute`, cells by
 * linear credit. What a channel earns does not depend on how the report is broken down, so every breakdown adds up to it.
 */
import { distribute } from '@tributary/attribution/distribute';
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
import { coalitions } from '@tributary/views/coalitions/fold';
import { credit, UNATTRIBUTED } from '@tributary/views/credit/fold';
import { addRow, type Rows } from '@tributary/views/deltas';
import { NONE } from '@tributary/views/timeline';
import { touches } from '@tributary/views/touches/fold';
import type { Snapshot } from '../snapshot.ts';
import type { Rename } from './channel-names.ts';
import type { ModelOutcome } from './compute.ts';
import { rekeyed, renamedRows } from './row-keys.ts';
import { type ChannelCredit, spread } from './spread.ts';
import type { Scope, SetCounts } from './window-counts.ts';

/** A model's outcomes over one window. */
export interface SharedOutcome {
  /** null: value alone was asked for. */
  readonly conversions: ModelOutcome | null;
  /** By currency; empty: conversions alone were asked for. */
  readonly values: ReadonlyMap<string, ModelOutcome>;
}

/** Integers that sum to the attributed conversions and their value. */
export function creditOfChannels({ conversions, values }: SharedOutcome, { attributed }: SetCounts): ChannelCredit {
  const handedOut = (total: number, { channels }: ModelOutcome) => {
    const parts = distribute(
      total,
      channels.map(({ share }) => share),
    );
    return new Map(channels.map(({ channel }, i) => [channel, parts[i] as number]));
  };
  return {
    creditMicros: conversions === null ? new Map() : handedOut(attributed.conversions * CREDIT_UNIT_MICROS, conversions),
    valueMinor: new Map(
      [...values].map(([currency, outcome]) => [currency, handedOut(attributed.values.get(currency) ?? 0, outcome)]),
    ),
  };
}

/** Dimensions that credit has beside its channel, in the order of the cells' keys. */
const CELL_DIMENSIONS = ['campaign', 'day', 'type', 'currency'];

/**
 * Rows keyed by `by`, `[creditMicros, valueMinor]`, the unattributed conversions included, of the cells that `only` names
 * (channel, campaign).
 */
export function sharedRows(
  snapshot: Pick<Snapshot, 'project'>,
  scope: Scope,
  given: ChannelCredit,
  { by, only, rename }: { by: readonly string[]; only: Readonly<Record<string, string>>; rename: Rename | null },
): Rows {
  const told = CELL_DIMENSIONS.filter((dimension) => by.includes(dimension) || only[dimension] !== undefined);
  // The currency is told apart whenever anything is: value belongs to one.
  const cellDimensions = told.length === 0 ? [] : [...told.filter((dimension) => dimension !== 'currency'), 'currency'];
  const cells = told.length === 0 ? channelRows(given) : spread(given, basisOf(snapshot, scope, cellDimensions, rename));
  addUnattributed(snapshot, scope, cellDimensions, cells);
  return rekeyed(cells, ['channel', ...cellDimensions], by, only);
}

function channelRows({ creditMicros, valueMinor }: ChannelCredit): Rows {
  const rows: Rows = new Map();
  for (const [channel, micros] of creditMicros) addRow(rows, channel, [micros, 0]);
  for (const channels of valueMinor.values()) for (const [channel, minor] of channels) addRow(rows, channel, [0, minor]);
  return rows;
}

function basisOf(snapshot: Pick<Snapshot, 'project'>, scope: Scope, dimensions: readonly string[], rename: Rename | null) {
  const { days, type, currency } = scope;
  const equal = { ...(type === undefined ? {} : { type }), ...(currency === undefined ? {} : { currency }) };
  const linear = snapshot.project(credit, { days, by: ['channel', ...dimensions], equal: { ...equal, model: 'linear' } });
  return {
    linear: renamedRows(linear, rename),
    dimensions,
    nowhere: equal,
    // Touches have no conversion type: theirs is another type.
    touches: () => {
      const known = dimensions.filter((dimension) => dimension !== 'type');
      const rows = snapshot.project(touches, {
        days,
        by: ['channel', ...known],
        equal: currency === undefined ? {} : { currency },
      });
      return renamedRows(dimensions.includes('type') ? withType(rows, known, type ?? NONE) : rows, rename);
    },
  };
}

/** `type` goes before the currency, which is last. */
function withType(rows: Rows, known: readonly string[], type: string): Rows {
  return new Map([...rows].map(([key, measures]) => [key.split('\t').toSpliced(known.length, 0, type).join('\t'), measures]));
}

/** Conversions without a path are where they are: no model shares them out. */
function addUnattributed(
  snapshot: Pick<Snapshot, 'project'>,
  { days, type, currency }: Scope,
  dimensions: readonly string[],
  rows: Rows,
): void {
  const equal = { channels: '', ...(type === undefined ? {} : { type }), ...(currency === undefined ? {} : { currency }) };
  const by = dimensions.filter((dimension) => dimension !== 'campaign');
  for (const [key, [conversions = 0, value = 0]] of snapshot.project(coalitions, { days, by, equal })) {
    const parts = key === '' && by.length === 0 ? [] : key.split('\t');
    const cell = dimensions.map((dimension) => (dimension === 'campaign' ? NONE : parts[by.indexOf(dimension)]));
    addRow(rows, [UNATTRIBUTED, ...cell].join('\t'), [conversions * CREDIT_UNIT_MICROS, value]);
  }
}
