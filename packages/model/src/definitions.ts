/**
 * Definitions: which events are touches, conversions and signals, and how attribution looks at them. One file for both
 * layers; it travels inside each barrier, so that a change takes effect at one cut everywhere.
 */
import { z } from 'zod';
import { RATES } from './amounts/rates.ts';
import { canonicalJson } from './canonical-json.ts';
import { CORRECTIONS, type CorrectedSpan, type Correction, followedByRows, wholeSpan } from './corrections.ts';
import { countingOf, countVersions } from './counts.ts';
import { decayWeights } from './decay-weights.ts';
import { TributaryError } from './errors.ts';
import type { Event } from './event.ts';
import { IDENTITY, identityTroubles } from './identity/rules.ts';
import { valueAt } from './reading/json.ts';
import { jsonTrouble, notJson } from './reading/json-trouble.ts';
import { describe, type Refusal, refusalText } from './refusal.ts';
import { newestRules, ofRows, RULES, RULES_OF_RATES, WITH_RULES } from './rules-of-definitions.ts';
import { ruleOf } from './schema-rule.ts';
import { isByDay, segmentDaysOf, segmentDayVersions } from './segment-days.ts';
import { DAY_MS, HOUR_MS } from './time.ts';
import { WEB } from './web.ts';

export const RULE_BASED_MODELS = ['first', 'last', 'lastNonDirect', 'linear', 'positionBased', 'timeDecay'] as const;
export type RuleBasedModel = (typeof RULE_BASED_MODELS)[number];

const name = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\p{Cc}]+$/u, 'hold no control character');
const days = z.number().positive().max(365);

const Touch = z.strictObject({
  /** How long before a conversion such a touch is eligible, days. */
  windowDays: days.default(30),
  /** The channel of a touch that names none; null: without a channel it is not a touch (e.g. a page within a visit). */
  defaultChannel: name.nullable().default('direct'),
  /** Seen, not clicked: passed over where `clicksOutrankViews` holds and the path has a click. */
  viewThrough: z.boolean().default(false),
});

