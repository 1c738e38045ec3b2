/** Who is logged in. The session itself is a cookie that no script reads: here is only what the server says of it. */
import { parseAnswer } from '@tributary/client/exact-answer';
import { useEffect, useState } from 'preact/hooks';
import { sentence } from '../words.ts';

export interface Holder {
  /** The public half of the key. */
  readonly key: string;
  readonly scope: 'read' | 'admin';
  /** Epoch ms. */
  readonly endsAt: number;
}

export type Session =
  | { readonly is: 'unknown' }
  | { readonly is: 'out'; readonly why: string | null }
  | { readonly is: 'in'; readonly holder: Holder };

let session: Session = { is: 'unknown' };
const listeners = new Set<(session: Session) => void>();

export function useSession(): Session {
  const [seen, setSeen] = useState(session);
  useEffect(() => {
    setSeen(session);
    listeners.add(setSeen);
    return () => void listeners.delete(setSeen);
  }, []);
  return seen;
}

/** The reader may change what a session can change. */
export function useIsAdmin(): boolean {
  const seen = useSession();
  return seen.is === 'in' && seen.holder.scope === 'admin';
}

function become(next: Session): void {
  session = next;
  for (const listener of listeners) listener(next);
}

const ADDRESS = '/ui/session';
const NOT_KEPT =
  'No session is open after the login. Browsers keep one over HTTPS, and over HTTP on this machine alone (http://127.0.0.1, http://localhost); where several API servers run behind a proxy, a browser must stay with one of them.';

/**
 * Opens the code of a link, if the address has one and no session is open, else looks whether one is. The code leaves the address first. A
 * link never takes the place of an open session: its sender would choose the key that the reader goes on with.
 */
export async function begin(): Promise<void> {
  const code = /^#code=([\w-]{20,100})$/.exec(location.hash)?.[1];
  if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search);
  followOtherTabs();
  await check();
  if (code !== undefined && session.is === 'out') await logIn({ code });
}

async function check(): Promise<void> {
  const { holder, status, why } = await ask('GET');
  checkedMs = performance.now();
  if (holder !== null) return become({ is: 'in', holder });
  // Where the API does not answer, pages that are open say so themselves.
  if (status === 401 && session.is === 'in') return ended();
  if (session.is !== 'in') become({ is: 'out', why: status === 401 ? null : why });
}

const AGAIN_MS = 30_000;
let checkedMs = 0;

/** All tabs have one session: figures of a key that logged out elsewhere, or whose session ended meanwhile, must not stay to be seen. */
function followOtherTabs(): void {
  others.addEventListener('message', () => void check());
  addEventListener('pageshow', ({ persisted }) => persisted && void check());
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && session.is === 'in' && performance.now() - checkedMs > AGAIN_MS) void check();
  });
}

const others = new BroadcastChannel('tributary:session');

export async function logIn(body: { readonly key: string } | { readonly code: string }): Promise<void> {
  const opened = await ask('POST', body);
  if (opened.holder === null) return become({ is: 'out', why: opened.why });
  const kept = await ask('GET');
  become(kept.holder === null ? { is: 'out', why: NOT_KEPT } : { is: 'in', holder: kept.holder });
  others.postMessage('changed');
}

export async function logOut(): Promise<void> {
  await ask('DELETE');
  become({ is: 'out', why: null });
  others.postMessage('changed');
}

/** The API answered that no session is open any more. */
export function ended(): void {
  if (session.is === 'in') become({ is: 'out', why: 'The session has ended. Log in again to go on where you were.' });
}

interface Answered {
  readonly status: number;
  readonly holder: Holder | null;
  readonly why: string;
}

async function ask(method: 'GET' | 'POST' | 'DELETE', body?: object): Promise<Answered> {
  try {
    const sent = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(ADDRESS, { method, cache: 'no-store', ...sent });
    const answer = (response.status === 204 ? {} : parseAnswer(await response.text())) as Partial<Holder> & {
      detail?: string;
      fix?: string;
    };
    const why = `${sentence(answer.detail ?? `The API answered with status ${response.status}`)} ${answer.fix ?? ''}`.trim();
    return { status: response.status, holder: response.ok && method !== 'DELETE' ? (answer as Holder) : null, why };
  } catch {
    return { status: 0, holder: null, why: 'The API does not answer. Look whether it runs at this address.' };
  }
}
