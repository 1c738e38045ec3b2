/** A file of interventions: what each answers to, on which condition, how often, and which receiver it calls. */
import { TributaryError } from '@tributary/model/errors';
import type { Event } from '@tributary/model/event';
import { jsonTrouble, troubleText } from '@tributary/model/reading/json-trouble';
import { refusalText } from '@tributary/model/refusal';
import { z } from 'zod';
import { type ColumnType, columnsOf } from '../columns.ts';
import { visit } from '../definitions/compiler.ts';
import { Duration, durationMs } from '../definitions/duration.ts';
import type { SignalDefinition } from '../definitions/read.ts';
import { nearest, read, refusedAt } from '../definitions/refuse.ts';
import { Name } from '../definitions/schema.ts';
import { readPlaced } from '../definitions/written.ts';
import type { Fields, Scalar } from '../expressions/fields.ts';
import { predicateOf } from '../expressions/function.ts';
import { createParser, ExpressionTrouble, MOST_LENGTH } from '../expressions/parse.ts';
import type { SignalValue } from '../value.ts';

const MOST_RULES = 50;
/** A line of the output log is kept for an hour; what is older is not worth an answer by default. */
const WITHIN = '1h';

/** Types of lines (docs/outputs.md) that an intervention may answer to. */
export const KINDS = ['segment.entered', 'segment.left', 'session.ended', 'conversion.attributed', 'event.enriched'] as const;
export type Kind = (typeof KINDS)[number];

/** The type of the event that each intervention leaves in the log. */
export const EVENT_TYPE = 'intervention';

const Webhook = z.strictObject({
  url: z
    .string()
    .max(2_048)
    .refine(isWebAddress, 'be an address such as "https://hooks.example/tributary", without a name, a password or a "#"'),
  secret: z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'name an environment variable, such as HOOK_SECRET, that has the secret'),
});

const Rule = z.strictObject({
  on: z.enum(KINDS),
  of: z.string().min(1).max(128),
  when: z.string().min(1).max(MOST_LENGTH).optional(),
  cooldown: Duration.default('1d'),
  within: Duration.default(WITHIN),
  webhook: Webhook.optional(),
});

/** What a rule needs of a definition in force. */
export type Defined = Pick<SignalDefinition, 'name' | 'resolved' | 'fields'>;

/** Values of signals by name; a definition without a value is left out. */
export type Values = Readonly<Record<string, Scalar>>;

export interface InterventionRule {
  readonly name: string;
  readonly kind: Kind;
  readonly of: string;
  /** Changes with all that says when it answers. */
  readonly version: string;
  /** Names of the signals that its condition looks at. */
  readonly signals: readonly string[];
  readonly holds: (values: Values) => boolean;
  readonly cooldownMs: number;
  readonly withinMs: number;
  readonly webhook: { readonly url: string; readonly secret: string } | null;
}

/** A value as conditions read it; undefined: none. */
export type ReadCell = (value: SignalValue) => Scalar | undefined;

export interface InterventionFile {
  readonly rules: readonly InterventionRule[];
  readonly cells: ReadonlyMap<string, ReadCell>;
}

type Sha256Hex = (text: string) => string;

/** Throws `invalid_definitions` that names the place by line and column. `defined`: what conditions and `of` may name. */
export function readInterventions(text: string, defined: readonly Defined[], sha256Hex: Sha256Hex): InterventionFile {
  return readPlaced(text, (json) => {
    const trouble = jsonTrouble(json);
    if (trouble !== undefined)
      throw new TributaryError(
        'invalid_definitions',
        refusalText({ field: 'the definitions', must: 'be JSON', got: troubleText(trouble) }),
      );
    const whole = read(z.strictObject({ interventions: z.record(z.string(), z.unknown()) }), JSON.parse(json), []);
    const names = Object.keys(whole.interventions);
    if (names.length === 0 || names.length > MOST_RULES)
      throw refusedAt(['interventions'], `have 1 to ${MOST_RULES} interventions`, String(names.length));
    const { fields, cells } = valuesOf(defined);
    return { rules: names.map((name) => ruleOf(name, whole.interventions[name], { defined, fields, sha256Hex })), cells };
  });
}

interface Given {
  readonly defined: readonly Defined[];
  readonly fields: Fields;
  readonly sha256Hex: Sha256Hex;
}

