/** What a command is killed at is removed by the next one, and nothing of one that runs. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inFolderBeside } from '../src/history/folder-beside.ts';

test('a folder of a killed process of this host is removed; those of one that runs and of other hosts stay', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'tributary-beside-'));
  try {
    const out = join(parent, 'set.csv');
    const main = new URL('../src/history/folder-beside.ts', import.meta.url).href;
    const killed = `const { inFolderBeside } = await import(${JSON.stringify(main)});
      await inFolderBeside(${JSON.stringify(out)}, () => process.kill(process.pid, 'SIGKILL'));`;
    expect(spawnSync(process.execPath, ['--input-type=module', '-e', killed]).signal).toBe('SIGKILL');
    const [left = ''] = await readdir(parent);
    expect(left).toContain(`.tributary-history-${hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')}-`);
    const others = ['.tributary-history-another.host-1-abcdef', '.tributary-history-abcdef', 'set.csv'];
    for (const name of others) await writeFile(join(parent, name), '');
    await inFolderBeside(out, async (running) => {
      await inFolderBeside(out, async (folder) => {
        const names = await readdir(parent);
        expect(names).not.toContain(left);
        expect(names.length).toBe(others.length + 2);
        expect(names).toEqual(
          expect.arrayContaining([...others, running.slice(parent.length + 1), folder.slice(parent.length + 1)]),
        );
      });
    });
    expect((await readdir(parent)).sort()).toEqual([...others].sort());
  } finally {
    await rm(parent, { recursive: true });
  }
});
