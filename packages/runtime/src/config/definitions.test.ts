import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { builtInDefinitions, loadDefinitions, sha256Hex } from './definitions.ts';

test('sha256Hex agrees with the published vectors', () => {
  expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('no file means the built-in definitions; an empty object in a file means the same', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tributary-definitions-'));
  try {
    const file = join(dir, 'definitions.json');
    writeFileSync(file, '{}');
    expect((await loadDefinitions(file)).version).toBe(builtInDefinitions().version);
    writeFileSync(file, '{"latenessDays": 5}');
    expect((await loadDefinitions(file)).version).not.toBe(builtInDefinitions().version);
    writeFileSync(file, '{"latenessDays": "many"}');
    await expect(loadDefinitions(file)).rejects.toThrow(
      /^TRIBUTARY_DEFINITIONS_FILE must hold definitions \(got ".*definitions\.json"\)\. Correct it: definitions, line 1, column 2, at latenessDays must be a number \(got "many"\)\.$/,
    );
    writeFileSync(file, 'latenessDays: 5\n');
    const { version } = await loadDefinitions(file);
    writeFileSync(file, '{"latenessDays": 5}');
    expect((await loadDefinitions(file)).version).toBe(version);
    writeFileSync(file, Buffer.from([0x7b, 0xfc, 0x7d]));
    await expect(loadDefinitions(file)).rejects.toThrow(/must be a file that can be read \(got .*: it is not UTF-8\)/);
    await expect(loadDefinitions(join(dir, 'absent.json'))).rejects.toThrow(
      /absent\.json": it does not exist\)\. Correct the path/,
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});
