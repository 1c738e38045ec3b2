/**
 * Where channels have been: the cells of a report (campaign, day, type, currency) and the linear credit of each channel in them.
 * A model of the whole window says what a channel is credited with, the cells say where.
 */
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { NONE } from '@tributary/model/channels/channel';
import { multiply } from '@tributary/model/integer';
import type { Snapshot } from '@tributary/serving/snapshot';
import { coalitions } from '@tributary/views/coalitions/fold';
import { credit, UNATTRIBUTED } from '@tributary/views/credit/fold';
import { addRow, type Rows } from '@tributary/views/deltas';
import { touches } from '@tributary/views/touches/fold';
import type { Scope } from '../journeys/scope.ts';
import { type Rename, renamedRows } from '../row-keys.ts';

export interface Cells {
  /** Dimensions of the cells; none: rows are whole channels. */
  readonly dimensions: readonly string[];
  readonly basis: Basis | null;
  /** Conversions without a path, by cell. */
  readonly unattributed: Rows;
}

/** Rows keyed by channel and the cell's dimensions. */
export interface Basis {
  /** `[creditMicros, valueMinor]` of the linear model. */
  readonly linear: Rows;
  /** `[touches]`, for channels without linear credit. */
  readonly touches: Rows;
  /** Names of the cell's dimensions; the first is `currency`. */
  readonly dimensions: readonly string[];
  /** What a dimension reads for a channel that was nowhere. */
  readonly nowhere: Readonly<Record<string, string>>;
}

/**
 * Dimensions that credit has beside its channel, in the order in which it is handed down: value belongs to a currency, and where one
 * campaign sold and was refunded, the two meet before days are split.
 */
const CELL_DIMENSIONS = ['currency', 'campaign', 'type', 'day'];

/** `asked`: the dimensions of rows and filters; those that come before them are taken as well. */
export function cellsOf(
  snapshot: Pick<Snapshot, 'project'>,
  scope: Scope,
  asked: readonly string[],
  rename: Rename | null,
): Cells {
  const dimensions = CELL_DIMENSIONS.slice(0, 1 + CELL_DIMENSIONS.findLastIndex((dimension) => asked.includes(dimension)));
  return {
    dimensions,
    basis: dimensions.length === 0 ? null : basisOf(snapshot, scope, dimensions, rename),
    unattributed: unattributedRows(snapshot, scope, dimensions),
  };
}

function basisOf(
  snapshot: Pick<Snapshot, 'project'>,
  { days, equal }: Scope,
  dimensions: readonly string[],
  rename: Rename | null,
): Basis {
  const linear = snapshot.project(credit, { days, by: ['channel', ...dimensions], equal: { ...equal, model: 'linear' } });
  // Touches have no conversion type: theirs is another type.
  const { type, ...ofTouches } = equal;
  const known = dimensions.filter((dimension) => dimension !== 'type');
  const touched = snapshot.project(touches, { days, by: ['channel', ...known], equal: ofTouches });
  const at = 1 + dimensions.indexOf('type');
  return {
    linear: renamedRows(linear, rename),
    dimensions,
    nowhere: Object.fromEntries(Object.entries(equal).filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
    touches: renamedRows(touchRows(touched, at === 0 ? null : { at, type: typeof type === 'string' ? type : NONE }), rename),
  };
}

/** Without costs, and with a type where cells have one. */
function touchRows(rows: Rows, place: { at: number; type: string } | null): Rows {
  return new Map(
    [...rows].map(([key, [count = 0]]) => [
      place === null ? key : key.split('\t').toSpliced(place.at, 0, place.type).join('\t'),
      [count],
    ]),
  );
}

/** Conversions without a path are where they are: no model shares them out. */
function unattributedRows(snapshot: Pick<Snapshot, 'project'>, { days, equal }: Scope, dimensions: readonly string[]): Rows {
  const rows: Rows = new Map();
  const by = dimensions.filter((dimension) => dimension !== 'campaign');
  const without = snapshot.project(coalitions, { days, by, equal: { channels: '', ...equal } });
  for (const [key, [conversions = 0, value = 0]] of without) {
    const parts = key === '' && by.length === 0 ? [] : key.split('\t');
    const cell = dimensions.map((dimension) => (dimension === 'campaign' ? NONE : parts[by.indexOf(dimension)]));
    addRow(rows, [UNATTRIBUTED, ...cell].join('\t'), [multiply(conversions, CREDIT_UNIT_MICROS), value]);
  }
  return rows;
}
