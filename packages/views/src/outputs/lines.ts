/**
 * What the speed layer publishes: lines of JSON for the output log, `ts`, `type` and `id` first, as events are.
 *
 *   conversion.attributed  the credit of one conversion under every rule-based model, whenever it was computed: at the conversion, and
 *                          again when an event that came out of order, but in time, changed its path. The newest one counts.
 *   conversion.repeated    takes a conversion back: an event that came out of order, but in time, has its key and lies before it (once.ts)
 *   conversion.moved       takes a conversion back: it counts for another key of the person from now on, or for none (decision 43)
 *   user.erased            takes back all that was said of a user
 *   event.enriched         an event as it counted: what the definitions take it for
 *
 * The id says what the line is about and what caused it, so the same log gives the same ids: a line that is sent again is known by it.
 */
import { type Definitions, RULE_BASED_MODELS } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import type { KeptFields } from '@tributary/model/reading/plain-line';
import { DAY_MS } from '@tributary/model/time';
import { correct } from '@tributary/signals/corrections/correct';
import { creditByPlace } from '../credit/fold.ts';
import type { ConvertingPath } from '../journeys/lenses.ts';
import { timelineEvent } from '../member.ts';
import { asRepetition } from '../once.ts';
import { campaignOf, DROPPED, type TimelineEvent } from '../timeline.ts';

/** Steps of a path that a line shows, at most. */
const MOST_STEPS = 100;
/** Places that a model's credit shows, at most: with names at their bounds a line stays below 1 MB, which every Kafka takes. */
const MOST_PLACES = 64;

/** `cause`: the event that had the conversion attributed. Credit falls on places (channel and campaign); each model's sums to one conversion and its value. */
export function attributedLine(
  userKey: string,
  cause: KeptFields,
  { conversion, path, channels }: ConvertingPath,
  definitions: Definitions,
  sha256Hex: (text: string) => string,
): string {
  const credit: Record<string, object[]> = {};
  for (const model of RULE_BASED_MODELS) credit[model] = shown(creditByPlace(model, path, conversion, definitions));
  return JSON.stringify({
    ts: conversion.ts,
    type: 'conversion.attributed',
    id: sha256Hex(JSON.stringify([userKey, conversion.id, cause.id])).slice(0, 32),
    userKey,
    conversion: { id: conversion.id, type: conversion.type },
    value: conversion.valueMinor,
    currency: conversion.currency,
    cause: cause.id,
    touches: path.length,
    channels: channels.slice(-MOST_STEPS),
    credit,
    lookbackDays: definitions.lookbackMs / DAY_MS,
    definitions: definitions.version,
  });
}

interface TakenBack {
  readonly by: 'repeated' | 'moved';
  readonly conversion: TimelineEvent;
}

/** `cause`: the event that the conversion repeats from now on, or what has it count for another key. */
export function takenBackLine(
  userKey: string,
  cause: KeptFields,
  { by, conversion: { ts, id, type } }: TakenBack,
  definitions: Definitions,
  sha256Hex: (text: string) => string,
): string {
  return JSON.stringify({
    ts,
    type: `conversion.${by}`,
    id: sha256Hex(JSON.stringify([userKey, id, cause.id])).slice(0, 32),
    userKey,
    conversion: { id, type },
    cause: cause.id,
    definitions: definitions.version,
  });
}

/** `at`: what names the erasure among those of the user: a user who came back may be erased again. */
export function erasedLine(userKey: string, atMs: number, at: string, sha256Hex: (text: string) => string): string {
  const id = sha256Hex(JSON.stringify([userKey, at])).slice(0, 32);
  return JSON.stringify({ ts: atMs, type: 'user.erased', id, userKey });
}

/** The places with the most credit; what the others have is reported as one, so that each model still sums to one conversion. */
function shown(byPlace: ReadonlyMap<string, readonly [creditMicros: number, valueMinor: number]>): object[] {
  const places = [...byPlace];
  if (places.length > MOST_PLACES) places.sort(([a, [x]], [b, [y]]) => y - x || (a < b ? -1 : 1));
  const lines: object[] = places.slice(0, MOST_PLACES).map(([place, [creditMicros, valueMinor]]) => {
    const [channel, campaign] = place.split('\t');
    return { channel, campaign, creditMicros, valueMinor };
  });
  const rest = places.slice(MOST_PLACES);
  if (rest.length === 0) return lines;
  const sum = (at: 0 | 1) => rest.reduce((total, [, measures]) => total + measures[at], 0);
  lines.push({ others: rest.length, creditMicros: sum(0), valueMinor: sum(1) });
  return lines;
}

/** `line`: the event's own; `late`: rows that it may change were frozen, the next generation counts it there. */
export function enrichedLine(
  userKey: string,
  event: KeptFields,
  line: string,
  { late, isRepetition }: { readonly late: boolean; readonly isRepetition: boolean },
  definitions: Definitions,
): string {
  const plain = timelineEvent(event, definitions);
  const seen = isRepetition ? asRepetition(plain) : plain;
  const { kind, channel } = seen;
  const touch = kind === 'touch' ? { channel, campaign: campaignOf(seen) } : {};
  const by = correct(event as Event, definitions)?.by.map(({ name }) => name);
  const corrected = by === undefined ? {} : { correctedBy: by, dropped: seen.place === DROPPED };
  const head = JSON.stringify({
    ts: event.ts,
    type: 'event.enriched',
    id: event.id,
    userKey,
    kind,
    ...touch,
    late,
    ...corrected,
  });
  return `${head.slice(0, -1)},"definitions":${JSON.stringify(definitions.version)},"event":${line}}`;
}
