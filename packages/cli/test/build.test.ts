/** The command as a package: what it is built of reads under Node 22, which checkouts do not run on. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { build } from '../build/build.ts';
import { temporaryFolder } from './temporary.ts';

/** Syntax and functions of Node 24: `using`, and what V8 13 brought. */
const OF_NODE_24 = /^\s*(?:await )?using \w+ =|\b(?:Promise\.try|RegExp\.escape|Error\.isError|Math\.sumPrecise)\b/m;

test('no file of it has what Node 22 does not know', () => {
  const folder = temporaryFolder('build');
  try {
    build(folder);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.m?js$/.test(name));
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((name) => OF_NODE_24.test(readFileSync(join(folder, name), 'utf8')))).toEqual([]);
    expect(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).toMatchObject({ engines: { node: '>=22.12' } });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
