import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { countVersions } from './counts.ts';

const sha256Hex = (text: string) => createHash('sha256').update(text).digest('hex');

test('law 1: a count is another one where a field that its condition names comes from elsewhere, however the condition is written', () => {
  for (const where of ['item == "x"', 'cost > 0 &&\nitem == "x"', 'cost > 0 &&\titem == "x"', '"\u0001"!=item']) {
    const versionOf = (fields: Readonly<Record<string, string>>) =>
      countVersions({ counts: { big: { count: ['buy'], by: 'campaign', where } }, derived: { fields } }, sha256Hex).get('big');
    const version = versionOf({ item: 'properties.item', other: 'properties.other' });
    expect(versionOf({ item: 'properties.item', other: 'properties.id' }), where).toBe(version);
    expect(versionOf({ item: 'properties.id', other: 'properties.other' }), where).not.toBe(version);
  }
});
