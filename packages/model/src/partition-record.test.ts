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

test('law 1: a barrier says whether keys are joined from it on', () => {
  const given = JSON.parse(WRITTEN.json) as object;
  expect(decoded(given)).toMatchObject({ ok: true, definitions: { version: WRITTEN.version, joinedMs: null } });
  const joined = parseDefinitions('{"conversions": ["buy"], "identity": {"days": 30}}', sha256Hex);
  expect(decoded(JSON.parse(joined.json) as object)).toMatchObject({
    ok: true,
    definitions: { version: joined.version, joinedMs: 30 * 86_400_000 },
  });
  expect(decoded({ ...JSON.parse(joined.json), identity: { days: 0 } })).toMatchObject({
    ok: false,
    code: 'undecodable_record',
  });
});
