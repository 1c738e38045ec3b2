/**
 * A term as SQL, on the columns of archived events: law 5, of any event it says what the function says (function.ts). NULL is what has no value, so the
 * logic of three values is that of SQL itself. No text of an expression is spliced into a statement: `bind` returns a placeholder for it.
 */
import { FIELDS, type Field } from '@tributary/model/event-fields';
import type { FieldType, Scalar } from './fields.ts';
import type { Comparison, FieldTerm, Term, TextTest } from './term.ts';

export type Bind = (text: string) => string;

export interface Named {
  readonly bind: Bind;
  /** The column that holds `fieldSql` of a field: where it stood in each place, `properties` would be read for each. */
  readonly column: (field: FieldTerm) => string;
}

/** A BOOLEAN that is NULL where the term has no value. Nothing in it fails, whatever `properties` hold. */
export function termSql(term: Term, named: Named): string {
  const { bind, column } = named;
  const part = (of: Term) => termSql(of, named);
  switch (term.op) {
    case 'literal':
      return literalSql(term.value, bind);
    case 'field':
      return column(term);
    case 'present':
      return `(${column(term.field)} IS NOT NULL)`;
    case 'compare':
      return `(${part(term.left)} ${SIGNS[term.sign]} ${part(term.right)})`;
    case 'in':
      return `(${part(term.item)} IN (${term.list.map((value) => literalSql(value, bind)).join(', ')}))`;
    case 'and':
    case 'or':
      return `(${part(term.left)} ${term.op.toUpperCase()} ${part(term.right)})`;
    case 'not':
      return `(NOT ${part(term.of)})`;
    case 'if':
      // The condition stands there once: written twice, conditions within conditions would double with each.
      return `(CASE ${part(term.condition)} WHEN true THEN ${part(term.yes)} WHEN false THEN ${part(term.no)} END)`;
    case 'text':
      return `${TESTS[term.test]}(${part(term.of)}, ${part(term.part)})`;
  }
}

/** Which events count: one of the types, where the condition holds. null: all. */
export function selectorSql(types: readonly string[] | null, where: Term | null, named: Named): string {
  const ofTypes = types === null ? [] : [`"${FIELDS.type.column}" IN (${types.map(named.bind).join(', ')})`];
  const holding = where === null ? [] : [`coalesce(${termSql(where, named)}, false)`];
  return `(${[...ofTypes, ...holding].join(' AND ') || 'true'})`;
}

const SIGNS: Readonly<Record<Comparison, string>> = { '==': '=', '!=': '<>', '<': '<', '<=': '<=', '>': '>', '>=': '>=' };
const TESTS: Readonly<Record<TextTest, string>> = {
  contains: 'contains',
  startsWith: 'starts_with',
  endsWith: 'ends_with',
};

function literalSql(value: Scalar, bind: Bind): string {
  if (typeof value === 'string') return bind(value);
  return typeof value === 'boolean' ? String(value) : `'${value}'::DOUBLE`;
}

/** What an event has of the field; NULL: nothing. Numbers are one type, as in JavaScript: DOUBLE. The integers of columns are exact in it. */
export function fieldSql({ type, name, steps }: FieldTerm, bind: Bind): string {
  if (steps !== undefined) return AS_TYPE[type](...lastStep(steps, bind));
  const column = `"${FIELDS[name as Field].column}"`;
  if (type === 'boolean') return `coalesce(${column}, false)`;
  return type === 'text' ? column : `${column}::DOUBLE`;
}

/** What holds the value, and the path in it. In `$."*"` a star would stand for every key, so what has one is walked key by key. */
function lastStep(steps: readonly string[], bind: Bind): readonly [json: string, path: string] {
  const column = `"${FIELDS.properties.column}"`;
  if (!steps.some((step) => step.includes('*'))) return [column, bind(`$${steps.map((step) => `."${step}"`).join('')}`)];
  const paths = steps.map((step) =>
    bind(step.includes('*') ? `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}` : `$."${step}"`),
  );
  const holder = paths.slice(0, -1).reduce((json, path) => `json_extract(${json}, ${path})`, column);
  return [holder, paths.at(-1) as string];
}

const MOST_NUMBER = 1e9;

/** As `READ_AS` in fields.ts: a value of another type is absent. */
const AS_TYPE: Readonly<Record<FieldType, (json: string, path: string) => string>> = {
  text: (json, path) =>
    `(CASE WHEN json_type(${json}, ${path}) = 'VARCHAR' THEN json_extract_string(${json}, ${path}) ELSE CAST(${whole(json, path)} AS VARCHAR) END)`,
  integer: (json, path) => `CAST(${whole(json, path)} AS DOUBLE)`,
  number: (json, path) => `(CASE WHEN abs(${numeric(json, path)}) <= ${MOST_NUMBER} THEN ${numeric(json, path)} END)`,
  boolean: (json, path) =>
    `(CASE WHEN json_type(${json}, ${path}) = 'BOOLEAN' THEN json_extract_string(${json}, ${path}) = 'true' END)`,
};

function numeric(json: string, path: string): string {
  return `(CASE WHEN json_type(${json}, ${path}) IN ('UBIGINT', 'BIGINT', 'DOUBLE') THEN TRY_CAST(json_extract_string(${json}, ${path}) AS DOUBLE) END)`;
}

/** A safe integer as BIGINT. */
function whole(json: string, path: string): string {
  const number = numeric(json, path);
  return `(CASE WHEN abs(${number}) <= ${Number.MAX_SAFE_INTEGER} AND ${number} = floor(${number}) THEN CAST(${number} AS BIGINT) END)`;
}
