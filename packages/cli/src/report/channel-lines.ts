/** What the tables of `attribution run` share: a line a channel, and figures as text. */

import { decimalText } from '@tributary/attribution-files/files/decimal';
import type { ChannelLine } from '@tributary/attribution-files/models/answer';
import { count } from '../terminal/figures.ts';
import { shortName } from '../terminal/table.ts';

/** Channels with a line of their own; the others share one. */
const SHOWN_CHANNELS = 50;

export const CHANNEL = { title: 'channel' };
export const right = (title: string) => ({ title, align: 'right' }) as const;

/** The first lines, and one for all others. */
export function shortened(
  lines: readonly ChannelLine[],
  one: (line: ChannelLine) => string[],
  rest: (name: string, lines: readonly ChannelLine[]) => string[],
): string[][] {
  const shown = lines.slice(0, SHOWN_CHANNELS);
  const others = lines.slice(SHOWN_CHANNELS);
  const named = shown.map(one).map(([name = '', ...figures]) => [shortName(name), ...figures]);
  return [...named, ...(others.length === 0 ? [] : [rest(`(${count(others.length)} more)`, others)])];
}

export function costOf(lines: readonly ChannelLine[]): number | null {
  return lines.every(({ costMinor }) => costMinor === null) ? null : sumOf(lines, ({ costMinor }) => costMinor ?? 0);
}

export function sumOf<T>(items: readonly T[], amountOf: (item: T) => number): number {
  return items.reduce((sum, item) => sum + amountOf(item), 0);
}

/** `1,234.50`: exact, with all the decimals of the file. */
export function amount(minor: number, decimals: number): string {
  return grouped(decimalText(minor, decimals));
}

function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${fraction === undefined ? '' : `.${fraction}`}`;
}
