/** What barriers may bring, those that no coordinator wrote included. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseDefinitions } from './definitions.ts';
import { decodeBarrier } from './partition-record.ts';

const sha256Hex = (text: string) => createHash('sha256').update(text).digest('hex');
const WRITTEN = parseDefinitions('{"conversions": ["buy"]}', sha256Hex);

const decoded = (definitions: object) => {
  const body = JSON.stringify({ generation: 1, definitions: JSON.stringify(definitions) });
  return decodeBarrier({ partition: 0, position: '1', body }, 0, sha256Hex);
};

test('law 1: a barrier that was written by hand joins no keys while users may not ask for it', () => {
  const given = JSON.parse(WRITTEN.json) as object;
  expect(decoded(given)).toMatchObject({ ok: true, definitions: { version: WRITTEN.version, joinedMs: null } });
  for (const rules of [2, 6, 7])
    expect(decoded({ ...given, rules, identity: { days: 30 } })).toMatchObject({
      ok: false,
      code: 'undecodable_record',
      message: expect.stringContaining(
        '"identity" in "definitions" of the barrier of generation 1 must be left out: keys of one person cannot',
      ),
    });
});
