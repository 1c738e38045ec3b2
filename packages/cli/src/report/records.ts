/** Rows for machines, before they have a format. */

import { decimalText } from '@tributary/attribution-files/files/decimal';
import type { Integer } from '@tributary/model/integer';

/** `decimals`: cells are integers that count `10^-decimals`. */
export type FieldType = 'text' | 'integer' | 'double' | { readonly decimals: number };
export interface Field {
  readonly name: string;
  readonly type: FieldType;
}
export type Cell = string | Integer | null;

export interface Records {
  readonly fields: readonly Field[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Decimals with all their digits, so that columns of them can be added exactly. */
export function textOf(cell: Cell | undefined, { type }: Field): string | null {
  if (cell === null || cell === undefined) return null;
  return typeof cell === 'number' && typeof type === 'object' ? decimalText(cell, type.decimals) : String(cell);
}
