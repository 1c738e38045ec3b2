/**
 * What sessions look at of a web event. Timelines keep it of each: an event that comes late may join two sessions, so rows of one depend on
 * others of its user.
 */
import { NONE } from '@tributary/model/channels/channel';
import type { KeptFields } from '@tributary/model/reading/plain-line';
import { isClick, type WebEvent } from './web-event.ts';

export interface Visit {
  /** `views`: a page is viewed, which opens a session where none is open; `opens`: another deed that does; `extends`: it only says that somebody is there. */
  readonly does: 'views' | 'opens' | 'extends';
  /** Page, least width of the viewport, channel and campaign, joined by tabs; "" where nothing is opened. */
  readonly place: string;
  readonly engagedMs: number;
}

/** Undefined: a bot's. */
export function visitOf(web: WebEvent, { channel, campaign }: Pick<KeptFields, 'channel' | 'campaign'>): Visit | undefined {
  if (web.isBot) return undefined;
  const does = doesOf(web);
  const engagedMs = web.type === 'activity' ? web.engagedMs : 0;
  return { does, place: does === 'extends' ? '' : placeOf(web, channel, campaign), engagedMs };
}

function placeOf({ keys: { inLayout, place } }: WebEvent, channel: string | undefined, campaign: string | undefined): string {
  if (channel === undefined && campaign === undefined) return place;
  return `${inLayout.slice(DAY.length)}\t${channel ?? NONE}\t${campaign ?? NONE}`;
}

/** How long the day is that names begin with. */
const DAY = '2026-11-20\t';

function doesOf(web: WebEvent): Visit['does'] {
  switch (web.type) {
    case 'page':
      return 'views';
    case 'link':
      return 'opens';
    case 'click':
      return isClick(web) ? 'opens' : 'extends';
    case 'form':
      return web.action === undefined || web.action === 'abandon' ? 'extends' : 'opens';
    case 'activity':
      return 'extends';
  }
}