/** A field within `properties`, by its names: none that SQL would read as a pattern or a place in a list. */
const Path = z
  .string()
  .max(256)
  .regex(/^properties(\.[^.*\p{Cc}"'\\[\]]+){1,8}$/u, 'be a path such as "properties.order_id"');

/** Names, each with what is said of it: `packages/signals` reads that, and checks it before definitions come into force. */
const Section = z.record(z.string(), z.unknown(), 'be an object of names');

/** Definitions of signals, sessions and segments, in characters of JSON: each barrier and each partition holds them. */
const MOST_DERIVED = 65_536;

/** What users write; `packages/signals` says what its sections hold. */
export const DEFINITIONS = z.strictObject({
  /** Written by the program. */
  rules: z.literal(WITH_RULES, `be ${WITH_RULES.slice(0, -1).join(', ')} or ${RULES}, or be left out`).default(2),
  touches: z.record(name, Touch).default({
    ad_click: { windowDays: 30, defaultChannel: 'direct', viewThrough: false },
    ad_impression: { windowDays: 1, defaultChannel: 'direct', viewThrough: true },
    email_click: { windowDays: 30, defaultChannel: 'email', viewThrough: false },
    visit: { windowDays: 30, defaultChannel: 'direct', viewThrough: false },
    page: { windowDays: 30, defaultChannel: null, viewThrough: false },
    screen: { windowDays: 30, defaultChannel: null, viewThrough: false },
  }),
  /** Names, or names with what is said of each. */
  conversions: z
    .union(
      [
        z.array(name).max(100),
        z
          .record(name, z.strictObject({ onceBy: Path.optional(), withinDays: days.default(30) }))
          .refine((types) => Object.keys(types).length <= 100, 'have at most 100 types')
          .meta({ maxProperties: 100 }),
      ],
      'be a list of event types, or say of each type what it is counted once by: {"purchase": {"onceBy": "properties.order_id"}}',
    )
    .default(['conversion', 'purchase', 'Order Completed', 'booking']),
  /** The same as the program writes it. */
  once: z.record(name, z.strictObject({ by: Path, withinDays: days })).default({}),
  /** Event types served as user signals; "*" means every type, and so do names of signals with what is asked of the events. */
  signals: z
    .union(
      [z.literal('*'), z.array(name).max(1000), Section],
      'be "*", a list of event types, or an object of names with definitions',
    )
    .default('*'),
  /** Fields of `properties` that signals name. */
  fields: Section.optional(),
  sessions: Section.optional(),
  segments: Section.optional(),
  /** The same as the program writes it. */
  derived: z.strictObject({ fields: Section, signals: Section, sessions: Section, segments: Section }).optional(),
  attribution: z
    .strictObject({
      /** Touches before the user's previous conversion are not eligible. */
      resetOnConversion: z.boolean().default(false),
      /** A path with a click ignores its view-through touches. */
      clicksOutrankViews: z.boolean().default(false),
      /** Whole percent for the first and the last touch; the middle shares the rest. */
      positionBased: z
        .strictObject({ first: z.int().min(0).max(100), last: z.int().min(0).max(100) })
        .refine((p) => p.first + p.last <= 100 && p.first + p.last > 0, 'have first + last between 1 and 100 percent')
        .default({ first: 40, last: 40 }),
      timeDecay: z.strictObject({ halfLifeHours: z.int().min(1).max(8760) }).default({ halfLifeHours: 168 }),
      /** Channels that "last non-direct" passes over. */
      direct: z.array(name).default(['direct']),
      /** The channels that data-driven models track, any other reads `(other)`; null: all of them. */
      channels: z.array(name).min(1).max(1000).nullable().default(null),
      /** Touches in a state of the transition counts: Markov models up to this order can be asked for. */
      transitionOrder: z.int().min(1).max(4).default(1),
      /** Steps (consecutive repeats are one) up to which paths are distinguished. */
      pathSteps: z.int().min(1).max(20).default(8),
    })
    .prefault({}),
  /** How far an event may lag behind log time and still be in time, days. */
  latenessDays: z.number().positive().max(60).default(3),
  signalRetention: z
    .strictObject({
      days: days.default(90),
      /** The newest signals kept for one user, at the least. */
      perUser: z.int().min(20).max(100_000).default(1000),
    })
    .prefault({}),
  exchangeRates: RATES.optional(),
  /** What events count as that went wrong (decision 42). */
  corrections: CORRECTIONS.optional(),
  /** Keys of one person are joined (decision 43). */
  identity: IDENTITY.optional(),
  /** Pages are counted; absent: no view of them has rows. */
  web: WEB.optional(),
  /** Events that are counted over all users, by a value of theirs: names with what is counted. */
  counts: Section.optional(),
});

const Stored = DEFINITIONS.extend({ rules: z.literal([1, ...WITH_RULES]).default(1) });

const NewerRules = z.looseObject({
  rules: z.int().min(RULES + 1),
  touches: z.record(z.string(), z.unknown()),
  conversions: z.array(z.string()),
  attribution: z.looseObject({}),
});

export type DefinitionsFile = z.input<typeof DEFINITIONS>;
type Written = z.output<typeof Stored>;
type Parsed = Omit<Written, 'conversions' | 'signals' | 'fields' | 'sessions' | 'segments' | 'corrections'> & {
  /** In the order of the file. */
  readonly corrections: readonly Correction[];
  readonly conversions: readonly string[];
  readonly signals: '*' | readonly string[];
};

/** What is asked of each user's events, as it was written (packages/signals). */
export type DerivedSections = NonNullable<Written['derived']>;

export type EventKind = 'touch' | 'conversion' | 'signal';

/** The checked definitions with what both engines derive from them. Durations in ms. */
export interface Definitions extends Parsed {
  /**
   * First 12 hex digits of the SHA-256 of the canonical JSON without exchange rates and signals, nor who corrected what and why: names what rows follow, in every attributed row. Rows of
   * one version add up.
   */
  readonly version: string;
  /** The version that these would have without corrections: says of which kind events are as they were sent. */
  readonly uncorrectedVersion: string;
  /** Canonical JSON: what barriers and manifests carry. */
  readonly json: string;
  /** By the names of counts: a version changes with all that the rows of its count follow. */
  readonly countVersions: ReadonlyMap<string, string>;
  /** The same of the segments whose members are counted by day. */
  readonly segmentDayVersions: ReadonlyMap<string, string>;
  readonly latenessMs: number;
  /** No event outside is corrected; null: none is. */
  readonly correctedSpan: CorrectedSpan | null;
  /** How far back from its receipt a link of two keys reaches; null: keys are not joined. */
  readonly joinedMs: number | null;
  /** Where events have one instant, touches come before conversions (rules 2). */
  readonly touchesFirst: boolean;
  /** The longest touch window: how far a conversion looks back. */
  readonly lookbackMs: number;
  readonly touchWindowMs: ReadonlyMap<string, number>;
  readonly conversionTypes: ReadonlySet<string>;
  /** How long before an event one of its key makes it a repetition, by the types that count once. */
  readonly onceMs: ReadonlyMap<string, number>;
  /** The longest of these; 0 without one. */
  readonly longestOnceMs: number;
  readonly directChannels: ReadonlySet<string>;
  /** The touch types that are seen, not clicked. */
  readonly viewThroughTypes: ReadonlySet<string>;
  /** The channels that data-driven models track; null: all. */
  readonly trackedChannels: ReadonlySet<string> | null;
  /** Weight of a touch by its age in whole hours, shared by both engines; scaled to 1 000 000 at age 0. */
  readonly decayWeights: readonly number[];
}

/**
 * Reads definitions that a user wrote, by the newest rules. Throws `invalid_definitions` that names the place. `sha256Hex` is
 * injected: the model has no I/O.
 */
export function parseDefinitions(json: string, sha256Hex: (text: string) => string): Definitions {
  // Editors of some systems begin a file with it.
  const text = json.replace(/^\ufeff/, '');
  const trouble = jsonTrouble(text);
  if (trouble !== undefined) throw refused({ field: 'the definitions', ...notJson(trouble) });
  // Objects of names would drop it without a word.
  JSON.parse(text, (key, value: unknown) => {
    if (key === '__proto__')
      throw refused({ field: 'a key of the definitions', must: 'be another name', got: '"__proto__"', fix: 'Rename it' });
    return value;
  });
  const parsed = parse(text, DEFINITIONS, sha256Hex);
  const padded = namesOf(parsed).find(([, found]) => found !== found.trim());
  if (padded === undefined) return parsed;
  const [where, given] = padded;
  throw refusedAt(where, {
    must: 'not begin or end with a space, as no event would match it',
    got: JSON.stringify(given),
    fix: 'Remove the space',
  });
}

/** Those of a platform whose users wrote none. */
export function builtIn(sha256Hex: (text: string) => string): Definitions {
  return parseDefinitions('{}', sha256Hex);
}

/** `where`: the keys on the way to it. */
function refusedAt(where: string, rule: Omit<Refusal, 'field'>): TributaryError {
  return refused({ field: `definitions, at ${where}`, ...rule });
}

function refused(refusal: Refusal, cause?: unknown): TributaryError {
  return new TributaryError('invalid_definitions', refusalText(refusal), { cause });
}

/** Every name that events are compared with, and where it stands. */
function namesOf({ touches, conversions, signals, attribution }: Parsed): (readonly [where: string, name: string])[] {
  const listed = (where: string, names: readonly string[]) => names.map((given, i) => [`${where}.${i}`, given] as const);
  const channels = Object.entries(touches).flatMap(([type, { defaultChannel }]) =>
    defaultChannel === null ? [] : [[`touches.${type}.defaultChannel`, defaultChannel] as const],
  );
  return [
    ...Object.keys(touches).map((type) => ['touches', type] as const),
    ...channels,
    ...listed('conversions', conversions),
    ...listed('signals', signals === '*' ? [] : signals),
    ...listed('attribution.direct', attribution.direct),
    ...listed('attribution.channels', attribution.channels ?? []),
  ];
}

/** The last few that were read: each state, barrier and manifest brings the same text again. */
const remembered = new Map<string, { readonly definitions: Definitions; readonly by: unknown }>();

/** Reads definitions from the canonical JSON of a barrier, a manifest or a state, by the rules of its time. Throws as `parseDefinitions`. */
export function storedDefinitions(json: string, sha256Hex: (text: string) => string): Definitions {
  const known = remembered.get(json);
  if (known?.by === sha256Hex) return known.definitions;
  const definitions = parse(json, Stored, sha256Hex);
  if (remembered.size >= 8) remembered.clear();
  remembered.set(json, { definitions, by: sha256Hex });
  return definitions;
}

/**
 * As a newer version wrote them: canonical, with what every version writes, and `rules` above ours. Never throws: what is
 * nested too deeply for it was written by no version.
 */
export function hasUnknownRules(json: string): boolean {
  if (remembered.has(json)) return false;
  try {
    const value: unknown = JSON.parse(json);
    const known = NewerRules.safeParse(value);
    return known.success && canonicalJson(value) === json;
  } catch {
    return false;
  }
}

function parse(json: string, schema: z.ZodType<Written>, sha256Hex: (text: string) => string): Definitions {
  let raw: unknown;
  try {
    raw = JSON.parse(json);
  } catch (cause) {
    const got = `what its parser refuses: ${(cause as Error).message}`;
    throw refused({ field: 'the definitions', must: 'be JSON', got }, cause);
  }
  const parsed = schema.safeParse(raw, { error: ruleOf });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const { path = [], message: must = 'be valid' } = issue ?? {};
    if (issue?.code !== 'unrecognized_keys')
      throw refusedAt(path.join('.') || 'the top', { must, got: describe(valueAt(raw, path)) });
    const [unknown = ''] = issue.keys;
    throw refusedAt([...path, unknown].join('.'), { must, got: JSON.stringify(unknown) });
  }
  return derive(ruled(parsed.data), sha256Hex);
}

/** Conversions as names, what is counted once apart, so that earlier versions see what they know, and rules that they do not know. */
function ruled({ conversions, once, rules, signals, fields, sessions, segments, derived: stored, ...others }: Written): Parsed {
  const { corrections = [], counts = {}, ...uncounted } = others;
  const rest = { ...uncounted, ...(Object.keys(counts).length > 0 && { counts }) };
  const named = Array.isArray(conversions) ? {} : conversions;
  const said = Object.entries(named).flatMap(([type, { onceBy, withinDays }]) =>
    onceBy === undefined ? [] : [[type, { by: onceBy, withinDays }] as const],
  );
  const types = Array.isArray(conversions) ? conversions : Object.keys(conversions);
  const all = { ...once, ...Object.fromEntries(said) };
  const counted = Object.entries(all).filter(([type]) => types.includes(type));
  const asked = typeof signals === 'object' && !Array.isArray(signals) ? signals : {};
  const derived = derivedOf({ fields, signals: asked, sessions, segments }, stored);
  // Earlier versions do not know these keys, and must stop rather than answer otherwise, or fail at each look.
  const keys = Object.values(derived?.signals ?? {}).flatMap((signal) => Object.keys(Object(signal)));
  const newest = newestRules({
    byDay: Object.values(derived?.segments ?? {}).some(isByDay),
    counts: rest.counts !== undefined,
    joins: keys.includes('accuracy') || keys.includes('join'),
    web: rest.web !== undefined,
    identity: rest.identity !== undefined,
    corrections: corrections.length > 0,
    derived: derived !== undefined,
    rates: rest.exchangeRates !== undefined,
  });
  demandShort('corrections', corrections);
  demandShort('counts', rest.counts ?? {});
  return {
    ...rest,
    corrections,
    signals: typeof signals === 'string' || Array.isArray(signals) ? signals : '*',
    ...(derived !== undefined && { derived }),
    rules: newest ?? ofRows(rules, counted.length > 0),
    conversions: types,
    once: Object.fromEntries(counted),
  };
}

type Sections = { readonly [Name in keyof DerivedSections]: DerivedSections[Name] | undefined };

/** Undefined where nothing is asked, so that the text is what it was before there was any of this. */
function derivedOf(written: Sections, stored: DerivedSections | undefined): DerivedSections | undefined {
  const both = (section: keyof DerivedSections) => ({ ...stored?.[section], ...written[section] });
  const derived = { fields: both('fields'), signals: both('signals'), sessions: both('sessions'), segments: both('segments') };
  if (Object.values(derived).every((section) => Object.keys(section).length === 0)) return undefined;
  const { length } = JSON.stringify(derived);
  if (length > MOST_DERIVED)
    throw refused({
      field: 'definitions, fields, signals, sessions and segments together',
      must: `have at most ${MOST_DERIVED} characters of JSON`,
      got: `${length}`,
    });
  return derived;
}

function demandShort(section: string, written: object): void {
  const { length } = JSON.stringify(written);
  if (length > MOST_DERIVED)
    throw refusedAt(section, { must: `have at most ${MOST_DERIVED} characters of JSON together`, got: `${length}` });
}

function derive(parsed: Parsed, sha256Hex: (text: string) => string): Definitions {
  for (const { at, ...trouble } of identityTroubles(parsed)) throw refusedAt(at, trouble);
  const both = parsed.conversions.find((type) => Object.hasOwn(parsed.touches, type));
  if (both !== undefined)
    throw refused({
      field: 'a type of the definitions',
      must: 'be a touch or a conversion, not both',
      got: JSON.stringify(both),
    });
  const { rules: stored, once, exchangeRates, derived, corrections, identity, ...chosen } = parsed;
  const rules = ofRows(stored, Object.keys(once).length > 0);
  const ofRules = rules === 1 ? chosen : rules === 2 ? { rules, ...chosen } : { rules, once, ...chosen };
  const joined = identity !== undefined && { identity };
  const sent = { ...ofRules, ...segmentDaysOf(parsed), ...joined };
  const followed = {
    ...sent,
    ...(corrections.length > 0 && followedByRows(corrections, derived?.fields ?? {})),
    ...countingOf(parsed),
  };
  const versionOf = (rows: object) => sha256Hex(canonicalJson(rows)).slice(0, 12);
  const besides = { rules: stored, exchangeRates, derived, ...(corrections.length > 0 && { corrections }), ...joined };
  const onceMs = new Map(Object.entries(once).map(([type, { withinDays }]) => [type, Math.round(withinDays * DAY_MS)]));
  const touchWindowMs = new Map(
    Object.entries(parsed.touches).map(([type, touch]) => [type, Math.round(touch.windowDays * DAY_MS)]),
  );
  const lookbackMs = Math.max(HOUR_MS, ...touchWindowMs.values());
  return {
    ...parsed,
    version: versionOf(followed),
    uncorrectedVersion: versionOf(sent),
    json: canonicalJson(stored < RULES_OF_RATES ? ofRules : { ...ofRules, ...besides }),
    correctedSpan: wholeSpan(corrections),
    countVersions: countVersions(parsed, sha256Hex),
    segmentDayVersions: segmentDayVersions(parsed, sha256Hex),
    latenessMs: Math.round(parsed.latenessDays * DAY_MS),
    touchesFirst: rules > 1,
    joinedMs: identity === undefined ? null : Math.round(identity.days * DAY_MS),
    lookbackMs,
    touchWindowMs,
    conversionTypes: new Set(parsed.conversions),
    onceMs,
    longestOnceMs: Math.max(0, ...onceMs.values()),
    directChannels: new Set(parsed.attribution.direct),
    viewThroughTypes: new Set(Object.keys(parsed.touches).filter((type) => parsed.touches[type]?.viewThrough)),
    trackedChannels: parsed.attribution.channels === null ? null : new Set(parsed.attribution.channels),
    decayWeights: decayWeights(parsed.attribution.timeDecay.halfLifeHours, lookbackMs),
  };
}

/** What says which kind an event is of. */
type Kinded = Pick<Event, 'type'> & { readonly channel?: string | undefined };

/** What the definitions make of an event. A touch type without any channel is a mere signal. */
export function kindOf(event: Kinded, definitions: Definitions): EventKind {
  if (definitions.conversionTypes.has(event.type)) return 'conversion';
  if (definitions.touchWindowMs.has(event.type) && channelOf(event, definitions) !== null) return 'touch';
  return 'signal';
}

/** The channel of a touch: its own, else its type's default. */
export function channelOf(event: Kinded, definitions: Definitions): string | null {
  if (event.channel !== undefined) return event.channel;
  return definitions.touches[event.type]?.defaultChannel ?? null;
}

/**
 * The key that the definitions count a conversion by: a text that is not empty, or a whole number as text. "" where the type is not counted
 * once, or the event has no such key: then it counts.
 */
export function onceKeyOf(event: Pick<Event, 'type' | 'properties'>, { once }: Definitions): string {
  const by = Object.hasOwn(once, event.type) ? once[event.type]?.by : undefined;
  return by === undefined ? '' : textAt(event, by);
}

/** What an event has at a path such as `properties.order_id`: a text, or a whole number as text; else "". */
export function textAt(event: Pick<Event, 'type' | 'properties'>, by: string): string {
  let value: unknown = event;
  for (const field of by.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, field)) return '';
    value = (value as Readonly<Record<string, unknown>>)[field];
  }
  if (typeof value === 'string') return value;
  return Number.isSafeInteger(value) ? String(value) : '';
}
