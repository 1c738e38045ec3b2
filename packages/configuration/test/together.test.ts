/** Settings of one role that are right alone and wrong together. */
import { examine } from '@tributary/runtime/config/read-config';
import { expect, test } from 'vitest';
import { ROLE_SETTINGS } from '../src/role-settings.ts';
import { SECRET, SENTENCE } from './wrong-texts.ts';

const troubles = (role: keyof typeof ROLE_SETTINGS, env: Readonly<Record<string, string>>) =>
  examine(role, ROLE_SETTINGS[role], env, []).troubles;

test('a login to Kafka has a mechanism, a user and a password, or none of them', () => {
  const login = {
    TRIBUTARY_KAFKA_SASL_MECHANISM: 'plain',
    TRIBUTARY_KAFKA_SASL_USERNAME: 'me',
    TRIBUTARY_KAFKA_SASL_PASSWORD: SECRET,
  };
  expect(troubles('speed', login)).toEqual([]);
  for (const missing of Object.keys(login)) {
    const found = troubles('speed', { ...login, [missing]: ' ' });
    expect(found.length).toBeGreaterThan(0);
    for (const trouble of found) {
      expect(trouble).toMatch(SENTENCE);
      expect(trouble).toContain(`must come with ${missing}`);
      expect(trouble).not.toContain(SECRET);
    }
  }
});

test.each([
  ['s3://b/x', 'name a bucket of 3 to 63 characters'],
  ['s3://Bucket_1/x', 'name a bucket of small letters, digits, "." and "-"'],
  ['s3://bucket', 'be s3://BUCKET/PREFIX'],
])('what is wrong with %s is said', (archive, rule) => {
  const found = troubles('archiver', { TRIBUTARY_ARCHIVE: archive });
  expect(found).toEqual([expect.stringContaining(`TRIBUTARY_ARCHIVE must ${rule}`)]);
  expect(found[0]).toMatch(SENTENCE);
});

test('law 6: an archiver writes segments before Kafka drops their events', () => {
  const kafka = { TRIBUTARY_KAFKA_BROKERS: 'a:1', TRIBUTARY_KAFKA_RETENTION_HOURS: '2' };
  expect(troubles('archiver', { ...kafka, TRIBUTARY_SEGMENT_MAX_AGE_MS: '7199999' })).toEqual([]);
  expect(troubles('archiver', { ...kafka, TRIBUTARY_SEGMENT_MAX_AGE_MS: '7200000' })).toEqual([
    'TRIBUTARY_SEGMENT_MAX_AGE_MS must be less than TRIBUTARY_KAFKA_RETENTION_HOURS, 7200000 ms, or Kafka drops events that are not archived (got "7200000"). Lower it, or raise TRIBUTARY_KAFKA_RETENTION_HOURS.',
  ]);
  // Kept until archived; and not on Kafka at all.
  for (const other of ['TRIBUTARY_KAFKA_RETENTION_HOURS', 'TRIBUTARY_KAFKA_BROKERS'])
    expect(troubles('archiver', { ...kafka, TRIBUTARY_SEGMENT_MAX_AGE_MS: '7200000', [other]: '' })).toEqual([]);
});

test.each([
  // Nearly all of them lines.
  [65_536, 2_500, 881_226],
  // What comes without a key has an eighth.
  [65_536, 100, 524_288],
  // Bodies.
  [5_242_880, 2_500, 15_728_640],
  [5_242_880, 100_000, 41_240_869],
])('a body of %i bytes, a batch of %i events: what is in flight is bounded at %i bytes or more', (body, events, least) => {
  const env = { TRIBUTARY_MAX_BODY_BYTES: String(body), TRIBUTARY_MAX_BATCH_EVENTS: String(events) };
  const bounded = (bytes: number) =>
    troubles('collector', {
      ...env,
      TRIBUTARY_MAX_IN_FLIGHT_EVENTS: String(events),
      TRIBUTARY_MAX_IN_FLIGHT_BYTES: String(bytes),
    });
  expect(bounded(least)).toEqual([]);
  expect(bounded(least - 1)).toEqual([
    expect.stringMatching(new RegExp(`^TRIBUTARY_MAX_IN_FLIGHT_BYTES must be at least ${least}, .*lower one`)),
  ]);
});
