/**
 * A definition as columns of plain values, for tables and for protocols that have no objects: the same names, types and values in
 * training sets and in what a feature server answers, so that a model is trained on what it is given later.
 */
import { exactJson } from '@tributary/model/exact-json';
import type { Integer } from '@tributary/model/integer';
import type { SignalDefinition } from './definitions/read.ts';
import { EVENT_FIELDS, type FieldType, type Scalar } from './expressions/fields.ts';
import type { SegmentValue, SignalValue } from './value.ts';

/** `sum`: an integer that may be larger than 64 bits hold. A `text` is JSON where the value is a list. */
export type ColumnType = FieldType | 'sum';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** null: there is no such value. */
  readonly cell: (value: SignalValue) => Scalar | Integer | null;
}

/** A segment has two: whether the user is a member, and since when (`NAME.since`, epoch ms). */
export function columnsOf(definition: SignalDefinition): readonly Column[] {
  const { name, resolved } = definition;
  if (resolved.kind === 'segment')
    return [
      { name, type: 'boolean', cell: (value) => (value as SegmentValue).member },
      { name: `${name}.since`, type: 'integer', cell: (value) => (value as SegmentValue).since },
    ];
  if (resolved.kind === 'ratio') return [{ name, type: 'number', cell: plain }];
  if (resolved.kind !== 'aggregate' || resolved.measure === 'top') return [{ name, type: 'text', cell: exactJson }];
  const ofField = typeOf(resolved.field, definition);
  switch (resolved.measure) {
    case 'count':
    case 'distinct':
    case 'timeSince':
      return [{ name, type: 'integer', cell: plain }];
    case 'sum':
      return [{ name, type: ofField === 'integer' ? 'sum' : ofField, cell: plain }];
    case 'min':
    case 'max':
    case 'first':
    case 'last':
    case 'mostFrequent':
      return [{ name, type: ofField, cell: plain }];
    default:
      return [{ name, type: 'number', cell: plain }];
  }
}

function plain(value: SignalValue): Scalar | Integer | null {
  return value as Scalar | Integer | null;
}

function typeOf(field: string | null, { fields }: SignalDefinition): FieldType {
  if (field === null) return 'integer';
  const own = fields[field] as { readonly type: FieldType } | undefined;
  return own?.type ?? EVENT_FIELDS.get(field)?.type ?? 'text';
}
