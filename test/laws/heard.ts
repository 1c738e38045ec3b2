/** What one knows who hears the lines of the output log: credit by the newest line of each conversion, and who was erased. */
import { dayOf } from '@tributary/model/time';
import { addRow, type RowsByView, rowsOf } from '@tributary/views/deltas';
import { expect } from 'vitest';

export interface Line {
  readonly ts: number;
  readonly type: string;
  readonly id: string;
  readonly userKey: string;
  readonly n: number;
  readonly conversion: { readonly id: string; readonly type: string };
  readonly currency: string;
  /** A line that takes a conversion back has none. */
  readonly credit?: Record<string, { channel: string; campaign: string; creditMicros: number; valueMinor: number }[]>;
  readonly event: { readonly id: string };
}

export interface Heard {
  /** The view `credit`. */
  readonly credit: RowsByView;
  /** Lines that were new, in order. */
  readonly lines: readonly Line[];
}

/** `by`: lines that come again are known by their name, or by their number. Fails where equal names are not equal lines, and by number where one has another. */
export function heardOf(partitions: readonly (readonly string[])[], by: 'name' | 'number'): Heard {
  const lines: Line[] = [];
  const known = new Map<string, Line>();
  for (const texts of partitions) {
    let highest = -1;
    for (const text of texts) {
      const line = JSON.parse(text) as Line;
      const name = JSON.stringify([line.type, line.userKey, line.id]);
      const before = known.get(name);
      if (before !== undefined) expect(by === 'number' ? line : { ...line, n: before.n }).toEqual(before);
      const isNew = by === 'name' ? before === undefined : line.n > highest;
      known.set(name, line);
      highest = Math.max(highest, line.n);
      if (isNew) lines.push(line);
    }
  }
  return { lines, credit: creditOf(newestOf(lines)) };
}

/** The newest line of each conversion of users who were not erased since. */
function newestOf(lines: readonly Line[]): Line[] {
  const newest = new Map<string, Line>();
  for (const line of lines)
    if (line.type === 'user.erased') {
      for (const [key, { userKey }] of newest) if (userKey === line.userKey) newest.delete(key);
    } else if (line.type.startsWith('conversion.')) newest.set(JSON.stringify([line.userKey, line.conversion.id]), line);
  return [...newest.values()];
}

function creditOf(newest: readonly Line[]): RowsByView {
  const credit: RowsByView = new Map();
  for (const line of newest)
    for (const [model, parts] of Object.entries(line.credit ?? {})) {
      expect(parts.reduce((sum, part) => sum + part.creditMicros, 0)).toBe(1_000_000);
      for (const { channel, campaign, creditMicros, valueMinor } of parts) {
        const key = [dayOf(line.ts), model, line.conversion.type, channel, campaign, line.currency].join('\t');
        addRow(rowsOf(credit, 'credit'), key, [creditMicros, valueMinor]);
      }
    }
  return credit;
}
