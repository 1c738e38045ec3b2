import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { closeFolders } from '../src/used-folder.ts';

test('folders that older versions left open are closed; those of others, where no platform was, are left alone', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tributary-used-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const logs = join(dataDir, 'logs');
  const mode = () => statSync(logs).mode & 0o777;
  closeFolders(dataDir);
  mkdirSync(logs);
  chmodSync(logs, 0o755);
  closeFolders(dataDir);
  expect(mode()).toBe(0o755);
  writeFileSync(join(dataDir, 'log.json'), '{"identity": "one"}');
  closeFolders(dataDir);
  expect(mode()).toBe(0o700);
});
