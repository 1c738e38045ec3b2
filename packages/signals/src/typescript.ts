/** Definitions as TypeScript, so that what reads values of users is checked by a compiler before it runs. */
import { type Column, columnsOf } from './columns.ts';
import { explain } from './definitions/explain.ts';
import type { SignalDefinition } from './definitions/read.ts';
import { EVENT_FIELDS, type FieldType } from './expressions/fields.ts';
import { type AggregateDefinition, type EventsDefinition, type JoinDefinition, shownOfMatch } from './resolved.ts';

export type Typed = Pick<SignalDefinition, 'name' | 'version' | 'resolved' | 'fields'>;

/** Members of an interface, by name. */
type Members = Readonly<Record<string, string>>;

/** A type as it is written, of a list that of its entries' members. */
export type Shape = string | { readonly listOf: Members };

const TYPES: Readonly<Record<FieldType, string>> = { text: 'string', integer: 'number', number: 'number', boolean: 'boolean' };
/** What these say of no events is a number, not null. */
const NEVER_NULL: ReadonlySet<AggregateDefinition['measure']> = new Set([
  'count',
  'distinct',
  'sum',
  'decayedCount',
  'decayedSum',
]);

const SESSION: Members = {
  from: 'number',
  last: 'number',
  to: 'number',
  open: 'boolean',
  durationMs: 'number',
  events: 'number',
  entryPage: 'string | null',
  exitPage: 'string | null',
  channel: 'string | null',
  campaign: 'string | null',
};
/** What `value` may be where it is READY. */
export function shapeOf(definition: Typed): Shape {
  const { resolved } = definition;
  switch (resolved.kind) {
    case 'segment':
      return 'SegmentMembership';
    case 'session':
      return { listOf: SESSION };
    case 'events':
      return { listOf: eventItem(resolved, definition) };
    case 'join':
      return { listOf: joinItem(resolved, definition) };
    case 'ratio':
      return 'number | null';
    case 'aggregate':
      return resolved.measure === 'top'
        ? { listOf: { value: typeOfField(resolved.field ?? '', definition), count: 'number' } }
        : aggregateType(resolved, definition);
  }
}

function eventItem({ fields }: Pick<EventsDefinition, 'fields'>, definition: Typed): Members {
  const own = fields.map((field) => [field, `${typeOfField(field, definition)} | null`] as const);
  return { ts: 'number', ...Object.fromEntries(own) };
}

function joinItem({ fields, with: match }: JoinDefinition, definition: Typed): Members {
  const ofMatch = match.fields.map((field) => [shownOfMatch(field), `${typeOfField(field, definition)} | null`] as const);
  const join = { open: 'boolean', matches: 'number', matchTs: 'number | null' };
  return { ...eventItem({ fields }, definition), ...join, ...Object.fromEntries(ofMatch) };
}

function aggregateType({ measure }: AggregateDefinition, definition: Typed): string {
  const [column] = columnsOf(definition as SignalDefinition);
  const { type } = column as Column;
  // Sums have no bound.
  const known = type === 'sum' ? 'number | bigint' : TYPES[type];
  return NEVER_NULL.has(measure) ? known : `${known} | null`;
}

function typeOfField(field: string, { fields }: Typed): string {
  const own = fields[field] as { readonly type: FieldType } | undefined;
  return TYPES[own?.type ?? EVENT_FIELDS.get(field)?.type ?? 'text'];
}

/** `client`: the module that has the type `Client`. */
export function typescriptOf(definitions: readonly Typed[], client: string): string {
  const signals = definitions.map(
    (definition) =>
      `  /** ${commentOf(explain(definition.resolved))} */\n  readonly ${definition.name}: ${written(shapeOf(definition))};\n`,
  );
  const versions = definitions.map(({ name, version }) => `  ${name}: '${version}',\n`);
  return [
    '// Written by "tributary client generate": what the definitions say of a user. Write it again when they change.\n',
    `import type { Client } from '${client}';\n\n`,
    SEGMENT,
    `export interface Signals {\n${signals.join('')}}\n\n`,
    'export type SignalName = keyof Signals;\n\n',
    `/** Each changes with all that its values follow. */\nexport const VERSIONS = {\n${versions.join('')}} as const satisfies Record<SignalName, string>;\n\n`,
    READ,
  ].join('');
}

function written(shape: Shape): string {
  if (typeof shape === 'string') return shape;
  const members = Object.entries(shape.listOf).map(([name, type]) => `    readonly ${name}: ${type};\n`);
  return `readonly {\n${members.join('')}  }[]`;
}

/** A text within must not end the comment, nor begin another line. */
function commentOf(text: string): string {
  return text.replaceAll('*/', '* /').replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ');
}

const SEGMENT = `export interface SegmentMembership {
  readonly member: boolean;
  /** When the episode began that goes on; null: not a member, or since before records reach. */
  readonly since: number | null;
  readonly until: number | null;
  /** Those that are over, newest first. */
  readonly episodes: readonly { readonly from: number; readonly to: number }[];
}

`;

const READ = `export interface UserSignals<N extends SignalName> {
  readonly asOf: number;
  /** null: no event has such a value, or \`missing\` says why it is not known. */
  readonly values: { readonly [K in N]: Signals[K] | null };
  /** Those that are not known: the status that the API gives, or OTHER_VERSION where the definition is another than that of this file. */
  readonly missing: { readonly [K in N]?: string };
}

/** Throws TributaryProblem, also where a name is not defined any more. */
export async function readSignals<N extends SignalName>(
  client: Pick<Client, 'userValues'>,
  user: string,
  names: readonly N[],
  asOf?: number | string | Date,
): Promise<UserSignals<N>> {
  const answer = await client.userValues({ id: user, signals: names, ...(asOf !== undefined && { asOf }) });
  const values: Record<string, unknown> = {};
  const missing: Record<string, string> = {};
  for (const name of names) {
    const found = answer.values[name];
    const isOurs = found?.status === 'READY' && found.version === VERSIONS[name];
    values[name] = isOurs ? found.value : null;
    if (!isOurs) missing[name] = found?.status === 'READY' ? 'OTHER_VERSION' : (found?.status ?? 'NOT_IN_FORCE');
  }
  return { asOf: answer.asOf, values, missing } as UserSignals<N>;
}
`;
