/**
 * The oracle of the data-driven views: what each conversion's path and each null path adds, in plain loops. Shares nothing with
 * the folds and the SQL but the shape of events and definitions.
 */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { NEWEST_TOUCHES } from './naive-newest-touches.ts';

export interface NaiveTouch {
  readonly event: Event;
  readonly channel: string;
}

export type Add = (view: string, dimensions: readonly string[], measures: readonly bigint[]) => void;

const JOIN = '\u001f';

/** What a conversion with this path adds. */
export function naiveConversionRows(conversion: Event, path: readonly NaiveTouch[], definitions: Definitions, add: Add): void {
  const day = dayText(conversion.ts);
  const { type } = conversion;
  const currency = conversion.currency ?? '(none)';
  const value = BigInt(conversion.value ?? 0);
  const channels = path.map(({ channel }) => trackedChannels(channel, definitions));

  add('coalitions', [day, type, setText(channels), currency], [1n, value]);
  const steps: string[] = [];
  for (const channel of channels) if (steps.at(-1) !== channel) steps.push(channel);
  const pathText = steps.length > definitions.attribution.pathSteps ? '(other)' : steps.join(JOIN);
  add('paths', [day, type, pathText, currency], [1n, value]);
  const lagMs = path.length === 0 ? 0 : conversion.ts - (path[0] as NaiveTouch).event.ts;
  const touches = path.length >= 50 ? '50+' : String(path.length);
  add('pathShapes', [day, type, touches, String((lagMs - (lagMs % 86_400_000)) / 86_400_000), currency], [1n, value]);
  for (const channel of new Set(channels)) {
    const first = (path[channels.indexOf(channel)] as NaiveTouch).event;
    add('channelLags', [day, type, channel, String(Math.trunc((conversion.ts - first.ts) / 86_400_000)), currency], [1n, value]);
  }
  for (const [from, to] of edges(channels, definitions.attribution.transitionOrder))
    add('transitions', [day, type, from, to, currency], [1n, to === '' ? value : 0n]);

  for (const place of places(path)) {
    const has = (touch: NaiveTouch) =>
      touch.channel === place.channel && (place.campaign === '' || (touch.event.campaign ?? '(none)') === place.campaign);
    const assisted = path.filter((touch, i) => i < path.length - 1 && has(touch)).length > 0;
    add('assists', [day, type, place.channel, place.campaign, currency], [assisted ? 1n : 0n, assisted ? value : 0n, 1n, value]);
  }
  for (const [position, channel, micros, minor] of orderedShapley(channels, value))
    add('positions', [day, type, channel, position, currency], [micros, minor]);
}

/** What a null path that ends at this instant adds. */
export function naiveNullRows(ts: number, path: readonly NaiveTouch[], definitions: Definitions, add: Add): void {
  const channels = path.map(({ channel }) => trackedChannels(channel, definitions));
  add('nullCoalitions', [dayText(ts), setText(channels)], [1n]);
  for (const [from, to] of edges(channels, definitions.attribution.transitionOrder))
    add('nullTransitions', [dayText(ts), from, to], [1n]);
}

/**
 * The null paths of a user: the user's touches and conversions, split after every conversion and at every gap longer than the
 * lookback; of a part without a conversion, the touches whose window covers its last touch.
 */
export function naiveNullPaths(members: readonly { event: Event; channel: string | null }[], definitions: Definitions) {
  const journeys: (typeof members)[number][][] = [[]];
  for (const member of members) {
    const previous = journeys.at(-1)?.at(-1);
    const ends =
      previous !== undefined && (previous.channel === null || member.event.ts - previous.event.ts > definitions.lookbackMs);
    if (ends) journeys.push([member]);
    else journeys.at(-1)?.push(member);
  }
  return journeys
    .filter((journey) => journey.length > 0 && journey.every(({ channel }) => channel !== null))
    .map((journey) => {
      const { ts } = (journey.at(-1) as NaiveTouch).event;
      const touches = journey as NaiveTouch[];
      return {
        ts,
        path: clicksOnly(
          touches.slice(-NEWEST_TOUCHES).filter(({ event }) => covers(event, ts, definitions)),
          definitions,
        ),
      };
    });
}

/** Whether the window of a touch still covers an instant. */
export function covers(touch: Event, ts: number, definitions: Definitions): boolean {
  return touch.ts >= ts - Math.round((definitions.touches[touch.type]?.windowDays as number) * 86_400_000);
}

export function clicksOnly(path: NaiveTouch[], definitions: Definitions): NaiveTouch[] {
  const clicks = path.filter(({ event }) => definitions.touches[event.type]?.viewThrough !== true);
  return definitions.attribution.clicksOutrankViews && clicks.length > 0 ? clicks : path;
}

function dayText(ts: number): string {
  return new Date(ts).toISOString().slice(0, 10);
}

export function trackedChannels(channel: string, { attribution }: Definitions): string {
  return attribution.channels === null || attribution.channels.includes(channel) ? channel : '(other)';
}

export function setText(channels: readonly string[]): string {
  const distinct = distinctChannels(channels);
  return distinct.length > 20 ? '(other)' : distinct.join(JOIN);
}

/** In code point order. */
export function distinctChannels(channels: readonly string[]): string[] {
  const distinct = channels.filter((channel, i) => channels.indexOf(channel) === i);
  return distinct.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** From state to state of `order` channels, from "" at the start, to "" at the end; a short path is one state. */
function edges(channels: readonly string[], order: number): [from: string, to: string][] {
  if (channels.length === 0) return [];
  const states = [channels.slice(0, order).join(JOIN)];
  for (let i = 1; i + order <= channels.length; i++) states.push(channels.slice(i, i + order).join(JOIN));
  return [...states.map((state, i): [string, string] => [states[i - 1] ?? '', state]), [states.at(-1) as string, '']];
}

/** Each channel of the path, and each campaign of each, once. */
function places(path: readonly NaiveTouch[]): { channel: string; campaign: string }[] {
  const all = path.flatMap(({ channel, event }) => [
    { channel, campaign: '' },
    { channel, campaign: event.campaign ?? '(none)' },
  ]);
  return all.filter((a, i) => all.findIndex((b) => a.channel === b.channel && a.campaign === b.campaign) === i);
}

function orderedShapley(channels: readonly string[], value: bigint): [string, string, bigint, bigint][] {
  if (channels.length === 0) return [['0', '(unattributed)', 1_000_000n, value]];
  const distinct = channels.filter((channel, i) => channels.indexOf(channel) === i);
  return channels.map((channel, i) => {
    const own = channels.flatMap((other, at) => (other === channel ? [at] : []));
    const part = (total: bigint) => nth(nth(total, distinct.length, distinct.indexOf(channel)), own.length, own.indexOf(i));
    return [i >= 19 ? '20+' : String(i + 1), channel, part(1_000_000n), part(value)];
  });
}

/** The i-th of n parts of a total that are as equal as integers can be: floor(T·(i+1)/n) − floor(T·i/n), mirrored below 0. */
function nth(total: bigint, n: number, i: number): bigint {
  if (total < 0n) return -nth(-total, n, i);
  return (total * BigInt(i + 1)) / BigInt(n) - (total * BigInt(i)) / BigInt(n);
}
