/** Libraries of other languages, which those languages' own tools bring: once, into a folder that is named by what pins them. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

const CACHE = join(import.meta.dirname, '../../node_modules/.cache/tributary');

/** `pins`: the file that names versions and hashes. `fill` writes into an empty folder. Two that fetch at once keep the first one's. */
export async function fetchedOnce(name: string, pins: string, fill: (folder: string) => Promise<unknown>): Promise<string> {
  const folder = join(CACHE, `${name}-${createHash('sha256').update(readFileSync(pins)).digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const staged = await mkdtemp(`${folder}.`);
  try {
    await fill(staged);
    await rename(staged, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
  return folder;
}

/** The library's folder; null, and a line on stderr, where this machine cannot have it. Where all tests are demanded that throws. */
export async function fetchedOrReported(what: string, advice: string, fetch: () => Promise<string>): Promise<string | null> {
  try {
    return await fetch();
  } catch (error) {
    const why = `${(error as Error).message.split('\n')[0]}. ${advice}`;
    const { CI = '', TRIBUTARY_DEMAND_ALL = '' } = process.env;
    if (CI + TRIBUTARY_DEMAND_ALL !== '') throw new Error(`${why} This run demands all tests.`);
    process.stderr.write(`skipping ${what}: ${why}\n`);
    return null;
  }
}
