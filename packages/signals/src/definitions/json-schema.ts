/**
 * The JSON Schema of a file of definitions, made of the schemas that read it: for editors, and for programs that write such files. It takes
 * what the platform takes, but for rules that JSON Schema has no words for; its description lists these (`BEYOND`).
 */
import { DEFINITIONS } from '@tributary/model/definitions';
import { z } from 'zod';
import { durationPattern } from './duration.ts';
import { Count, Field, MOST_COUNTS, MOST_DEFINITIONS, MOST_FIELDS, Name, Segment, Session, SIGNALS } from './schema.ts';

type Json = Record<string, unknown>;

/** What the platform alone refuses, each with how its refusal reads. */
export const BEYOND: readonly (readonly [rule: string, refusal: RegExp])[] = [
  ['expressions are CEL on fields that there are, of the right types', /must be a condition in CEL/],
  ['fields, and sessions of windows, are those that are defined', /must name a field of |must be a name under "sessions"/],
  [
    'counts look at fields alone that views keep: type, ts, channel, campaign, cost, value, currency, page, element, and those of fields',
    /must name one of type, /,
  ],
  ['names are taken once, and not by fields of events or words of CEL', /must have a name /],
  ['windows and lifetimes are at most signalRetention.days', /must look back at most /],
  ['accuracy is sawtooth beside windows alone that are durations', /must be exact, or stand beside /],
  [
    'names of events have no space at either end, and are touches or conversions, not both',
    /must not begin or end with a space|must be a touch or a conversion, not both/,
  ],
  [
    'corrections have names of their own, one of set, drop and value each, and a range of at most 366 days',
    /must have a name of its own each|must have one of set, drop and value|must have "from" before "to"|must be an instant that the calendar|must name a field: channel, campaign or cost|must be none of \(start\)|must be well-formed Unicode/,
  ],
  [
    `all together are at most ${MOST_DEFINITIONS}, with the bounds on characters and terms`,
    /must be at most 200 with|must have at most 65536|must hold with all other expressions/,
  ],
  [
    'first and last of positionBased sum to 1 to 100; currencies exist, and none is the one that rates are to',
    /must have first \+ last|must be a code of ISO 4217|must have no rate of the currency/,
  ],
];

const named = (what: z.ZodType, most: number) => z.record(Name, what).meta({ maxProperties: most });
const Signal = z.union(Object.values<z.ZodType>(SIGNALS));
const SECTIONS = {
  fields: named(Field, MOST_FIELDS),
  sessions: named(Session, MOST_DEFINITIONS),
  segments: named(Segment, MOST_DEFINITIONS),
};
const Signals = named(Signal, MOST_DEFINITIONS).meta({ id: 'Signals', maxProperties: MOST_DEFINITIONS });

const File = DEFINITIONS.extend({
  signals: z.union([z.literal('*'), DEFINITIONS.shape.signals.unwrap().options[1], Signals]).default('*'),
  fields: SECTIONS.fields.optional(),
  sessions: SECTIONS.sessions.optional(),
  segments: SECTIONS.segments.optional(),
  counts: named(Count, MOST_COUNTS).optional(),
  derived: z.strictObject({ ...SECTIONS, signals: Signals }).optional(),
});

/** Draft 2020-12. A new object each time. */
export function definitionsSchema(): Json {
  const { $schema, ...made } = z.toJSONSchema(File, { io: 'input', override: tidy }) as Json;
  // What may not be written yet is offered by no editor; `additionalProperties` refuses it.
  const properties = made['properties'] as Record<string, Json>;
  for (const [name, said] of Object.entries(properties)) if ('not' in said) delete properties[name];
  return {
    $schema,
    title: 'Definitions of Tributary',
    description: `Which events are touches and conversions, and what is asked of each user's events. Beyond this schema: ${BEYOND.map(([rule]) => rule).join('; ')}.`,
    ...made,
  };
}

function tidy({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  const { def } = zodSchema._zod;
  if (def.type === 'prefault' || def.type === 'default') delete jsonSchema.default;
  if (def.type === 'default') jsonSchema.default = def.defaultValue;
  // Its own pattern has no bound, which it checks by itself.
  if (jsonSchema['id'] === 'Duration') jsonSchema.pattern = durationPattern();
  delete jsonSchema['id'];
}
