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
  const values: Record<string, unknown> = {};
  for (const { name, as } of variablesOf(fields)) {
    if (!expression.includes(name)) continue;
    const value = fieldValue(event, name, fields);
    if (value !== undefined) values[as] = value;
  }
  const text = expression
    .replaceAll(/present\((\w+)\)/g, (_, name: string) => `${fieldValue(event, name, fields) !== undefined}`)
    .replaceAll(/\btype\b/g, 'typeOfEvent')
    .replaceAll(/"(?:[^"\\]|\\.)*"|(?<![\w.])\d+(?![\w.])/g, (token) => (token.startsWith('"') ? token : `${token}.0`));
  try {
    return parsed(text, fields)(values) === true;
  } catch {
    return false;
  }
}

interface Variable {
  readonly name: string;
  /** Its name in expressions. */
  readonly as: string;
  readonly type: string;
}

function variablesOf(fields: NaiveFields): readonly Variable[] {
  const own = Object.entries(fields).map(([name, { type }]): Variable => ({ name, as: name, type: CEL[type] }));
  return [...VARIABLES, ...own];
}

const VARIABLES: readonly Variable[] = [
  ...TEXTS.map((name): Variable => ({ name, as: name === 'type' ? 'typeOfEvent' : name, type: 'string' })),
  ...INTEGERS.map((name): Variable => ({ name, as: name, type: 'double' })),
  { name: 'historical', as: 'historical', type: 'bool' },
];

/** The library takes longer to declare variables and to parse than to evaluate, and the same few texts are asked of all events. */
const environments = new Map<string, Map<string, ReturnType<Environment['parse']>>>();

function parsed(text: string, fields: NaiveFields): ReturnType<Environment['parse']> {
  const variables = variablesOf(fields);
  const key = variables.map(({ as, type }) => `${as} ${type}`).join('\n');
  const texts = environments.get(key) ?? new Map<string, ReturnType<Environment['parse']>>();
  environments.set(key, texts);
  let evaluate = texts.get(text);
  if (evaluate === undefined) {
    const env = new Environment();
    for (const { as, type } of variables) env.registerVariable(as, type);
    evaluate = env.parse(text);
    texts.set(text, evaluate);
  }
  return evaluate;
}
