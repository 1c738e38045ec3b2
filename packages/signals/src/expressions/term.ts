/**
 * An expression once it was checked: what the function and the SQL are both made of. A term has a value or none: none where a field is
 * absent, and where a part that is looked at has none. Logic is of three values, as CEL's with errors and SQL's with NULL: `false && none` is
 * false, `true || none` is true, `!none` is none. An expression holds where its term is true; none is not true.
 */
import type { FieldType, Scalar } from './fields.ts';

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type TextTest = 'contains' | 'startsWith' | 'endsWith';

/** `steps`: the keys that lead to it within `properties`; absent: a field of every event. */
export interface FieldTerm {
  readonly op: 'field';
  readonly type: FieldType;
  readonly name: string;
  readonly steps?: readonly string[];
}

export type Term =
  | { readonly op: 'literal'; readonly type: FieldType; readonly value: Scalar }
  | FieldTerm
  /** Two texts by their bytes in UTF-8, of two numbers by size; booleans are only equal or not. */
  | { readonly op: 'compare'; readonly type: 'boolean'; readonly sign: Comparison; readonly left: Term; readonly right: Term }
  | { readonly op: 'in'; readonly type: 'boolean'; readonly item: Term; readonly list: readonly Scalar[] }
  | { readonly op: 'and' | 'or'; readonly type: 'boolean'; readonly left: Term; readonly right: Term }
  | { readonly op: 'not'; readonly type: 'boolean'; readonly of: Term }
  | { readonly op: 'if'; readonly type: FieldType; readonly condition: Term; readonly yes: Term; readonly no: Term }
  | { readonly op: 'text'; readonly type: 'boolean'; readonly test: TextTest; readonly of: Term; readonly part: Term }
  | { readonly op: 'present'; readonly type: 'boolean'; readonly field: FieldTerm };
