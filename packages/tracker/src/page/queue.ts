/**
 * Events that a collector does not have for certain. Each is stored under its id before it is sent, and removed when an answer says that it was
 * taken: what a page that goes could not see answered is sent again by the next page, under the same id. One entry an event: pages of one
 * origin side by side never write the same entry.
 */
import { now } from './clock.ts';
import { settings } from './settings.ts';

const MAX_EVENTS = 200;
const MAX_CHARACTERS = 65_536;
const MAX_AGE_MS = 86_400_000;
/** UTF-8 has three bytes for a character at most: 48 KB. */
export const BODY_CHARACTERS = 16_000;
/** Browsers give all requests that outlive their page 64 KiB together: where more than this waits, none has to. */
const OUTLIVING_CHARACTERS = 20_000;
const ANSWER_MS = 20_000;
const PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 300_000;
/** Statuses after which an event is not sent again: it was taken, or the same bytes would be refused again. */
const DONE = /^2|40[013]|413/;

const PREFIX = 'tributary:';

/** Undefined until there is consent, and where the browser stores nothing for this page. */
export let disk: Storage | undefined;
/** By entry, the oldest first. */
const queue = new Map<string, string>();
/** A page that comes back from the cache of the browser may never see the answers to what it had sent. */
export const sending = new Set<string>();
let characters = 0;
let pauseMs = 0;
let pausedUntil = 0;

function entries(): string[] {
  try {
    disk = localStorage;
  } catch {}
  return Object.keys(disk ?? {}).filter((entry) => entry.startsWith(PREFIX));
}

/** Takes over what earlier pages left. */
export function open(): void {
  for (const entry of entries()) {
    const text = disk?.getItem(entry) as string;
    try {
      if (JSON.parse(text).timestamp < Date.now() - MAX_AGE_MS) throw 0;
      keep(entry, text);
    } catch {
      drop(entry);
    }
  }
}

/** Removes everything that was stored. */
export function forget(): void {
  for (const entry of [...entries(), ...queue.keys(), VISITOR]) drop(entry);
}

/** The entry of the visitor's id. */
export const VISITOR = 'tributary';

export function store(entry: string, text: string): void {
  try {
    disk?.setItem(entry, text);
  } catch {}
}

export function put(id: string, text: string): void {
  store(PREFIX + id, text);
  keep(PREFIX + id, text);
}

function keep(entry: string, text: string): void {
  // `open` meets entries again that are in the queue.
  characters -= queue.get(entry)?.length ?? 0;
  queue.set(entry, text);
  characters += text.length;
  for (const oldest of queue.keys()) if (queue.size > MAX_EVENTS || characters > MAX_CHARACTERS) drop(oldest);
}

function drop(entry: string): void {
  characters -= queue.get(entry)?.length ?? 0;
  queue.delete(entry);
  disk?.removeItem(entry);
}

/** For `flush`, of a page that goes. */
export const LEAVING = true;

/**
 * Sends what is not under way. Never waits, and may be called at any time. While a request is not answered, only a page that goes makes another:
 * a browser has six connections to a host, and the page may need them.
 */
export function flush(isLeaving?: typeof LEAVING): void {
  if (now() < pausedUntil || (sending.size && !isLeaving)) return;
  let batch: string[] = [];
  let size = 0;
  for (const [entry, text] of queue) {
    if (sending.has(entry)) continue;
    if (size + text.length > BODY_CHARACTERS) {
      void post(batch);
      batch = [];
      size = 0;
    }
    sending.add(entry);
    batch.push(entry);
    size += text.length + 1;
  }
  if (size) void post(batch);
}

async function post(batch: readonly string[]): Promise<void> {
  // A text has the type text/plain, which browsers ask for no permission to send; so the key stands in the body. The time is that of this attempt.
  const body = `{"writeKey":"${settings.key}","sentAt":${Date.now()},"batch":[${batch.map((entry) => queue.get(entry))}]}`;
  try {
    const init = {
      method: 'POST',
      body,
      keepalive: characters < OUTLIVING_CHARACTERS,
      credentials: 'omit',
      signal: AbortSignal.timeout(ANSWER_MS),
    } as const;
    const { status } = await fetch(settings.url, init);
    if (!DONE.test(status as unknown as string)) throw status;
    pauseMs = 0;
    batch.forEach(drop);
  } catch {
    pauseMs = Math.min(pauseMs * 2 || PAUSE_MS, MAX_PAUSE_MS);
    pausedUntil = now() + pauseMs;
  }
  for (const entry of batch) sending.delete(entry);
  // What happened meanwhile.
  flush();
}
