/**
 * Where channels have been: the cells of a report (campaign, day, type, currency) and the linear credit of each channel in them.
 * A model of the whole window says what a channel earned, the cells say where.
 */
import { multiply } from '@tributary/model/integer';
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
import type { Snapshot } from '@tributary/serving/snapshot';
import { coalitions } from '@tributary/views/coalitions/fold';
import { credit, UNATTRIBUTED } from '@tributary/views/credit/fold';
import { addRow, type Rows } from '@tributary/views/deltas';
import { NONE } from '@tributary/views/timeline';
import { touches } from '@tributary/views/touches/fold';
import type { Scope } from '../journeys/scope.ts';
import { type Rename, renamedRows } from '../row-keys.ts';

export interface Cells {
  /** Dimensions of the cells; none: rows are whole channels. The last is `currency`, for value belongs to one. */
  readonly dimensions: readonly string[];
  readonly basis: Basis | null;
  /** Conversions without a path, by cell. */
  readonly unattributed: Rows;
}

/** Rows keyed by channel, the cell's dimensions, currency. */
export interface Basis {
  /** `[creditMicros, valueMinor]` of the linear model. */
  readonly linear: Rows;
  /** `[touches, …]`, for channels without linear credit. */
  readonly touches: Rows;
  /** Names of the cell's dimensions; the last is `currency`. */
  readonly dimensions: readonly string[];
  /** What a dimension reads for a channel that was nowhere. */
  readonly nowhere: Readonly<Record<string, string>>;
}

/** Dimensions that credit has beside its channel, in the order of the cells' keys. */
const CELL_DIMENSIONS = ['campaign', 'day', 'type', 'currency'];

/** `asked`: the dimensions of rows and filters. */
export function cellsOf(
  snapshot: Pick<Snapshot, 'project'>,
  scope: Scope,
  asked: readonly string[],
  rename: Rename | null,
): Cells {
  const cells = CELL_DIMENSIONS.filter((dimension) => asked.includes(dimension));
  const dimensions = cells.length === 0 ? [] : [...cells.filter((dimension) => dimension !== 'currency'), 'currency'];
  return {
    dimensions,
    basis: cells.length === 0 ? null : basisOf(snapshot, scope, dimensions, rename),
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
