/**
 * The credit of models that share out the whole window: shares of the channels, whole numbers by `distribute`, cells by
 * linear credit. What a channel earns does not depend on how the report is broken down, so every breakdown adds up to it.
 */
import { distribute } from '@tributary/attribution/distribute';
import { type Integer, multiply } from '@tributary/model/integer';
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
import type { Snapshot } from '@tributary/serving/snapshot';
import { coalitions } from '@tributary/views/coalitions/fold';
import { credit, UNATTRIBUTED } from '@tributary/views/credit/fold';
import { addRow, addRows, type Rows } from '@tributary/views/deltas';
import { NONE } from '@tributary/views/timeline';
import { touches } from '@tributary/views/touches/fold';
import type { Scope } from '../counts/scope.ts';
import type { SetCounts } from '../counts/sizes.ts';
import type { Rename } from '../models/channel-names.ts';
import type { ModelOutcome } from '../models/compute.ts';
import { rekeyed, renamedRows } from './row-keys.ts';
import { type Basis, type ChannelCredit, spread } from './spread.ts';

/** A model's outcomes over one window. */
export interface SharedOutcome {
  /** null: value alone was asked for. */
  readonly conversions: ModelOutcome | null;
  /** By currency; empty: conversions alone were asked for. */
  readonly values: ReadonlyMap<string, ModelOutcome>;
}

/** Integers that sum to the attributed conversions and their value. */
export function creditOfChannels({ conversions, values }: SharedOutcome, { attributed }: SetCounts): ChannelCredit {
  const handedOut = (total: Integer, { channels }: ModelOutcome) => {
    const parts = distribute(
      total,
      channels.map(({ share }) => share),
    );
    return new Map(channels.map(({ channel }, i) => [channel, parts[i] as Integer]));
  };
  return {
    creditMicros: conversions === null ? new Map() : handedOut(multiply(attributed.conversions, CREDIT_UNIT_MICROS), conversions),
    valueMinor: new Map(
      [...values].map(([currency, outcome]) => [currency, handedOut(attributed.values.get(currency) ?? 0, outcome)]),
    ),
  };
}

/** Dimensions that credit has beside its channel, in the order of the cells' keys. */
const CELL_DIMENSIONS = ['campaign', 'day', 'type', 'currency'];

/** What the rows of a report are made of beside the models: the same for all of them. */
export interface Ground {
  /** Dimensions of the cells; none: rows are whole channels. The last is `currency`, for value belongs to one. */
  readonly dimensions: readonly string[];
  readonly basis: Basis | null;
  /** Conversions without a path, by cell. */
  readonly unattributed: Rows;
}

/** `told`: the dimensions that rows or filters tell apart. */
export function groundOf(
  snapshot: Pick<Snapshot, 'project'>,
  scope: Scope,
  told: readonly string[],
  rename: Rename | null,
): Ground {
  const cells = CELL_DIMENSIONS.filter((dimension) => told.includes(dimension));
  const dimensions = cells.length === 0 ? [] : [...cells.filter((dimension) => dimension !== 'currency'), 'currency'];
  return {
    dimensions,
    basis: cells.length === 0 ? null : basisOf(snapshot, scope, dimensions, rename),
    unattributed: unattributedRows(snapshot, scope, dimensions),
  };
}

/**
 * Rows keyed by `by`, `[creditMicros, valueMinor]`, the unattributed conversions included, of the cells that `only` names
 * (channel, campaign).
 */
export function sharedRows(
  given: ChannelCredit,
  { dimensions, basis, unattributed }: Ground,
  by: readonly string[],
  only: Readonly<Record<string, string>>,
): Rows {
  const cells = basis === null ? channelRows(given) : spread(given, basis);
  addRows(cells, unattributed);
  return rekeyed(cells, ['channel', ...dimensions], by, only);
}

function channelRows({ creditMicros, valueMinor }: ChannelCredit): Rows {
  const rows: Rows = new Map();
  for (const [channel, micros] of creditMicros) addRow(rows, channel, [micros, 0]);
  for (const channels of valueMinor.values()) for (const [channel, minor] of channels) addRow(rows, channel, [0, minor]);
  return rows;
}

function basisOf(snapshot: Pick<Snapshot, 'project'>, scope: Scope, dimensions: readonly string[], rename: Rename | null): Basis {
  const { days, type, currency } = scope;
  const equal = { ...(type === undefined ? {} : { type }), ...(currency === undefined ? {} : { currency }) };
  const linear = snapshot.project(credit, { days, by: ['channel', ...dimensions], equal: { ...equal, model: 'linear' } });
  // Touches have no conversion type: theirs is another type.
  const known = dimensions.filter((dimension) => dimension !== 'type');
  const places = { days, by: ['channel', ...known], equal: currency === undefined ? {} : { currency } };
  const touched = snapshot.project(touches, places);
  return {
    linear: renamedRows(linear, rename),
    dimensions,
    nowhere: equal,
    touches: renamedRows(dimensions.includes('type') ? withType(touched, known, type ?? NONE) : touched, rename),
  };
}

/** `type` goes before the currency, which is last. */
function withType(rows: Rows, known: readonly string[], type: string): Rows {
  return new Map([...rows].map(([key, measures]) => [key.split('\t').toSpliced(known.length, 0, type).join('\t'), measures]));
}

/** Conversions without a path are where they are: no model shares them out. */
function unattributedRows(
  snapshot: Pick<Snapshot, 'project'>,
  { days, type, currency }: Scope,
  dimensions: readonly string[],
): Rows {
  const rows: Rows = new Map();
  const equal = { channels: '', ...(type === undefined ? {} : { type }), ...(currency === undefined ? {} : { currency }) };
  const by = dimensions.filter((dimension) => dimension !== 'campaign');
  for (const [key, [conversions = 0, value = 0]] of snapshot.project(coalitions, { days, by, equal })) {
    const parts = key === '' && by.length === 0 ? [] : key.split('\t');
    const cell = dimensions.map((dimension) => (dimension === 'campaign' ? NONE : parts[by.indexOf(dimension)]));
    addRow(rows, [UNATTRIBUTED, ...cell].join('\t'), [multiply(conversions, CREDIT_UNIT_MICROS), value]);
  }
  return rows;
}
