/** What the collector takes away of an event before it is written, with HMAC-SHA-256 for what is hashed. */
import { createHmac } from 'node:crypto';
import type { Event } from '@tributary/model/event';
import { minimise, parseMinimise } from '@tributary/model/reading/minimise';

/** 128 bits, which no two values of a platform share. */
const HEX_DIGITS = 32;

/** undefined: nothing is taken. */
export function minimiserOf(settings: {
  readonly minimise: string;
  readonly minimiseKey: string;
}): ((event: Event) => Event) | undefined {
  const rules = settings.minimise === '' ? null : parseMinimise(settings.minimise);
  if (rules === null) return undefined;
  const hash = (text: string) =>
    `hmac:${createHmac('sha256', settings.minimiseKey).update(text).digest('hex').slice(0, HEX_DIGITS)}`;
  return (event) => minimise(event, rules, hash);
}
