/** Files and folders that settings name are looked at before a start, all of them at once, without a server. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reachedNothing, writeReached } from '@tributary/archive/changes/reached';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { examineConfiguration } from '../src/check/configuration.ts';
import { SENTENCE } from './wrong-texts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-named-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const troublesOf = async (env: Readonly<Record<string, string>>) =>
  (await examineConfiguration({ env: { TRIBUTARY_DATA_DIR: folder, ...env }, redis: false, waitMs: 1 })).troubles;

test('a file of a certificate, definitions and the folder of Redis that are not there are each named', async () => {
  const absent = join(folder, 'absent');
  // Nothing listens on this port.
  const kafka = { TRIBUTARY_KAFKA_BROKERS: '127.0.0.1:1', TRIBUTARY_KAFKA_SSL: 'true' };
  expect(await troublesOf({})).toEqual([]);
  const found = await troublesOf({
    ...kafka,
    TRIBUTARY_KAFKA_SSL_CA_FILE: absent,
    TRIBUTARY_DEFINITIONS_FILE: absent,
    TRIBUTARY_REDIS_FOLDER: absent,
  });
  for (const trouble of found) expect(trouble).toMatch(SENTENCE);
  expect(found.map((trouble) => trouble.split(' ')[0])).toEqual([
    'TRIBUTARY_DEFINITIONS_FILE',
    'TRIBUTARY_KAFKA_SSL_CA_FILE',
    'TRIBUTARY_REDIS_FOLDER',
    'TRIBUTARY_KAFKA_BROKERS',
  ]);
});

test('a certificate that is none is refused by what it must be; without brokers it is not read', async () => {
  const file = join(folder, 'ca.der');
  writeFileSync(file, 'binary');
  const tls = { TRIBUTARY_KAFKA_SSL: 'true', TRIBUTARY_KAFKA_SSL_CA_FILE: file };
  expect((await troublesOf({ ...tls, TRIBUTARY_KAFKA_BROKERS: '127.0.0.1:1' }))[0]).toMatch(
    /^TRIBUTARY_KAFKA_SSL_CA_FILE must be a PEM file/,
  );
  expect(await troublesOf(tls)).toEqual([]);
});

test('law 6: a data folder that follows a place of its archive starts with that place alone', async () => {
  const place = join(folder, '..', 'tributary-place-that-is-not-there');
  await writeReached(folder, { ...reachedNothing(place), number: 1, id: '00000001' });
  expect(await troublesOf({ TRIBUTARY_ARCHIVE: place })).toEqual([]);
  for (const other of ['', '/another'])
    expect(await troublesOf({ TRIBUTARY_ARCHIVE: other })).toEqual([
      expect.stringContaining(`TRIBUTARY_ARCHIVE must be ${place}, which the data folder ${folder} follows (got "${other}")`),
    ]);
});
