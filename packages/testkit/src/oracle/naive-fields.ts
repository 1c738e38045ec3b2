/** Fields of events and conditions on them, slowly: expressions are evaluated by the CEL library itself. */
import { Environment } from '@marcbachmann/cel-js';
import type { Event } from '@tributary/model/event';
import type { Selector } from '@tributary/signals/resolved';

/** Fields of `properties`, by name. */
export type NaiveFields = Readonly<
  Record<string, { readonly from: string; readonly type: 'text' | 'integer' | 'number' | 'boolean' }>
>;

/** The type of a value decides how it is read; undefined: none. */
export function fieldValue(event: Event, name: string, fields: NaiveFields): string | number | boolean | undefined {
  const field = fields[name];
  if (field === undefined) {
    const value = (event as unknown as Record<string, unknown>)[name];
    return name === 'historical' ? value === true : (value as string | number | undefined);
  }
  let value: unknown = event;
  for (const step of field.from.split('.')) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    value = new Map(Object.entries(value)).get(step);
  }
  if (field.type === 'boolean') return typeof value === 'boolean' ? value : undefined;
  if (field.type === 'number') return typeof value === 'number' && value <= 1e9 && value >= -1e9 ? value : undefined;
  const isWhole = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 53;
  if (field.type === 'integer') return isWhole ? (value as number) : undefined;
  return typeof value === 'string' ? value : isWhole ? `${value as number}` : undefined;
}

export function selects({ types, where }: Selector, event: Event, fields: NaiveFields): boolean {
  return (types === null || types.includes(event.type)) && (where === null || holds(where, event, fields));
}

const TEXTS = ['type', 'id', 'userId', 'anonymousId', 'source', 'channel', 'campaign', 'creative', 'currency', 'page', 'element'];
const INTEGERS = ['ts', 'receivedAt', 'cost', 'value'];
/** Numbers are one type, as expressions take them. */
const CEL = { text: 'string', integer: 'double', number: 'double', boolean: 'bool' } as const;

/** By the library: a variable that has no value is an error there, and what ends in one does not hold. */
export function holds(expression: string, event: Event, fields: NaiveFields): boolean {
  const env = new Environment();
  const values: Record<string, unknown> = {};
  const declare = (name: string, as: string, type: string) => {
    env.registerVariable(as, type);
    const value = fieldValue(event, name, fields);
    if (value !== undefined) values[as] = value;
  };
  for (const name of TEXTS) declare(name, name === 'type' ? 'typeOfEvent' : name, 'string');
  for (const name of INTEGERS) declare(name, name, 'double');
  declare('historical', 'historical', 'bool');
  for (const [name, { type }] of Object.entries(fields)) declare(name, name, CEL[type]);
  const text = expression
    .replaceAll(/present\((\w+)\)/g, (_, name: string) => `${fieldValue(event, name, fields) !== undefined}`)
    .replaceAll(/\btype\b/g, 'typeOfEvent')
    .replaceAll(/"(?:[^"\\]|\\.)*"|(?<![\w.])\d+(?![\w.])/g, (token) => (token.startsWith('"') ? token : `${token}.0`));
  try {
    return env.evaluate(text, values) === true;
  } catch {
    return false;
  }
}
