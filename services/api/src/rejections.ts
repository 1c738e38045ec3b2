/**
 * What collectors rejected, of all of them together. Each remembers its own in memory, so each is asked: every address that a name stands for.
 * What comes back is a stranger's text until it was read: bounded in bytes and in time, and checked.
 */
import { lookup } from 'node:dns/promises';
import { z } from 'zod';

const Row = z.object({
  reason: z.string().max(64),
  message: z.string().max(2_000),
  keyId: z.string().max(64).nullable(),
  count: z.int().min(0),
  firstAt: z.iso.datetime(),
  lastAt: z.iso.datetime(),
  origin: z.string().max(200).nullable(),
  sample: z.unknown(),
});
/** As `GET /v1/rejections` of a collector answers. */
const Said = z.object({ since: z.iso.datetime(), rejections: z.array(Row).max(1_000) });

export interface Rejection extends Omit<z.output<typeof Row>, 'firstAt' | 'lastAt'> {
  readonly firstAt: number;
  readonly lastAt: number;
}

/** What one collector said, or why it said nothing. */
export interface AskedCollector {
  readonly collector: string;
  readonly since: number | null;
  readonly problem: string | null;
  readonly rejections: readonly Rejection[];
}

export interface CollectorAccess {
  /** Base URLs. */
  readonly collectors: readonly string[];
  readonly fetch?: typeof fetch;
  readonly addressesOf?: (host: string) => Promise<readonly string[]>;
}

const MOST_COLLECTORS = 64;
const WAIT_MS = 3_000;
/** 500 rows of a few kilobytes. */
const MOST_BYTES = 4 * 1024 * 1024;

/** `key`: one that may read. Never rejects: a collector that does not answer is in the list, with the reason. */
export async function askCollectors(access: CollectorAccess, key: string): Promise<readonly AskedCollector[]> {
  const { collectors, addressesOf = addressesByDns } = access;
  const named = await Promise.all(collectors.map((url) => eachAddress(url, addressesOf)));
  const addresses = [...new Set(named.flat())].slice(0, MOST_COLLECTORS);
  const found = await Promise.all(addresses.map((address) => askOne(address, key, access.fetch ?? fetch)));
  return found.sort((a, b) => (a.collector < b.collector ? -1 : 1));
}

/** Plain HTTP goes to every address of the name. A certificate is of the name, so HTTPS is asked by it. */
async function eachAddress(url: string, addressesOf: (host: string) => Promise<readonly string[]>): Promise<readonly string[]> {
  const base = new URL(url);
  if (base.protocol !== 'http:') return [plain(base)];
  try {
    const addresses = await addressesOf(base.hostname.replace(/^\[|\]$/g, ''));
    return addresses.map((address) => {
      const one = new URL(base);
      one.hostname = address.includes(':') ? `[${address}]` : address;
      return plain(one);
    });
  } catch {
    return [plain(base)];
  }
}

async function addressesByDns(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function plain(url: URL): string {
  return url.href.replace(/\/+$/, '');
}

async function askOne(collector: string, key: string, ask: typeof fetch): Promise<AskedCollector> {
  const silent = (problem: string): AskedCollector => ({ collector, since: null, problem, rejections: [] });
  try {
    const response = await ask(`${collector}/v1/rejections`, {
      headers: { authorization: `Bearer ${key}` },
      redirect: 'error',
      signal: AbortSignal.timeout(WAIT_MS),
    });
    const text = await textOf(response);
    if (response.status !== 200) return silent(`it answered with status ${response.status}`);
    const { since, rejections } = Said.parse(JSON.parse(text));
    const rows = rejections.map((row) => ({ ...row, firstAt: Date.parse(row.firstAt), lastAt: Date.parse(row.lastAt) }));
    return { collector, since: Date.parse(since), problem: null, rejections: rows };
  } catch (cause) {
    const isOther = cause instanceof SyntaxError || cause instanceof z.ZodError || cause instanceof RangeError;
    return silent(isOther ? 'what it answered is not what a collector of this version answers' : 'it did not answer');
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new RangeError('too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** One row for each reason, key and rule: counts add up, the last one seen gives sample and origin. Newest first. */
export function rejectionsOf(asked: readonly AskedCollector[]): readonly Rejection[] {
  const rows = new Map<string, Rejection>();
  for (const row of asked.flatMap(({ rejections }) => rejections)) {
    const place = JSON.stringify([row.reason, row.keyId, row.message]);
    const known = rows.get(place);
    if (known === undefined) {
      rows.set(place, row);
      continue;
    }
    const newest = row.lastAt > known.lastAt ? row : known;
    rows.set(place, { ...newest, count: known.count + row.count, firstAt: Math.min(known.firstAt, row.firstAt) });
  }
  return [...rows.values()].sort((a, b) => b.lastAt - a.lastAt);
}