function ruleOf(name: string, raw: unknown, { defined, fields, sha256Hex }: Given): InterventionRule {
  const at = ['interventions', name];
  read(Name, name, at);
  const { on, of, when = null, cooldown, within, webhook = null } = read(Rule, raw, at);
  demandDefined(on, of, defined, [...at, 'of']);
  const { holds, signals } = conditionOf(when, fields, [...at, 'when']);
  return {
    name,
    kind: on,
    of,
    version: sha256Hex(JSON.stringify([on, of, when, cooldown])).slice(0, 12),
    signals,
    holds,
    cooldownMs: durationMs(cooldown),
    withinMs: durationMs(within),
    webhook,
  };
}

/** Throws where the platform would never send such a line. */
function demandDefined(kind: Kind, of: string, defined: readonly Defined[], at: readonly string[]): void {
  if (kind === 'event.enriched' && of === EVENT_TYPE)
    throw refusedAt(at, 'name a type of events that no intervention writes', JSON.stringify(of), 'Answer to what came before it');
  const [wanted] = kind.split('.');
  if (wanted !== 'segment' && wanted !== 'session') return;
  const names = defined.filter(({ resolved }) => resolved.kind === wanted).map(({ name }) => name);
  if (names.includes(of)) return;
  const meant = nearest(of, names);
  const fix =
    meant === undefined ? `Define it under ${wanted}s, or name one of: ${names.join(', ') || 'none yet'}` : `Write "${meant}"`;
  throw refusedAt(at, `name a ${wanted} of the definitions`, JSON.stringify(of), fix);
}

function conditionOf(when: string | null, fields: Fields, at: readonly string[]): Pick<InterventionRule, 'holds' | 'signals'> {
  if (when === null) return { holds: () => true, signals: [] };
  try {
    const term = createParser(fields).parse(when);
    const signals = new Set<string>();
    visit(term, (name) => signals.add(name));
    const holds = predicateOf(term, fields);
    // An expression reads an event; the values of signals stand where its properties would.
    return { signals: [...signals], holds: (values) => holds({ properties: values } as unknown as Event) };
  } catch (cause) {
    if (!(cause instanceof ExpressionTrouble)) throw cause;
    const [, unknown] = /^Unknown variable: (\w+)/.exec(cause.message) ?? [];
    const meant = unknown === undefined ? undefined : nearest(unknown, fields.keys());
    const fix =
      unknown === undefined
        ? undefined
        : meant === undefined
          ? `Define ${unknown} under signals, or name another`
          : `Write "${meant}"`;
    const got = `${JSON.stringify(when.slice(0, 100))}: at character ${cause.at + 1}, ${cause.message}`;
    throw refusedAt(at, 'be a condition in CEL on the values of signals', got, fix);
  }
}

/** What conditions may name: every definition with one value. Lists and sessions have several; a segment is whether the user is in. */
function valuesOf(defined: readonly Defined[]): { readonly fields: Fields; readonly cells: ReadonlyMap<string, ReadCell> } {
  const fields = new Map<string, NonNullable<ReturnType<Fields['get']>>>();
  const cells = new Map<string, ReadCell>();
  for (const definition of defined) {
    const { name, resolved } = definition;
    const [column] = columnsOf(definition as SignalDefinition);
    const isList =
      resolved.kind === 'events' || resolved.kind === 'session' || ('measure' in resolved && resolved.measure === 'top');
    if (column === undefined || isList) continue;
    const { type, cell } = column;
    fields.set(name, {
      type: type === 'sum' ? 'integer' : type,
      read: ({ properties }) => (properties as Values | undefined)?.[name],
    });
    cells.set(name, (value) => scalarOf(cell(value), JS_TYPES[type]));
  }
  return { fields, cells };
}

const JS_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'string',
  boolean: 'boolean',
  integer: 'number',
  number: 'number',
  sum: 'number',
};

/**
 * Whole numbers beyond 2^53 compare as the largest that is exact: every number of a condition is smaller. A value of another type, of definitions that
 * changed meanwhile, is none.
 */
function scalarOf(value: Scalar | bigint | null | undefined, type: string): Scalar | undefined {
  if (typeof value === 'bigint')
    return type !== 'number' ? undefined : value > 0n ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
  return typeof value === type ? (value as Scalar) : undefined;
}

function isWebAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}
