/**
 * Which links need not be said again. Most events of a signed-in page have both ids, and each says the same of its hour, where one link counts: the first that
 * was received on a day (links.ts). So an event whose link was said before, by one that was received on the same day and no later, says nothing: that link
 * would neither count nor decide which others do, whatever else is said of its key, undone, or received in between. All others are said: the first
 * one, one that was received before what was said, one of another day.
 *
 * What is known to be said is a function of the log, wherever it is known from: the newest `MOST_SAID` of the user, and none that is too old.
 */
import { DAY_MS } from '../time.ts';
import type { Message } from './adoption.ts';
import { isOfHour } from './links-of.ts';

/** By name, the oldest first: when what said so was received, epoch ms. */
export type SaidLinks = Map<string, number>;

/** A name is of one day of receipt: what is read later than this after it says it again. Log time, ms. */
export const SAID_MS = 2 * DAY_MS;
/** More than a user says in such a time by the hour, with any number of devices. */
export const MOST_SAID = 1_024;

/** What has one name is said once, but for what was received earlier; null: it is said each time. */
export function nameOfSaid(message: Message): string | null {
  if (message.kind !== 'link' || !isOfHour(message.link)) return null;
  const { to, link } = message;
  return JSON.stringify([to, link.id, Math.floor(link.receivedAt / DAY_MS)]);
}

export function isSaid(said: SaidLinks | undefined, name: string, receivedAt: number, logTimeMs: number): boolean {
  const before = said?.get(name);
  return before !== undefined && before <= receivedAt && before > logTimeMs - SAID_MS;
}

export function noteSaid(said: SaidLinks, name: string, receivedAt: number): void {
  said.delete(name);
  said.set(name, receivedAt);
  if (said.size > MOST_SAID) for (const oldest of said.keys()) return void said.delete(oldest);
}
