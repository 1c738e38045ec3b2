/** Rows of the API as records: the same names, and types that Parquet can keep. */
import { measureOf } from './money-columns.ts';
import type { Cell, Field, FieldType, Records } from './records.ts';

const OF_PAGES = ['page', 'layout', 'element', 'kind', 'cell', 'band', 'form', 'field', 'target', 'host'];
const TEXT = new Set([
  ...['model', 'channel', 'campaign', 'day', 'week', 'month', 'type', 'currency', 'position', 'path', 'caution'],
  ...OF_PAGES,
]);
const INTEGERS = new Set([
  'creditMicros',
  'valueMinor',
  'costMinor',
  'touches',
  'met',
  'rank',
  'valueMinorOnPaths',
  'previousCreditMicros',
  'previousValueMinor',
  'previousCostMinor',
  'creditMicrosChange',
  'valueMinorChange',
  'costMinorChange',
  'steps',
  'creditMicrosDifference',
  'valueMinorDifference',
  ...['views', 'engagedMs', 'visibleMs', 'botViews', 'ms', 'n', 'focused', 'changed', 'submitted', 'lastField', 'clicks'],
  ...['percentTenths', 'seenViews'],
]);

/** Fields in the order in which rows first name them; a figure that a row does not have is null. */
export function recordsOf(rows: readonly Readonly<Record<string, unknown>>[]): Records {
  const fields: readonly Field[] = [...new Set(rows.flatMap((row) => Object.keys(row)))].map((name) => ({
    name,
    type: typeOf(measureOf(name)),
  }));
  return { fields, rows: rows.map((row) => fields.map(({ name }) => (row[name] ?? null) as Cell)) };
}

function typeOf(name: string): FieldType {
  if (TEXT.has(name) || name.endsWith('Cautions')) return 'text';
  return INTEGERS.has(name) ? 'integer' : 'double';
}
