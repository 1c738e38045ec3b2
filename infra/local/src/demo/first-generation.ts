/** Asks for a full generation over the loaded history and waits until readers get it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readDemoState, writeDemoState } from './state.ts';

export interface GenerationOptions {
  readonly dataDir: string;
  readonly apiUrl: string;
  readonly adminKey: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface Listing {
  readonly generations: readonly { readonly generation: number; readonly state: string; readonly failure?: string }[];
  readonly publication: { readonly generation: number } | null;
}

const POLL_MS = 300;

/** The number of the published generation; null when an earlier start saw it already. Rejects when it fails or takes too long. */
export async function firstGeneration(options: GenerationOptions): Promise<number | null> {
  const state = readDemoState(options.dataDir);
  if (state?.isComputed === true) return null;
  const before = await list(options);
  const newest = before.generations[0]?.generation ?? 0;
  await call(options, 'POST', '/v1/generations', { mode: 'full' });
  for (let waitedMs = 0; waitedMs < options.timeoutMs; waitedMs += POLL_MS) {
    await sleep(POLL_MS, undefined, { signal: options.signal });
    const { generations, publication } = await list(options);
    if (publication !== null && publication.generation > newest && (await readersGet(options, publication.generation))) {
      if (state !== null) writeDemoState(options.dataDir, { ...state, isComputed: true });
      return publication.generation;
    }
    const failed = generations.find(({ generation, state: now }) => generation > newest && now === 'failed');
    if (failed !== undefined)
      throw new Error(`generation ${failed.generation} failed: ${failed.failure ?? 'it does not say why'}`);
  }
  throw new Error(`no generation was published within ${options.timeoutMs} ms`);
}

/** The API loads a generation before it answers from it. */
async function readersGet(options: GenerationOptions, generation: number): Promise<boolean> {
  // A day without events: only `meta` is wanted.
  const path = '/v1/attribution?model=linear&by=channel&from=1970-01-01&to=1970-01-02';
  const { meta } = (await call(options, 'GET', path)) as { meta: { generation?: number } };
  return (meta.generation ?? 0) >= generation;
}

async function list(options: GenerationOptions): Promise<Listing> {
  return (await call(options, 'GET', '/v1/generations?limit=20')) as Listing;
}

async function call(
  { apiUrl, adminKey, signal }: GenerationOptions,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const response = await fetch(`${apiUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${adminKey}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(15_000)]),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${detailOf(text)}`);
  return JSON.parse(text) as unknown;
}

/** The sentence of an RFC 9457 problem; otherwise the beginning of the body. */
function detailOf(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    if (typeof detail === 'string') return detail;
  } catch {
    // No JSON: shown as it is.
  }
  return text.slice(0, 300);
}
