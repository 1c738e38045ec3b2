/**
 * Corrections: what definitions say of events that went wrong. Each is a condition on one event as it was sent, bounded in event time, and what
 * the event counts as where it holds. The events themselves never change: `packages/signals/src/corrections` applies these where an event
 * becomes a member of a timeline.
 */
import { z } from 'zod';
import { canonicalJson } from './canonical-json.ts';
import { FIELDS, MAX_AMOUNT_MINOR } from './event-fields.ts';
import { msOfCalendar } from './reading/read-instant.ts';
import { DAY_MS } from './time.ts';

/** In one file of definitions: each event of their ranges is held against all of them. */
export const MOST_CORRECTIONS = 100;
/** The range of one, at most. */
export const LONGEST_CORRECTION_DAYS = 366;
/** `when`, in UTF-16 units, as for every expression of definitions. */
const LONGEST_WHEN = 1_000;

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

const Instant = z
  .string()
  .regex(INSTANT, 'be an instant such as "2026-11-20T08:00:00Z", or a day such as "2026-11-20"')
  .refine((text) => msOfCalendar(text) !== undefined, 'be an instant that the calendar and the clock have');

const words = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}]+$/u, 'hold no control character')
    .refine((value) => value.isWellFormed(), 'be well-formed Unicode');

const amount = (min: number) =>
  z
    .int(`be an integer in minor units from ${min} to ${MAX_AMOUNT_MINOR}`)
    .min(min, `be an integer in minor units from ${min} to ${MAX_AMOUNT_MINOR}`)
    .max(MAX_AMOUNT_MINOR, `be an integer in minor units from ${min} to ${MAX_AMOUNT_MINOR}`);

const RESERVED: readonly string[] = FIELDS.channel.reserved;

/** What `set` may name: what says where a touch is filed, and what it cost. A type is changed by the lists of touches and conversions. */
const SetFields = z
  .strictObject({
    channel: words(FIELDS.channel.maxLength)
      .refine((channel) => !RESERVED.includes(channel), `be none of ${RESERVED.join(', ')}, which reports use for something else`)
      .optional(),
    campaign: words(FIELDS.campaign.maxLength).optional(),
    /** Minor units. */
    cost: amount(FIELDS.cost.min).optional(),
  })
  .refine((set) => Object.keys(set).length > 0, 'name a field: channel, campaign or cost');

const Correction = z
  .strictObject({
    name: z.string().regex(NAME, 'be a letter, then at most 63 letters, digits, "_" and "-"'),
    /** CEL on the event as it was sent. */
    when: z.string().min(1).max(LONGEST_WHEN),
    /** Event time, `[from, to)`. A day begins at 00:00 UTC. */
    from: Instant,
    to: Instant,
    set: SetFields.optional(),
    drop: z.literal(true, 'be true').optional(),
    /** Minor units of the event's own currency: 0 for an order that was taken back whole, less than 0 for one that cost money. */
    value: amount(-MAX_AMOUNT_MINOR).optional(),
    author: words(200),
    reason: words(1_000),
  })
  .refine(
    ({ set, drop, value }) => [set, drop, value].filter((done) => done !== undefined).length === 1,
    'have one of set, drop and value',
  )
  .refine(({ from, to }) => {
    const [fromMs, toMs] = [msOfCalendar(from), msOfCalendar(to)];
    // Each is refused by itself.
    if (fromMs === undefined || toMs === undefined) return true;
    return fromMs < toMs && toMs - fromMs <= LONGEST_CORRECTION_DAYS * DAY_MS;
  }, `have "from" before "to", at most ${LONGEST_CORRECTION_DAYS} days`);

export const CORRECTIONS = z
  .array(Correction)
  .max(MOST_CORRECTIONS)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'have a name of its own each');

/** As it is written. */
export type Correction = z.output<typeof Correction>;

/** The fields that a correction replaces. */
export const CORRECTED_FIELDS = ['channel', 'campaign', 'cost', 'value'] as const;

/** Epoch ms, `[fromMs, toMs)`. */
export interface CorrectedSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

export function spanOf({ from, to }: Pick<Correction, 'from' | 'to'>): CorrectedSpan {
  return { fromMs: msOfCalendar(from) as number, toMs: msOfCalendar(to) as number };
}

/** From the first begin to the last end of all of them; null: there is none. No event outside is corrected. */
export function wholeSpan(corrections: readonly Correction[]): CorrectedSpan | null {
  if (corrections.length === 0) return null;
  const spans = corrections.map(spanOf);
  return { fromMs: Math.min(...spans.map(({ fromMs }) => fromMs)), toMs: Math.max(...spans.map(({ toMs }) => toMs)) };
}

/** Fields of `properties`, with where each comes from, as definitions name them. */
type FieldSources = Readonly<Record<string, unknown>>;

/**
 * What rows follow of them: neither who wrote them nor why; of the fields of `properties` those that a condition may name. A word
 * of a text counts as a name: one field too many makes a new version, one too few would be a lie.
 */
export function followedByRows(corrections: readonly Correction[], fields: FieldSources): object {
  const correctedBy = fieldsMentioned(
    corrections.map(({ when }) => when),
    fields,
  );
  const rules = corrections.map(({ author: _author, reason: _reason, ...rule }) => ({ ...rule, ...spanOf(rule) }));
  return { corrections: rules.map(({ from: _from, to: _to, ...rule }) => rule), correctedBy };
}

/** Those whose names are words of one of the texts. */
export function fieldsMentioned(texts: readonly string[], fields: FieldSources): Record<string, unknown> {
  const mentioned = new Set(texts.flatMap((text) => text.match(/[A-Za-z_]\w*/g) ?? []));
  return Object.fromEntries(Object.entries(fields).filter(([name]) => mentioned.has(name)));
}

/** Corrections, and where definitions find the fields of `properties` that these name. */
export interface Correcting {
  readonly corrections: readonly Correction[];
  readonly fields: FieldSources;
}

/**
 * Where events may count otherwise under other corrections: the ranges of those that came, went or changed, in order of time, without overlaps. Where
 * two changed places, of both that set one field another one has it: then the ranges of all. Empty: no event counts otherwise.
 */
export function changedSpans(before: Correcting, after: Correcting): CorrectedSpan[] {
  const [old, now] = [before, after].map(({ corrections, fields }) =>
    corrections.map((correction) => ({ text: canonicalJson(followedByRows([correction], fields)), span: spanOf(correction) })),
  ) as [Said[], Said[]];
  const kept = (of: Said[], others: Said[]) =>
    of.map(({ text }) => text).filter((text) => others.some((other) => other.text === text));
  const isReordered = kept(old, now).join('\n') !== kept(now, old).join('\n');
  const without = (of: Said[], others: Said[]) =>
    of.filter(({ text }) => isReordered || others.every((other) => other.text !== text));
  const changed = [...without(old, now), ...without(now, old)].map(({ span }) => span).sort((a, b) => a.fromMs - b.fromMs);
  const spans: CorrectedSpan[] = [];
  for (const { fromMs, toMs } of changed) {
    const last = spans.at(-1);
    if (last === undefined || last.toMs < fromMs) spans.push({ fromMs, toMs });
    else spans[spans.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, toMs) };
  }
  return spans;
}

interface Said {
  readonly text: string;
  readonly span: CorrectedSpan;
}

/**
 * Events that a generation keeps are corrected already, and lack the fields that conditions look at: under this key they name the corrections
 * that were applied. Not a field: no sender can write it.
 */
export const APPLIED: unique symbol = Symbol('corrections that were applied');

export interface AppliedCorrections {
  readonly [APPLIED]?: readonly string[];
}
