/** Where an event becomes a member of a timeline, in the speed layer and for explanations; `membersSql` does the same for archived events. */

import { NONE } from '@tributary/model/channels/channel';
import { channelOf, type Definitions, kindOf, onceKeyOf } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import type { KeptFields } from '@tributary/model/reading/plain-line';
import type { PlainReport } from '@tributary/model/reading/plain-report';
import { correct, mayBeCorrected } from '@tributary/signals/corrections/correct';
import { mayCount } from '@tributary/signals/definitions/counts';
import { mayBeOfSegmentDays } from '@tributary/signals/definitions/segment-days';
import { countedOf } from './counts/counted.ts';
import { marksOf } from './segment-days/marks.ts';
import { asHeld, DROPPED, placeOf, type TimelineEvent } from './timeline.ts';
import { visitOf } from './web/visit.ts';
import { isOfWeb, type WebEvent, webEvent, webEventOfReport } from './web/web-event.ts';

/**
 * The event as corrections leave it. A conversion that repeats another is one here still: that depends
 * on the timeline (once.ts). One whose type is counted once, or whose instant corrections cover (`isSeenWhole`), is given whole: a key, and a condition, may
 * look at any field.
 */
export function timelineEvent(event: KeptFields, definitions: Definitions): TimelineEvent {
  return asHeld(arrivingEvent(event, definitions));
}

/**
 * The same of an event that comes, or goes: with what it says of a page, which views see at that moment alone. `report`: what its line was read
 * as, where `event` does not have it.
 */
export function arrivingEvent(event: KeptFields, definitions: Definitions, report?: PlainReport): TimelineEvent {
  const corrected = correct(event as Event, definitions);
  if (corrected?.isDropped) return droppedOf(event);
  const counted = corrected === undefined ? event : { ...event, ...corrected.fields };
  const keys = mayCount(event.type, definitions) ? countedOf(event as Event, counted as Event, definitions) : undefined;
  const marks = mayBeOfSegmentDays(event.type, definitions) ? marksOf(event as Event, definitions) : undefined;
  const plain = memberOf(counted, definitions);
  const marked = marks === undefined ? plain : { ...plain, marks };
  const member = keys === undefined ? marked : { ...marked, counted: keys };
  const web = webOf(event, definitions, report);
  if (web === undefined) return member;
  const visit = visitOf(web, counted);
  if (visit === undefined || member !== plain) return { ...member, web, ...(visit !== undefined && { visit }) };
  // Written as a whole: an object that is put together of others costs twice, and nearly all events of a page are such.
  const { ts, id, type, kind, rank, channel, place, costMinor, valueMinor, currency, once } = plain;
  return { ts, id, type, kind, rank, channel, place, costMinor, valueMinor, currency, once, web, visit };
}

function webOf(event: KeptFields, definitions: Definitions, report: PlainReport | undefined): WebEvent | undefined {
  if (!isOfWeb(event.type, definitions)) return undefined;
  return report === undefined ? webEvent(event as Event, definitions) : webEventOfReport(report, event, definitions);
}

/** Whether views look at more of an event than the fields that are kept of it, and its report where it was read. */
export function isSeenWhole(event: Pick<KeptFields, 'type' | 'ts'>, definitions: Definitions, report?: PlainReport): boolean {
  const { type, ts } = event;
  if (isOfWeb(type, definitions) && report === undefined) return true;
  if (mayCount(type, definitions) || mayBeOfSegmentDays(type, definitions)) return true;
  return Object.hasOwn(definitions.once, type) || mayBeCorrected(ts, definitions);
}

/** Whether views look at an event of this type when it comes, or goes, and never again. */
export function isOfSums(type: string, definitions: Definitions): boolean {
  return mayCount(type, definitions) || isOfWeb(type, definitions);
}

function memberOf(event: KeptFields, definitions: Definitions): TimelineEvent {
  const kind = kindOf(event, definitions);
  const channel = kind === 'touch' ? (channelOf(event, definitions) as string) : '';
  const key = kind === 'conversion' ? onceKeyOf(event, definitions) : '';
  return {
    ts: event.ts,
    id: event.id,
    type: event.type,
    kind,
    rank: kind === 'conversion' && definitions.touchesFirst ? 1 : 0,
    channel,
    place: kind === 'touch' ? placeOf(channel, event.campaign ?? NONE) : '',
    costMinor: event.cost ?? 0,
    valueMinor: event.value ?? 0,
    currency: event.currency ?? NONE,
    once: key === '' ? '' : `${event.type}\t${key}`,
  };
}

function droppedOf({ ts, id, type }: KeptFields): TimelineEvent {
  const nothing = { channel: '', place: DROPPED, costMinor: 0, valueMinor: 0, currency: NONE, once: '' };
  return { ts, id, type, kind: 'signal', rank: 0, ...nothing };
}
