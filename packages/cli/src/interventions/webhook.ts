/**
 * One signed request to a receiver, as https://www.standardwebhooks.com has it: `webhook-id`, `webhook-timestamp`, and
 * `webhook-signature: v1,BASE64(HMAC-SHA256(secret, "ID.TIMESTAMP.BODY"))`.
 *
 * The address that is connected to is the one that was checked: a name that resolves to a private address, also the second time, is refused. Redirects are
 * not followed, and nothing of the answer is read but its status.
 */
import { createHmac } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns';
import { request as plain } from 'node:http';
import { request as encrypted } from 'node:https';
import type { LookupFunction } from 'node:net';
import { BlockList, isIP } from 'node:net';

export interface Call {
  readonly url: string;
  readonly id: string;
  readonly body: string;
  /** Key of the signature. */
  readonly secret: Buffer;
  readonly atMs: number;
}

/** `again`: it may be answered later. Nothing was sent: `erased`, the user was erased meanwhile; `unknown`, whether they were is not known. */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'refused' | 'again' | 'erased' | 'unknown'; readonly why: string };

const TIMEOUT_MS = 10_000;
const MAY_PASS = new Set([408, 409, 425, 429]);

/** The text of a secret: `whsec_` and 24 to 64 bytes in base64. null: it is none. */
export function secretOf(text: string | undefined): Buffer | null {
  const [, digits] = /^whsec_([A-Za-z0-9+/]{32,88}={0,2})$/.exec(text ?? '') ?? [];
  const key = Buffer.from(digits ?? '', 'base64');
  return key.length >= 24 && key.length <= 64 ? key : null;
}

export function headersOf({ id, body, secret, atMs }: Omit<Call, 'url'>): Readonly<Record<string, string>> {
  const seconds = String(Math.floor(atMs / 1_000));
  const signature = createHmac('sha256', secret).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}` };
}

/** Never rejects. */
export function post(call: Call, { allowPrivate, signal }: { allowPrivate: boolean; signal: AbortSignal }): Promise<Outcome> {
  const url = new URL(call.url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!allowPrivate && isIP(host) !== 0 && isPrivate(host))
    return Promise.resolve({ kind: 'refused', why: privateTrouble(host) });
  return new Promise((resolve) => {
    const sent = (url.protocol === 'https:' ? encrypted : plain)(url, {
      method: 'POST',
      headers: { ...headersOf(call), 'content-type': 'application/json', 'content-length': Buffer.byteLength(call.body) },
      // A connection that is kept has an address that was checked for another request.
      agent: false,
      lookup: allowPrivate ? lookup : resolvePublic,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    sent.once('response', (response) => {
      response.destroy();
      resolve(outcomeOf(response.statusCode ?? 0));
    });
    sent.on('error', (error) => resolve({ kind: error instanceof PrivateAddress ? 'refused' : 'again', why: error.message }));
    sent.end(call.body);
  });
}

function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  const why = `it answered ${status}`;
  return { kind: status >= 500 || MAY_PASS.has(status) ? 'again' : 'refused', why };
}

class PrivateAddress extends Error {}

const resolvePublic: LookupFunction = (host, options, done) =>
  lookup(host, { ...options, all: true }, (error, found) => {
    const addresses = found as LookupAddress[];
    const hidden = error === null ? addresses.find(({ address }) => isPrivate(address)) : undefined;
    if (hidden !== undefined) return done(new PrivateAddress(privateTrouble(`${host}, ${hidden.address}`)), '', 0);
    if (options.all === true) return done(error, addresses);
    const [first] = addresses ?? [];
    return done(error, first?.address ?? '', first?.family);
  });

function privateTrouble(host: string): string {
  return `a receiver must have a public address (got ${host}); --allow-private takes others`;
}

/** Everything that the open internet cannot reach (RFC 6890), and what IPv6 wraps of it. */
const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv4');
/** The global range of IPv6 alone is public, without documentation, tunnels of IPv4 and its translation. */
const PUBLIC_6 = new BlockList();
PUBLIC_6.addSubnet('2000::', 3, 'ipv6');
const WRAPPED = new BlockList();
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  WRAPPED.addSubnet(net, bits, 'ipv6');

export function isPrivate(scoped: string): boolean {
  // fe80::1%eth0
  const [address = ''] = scoped.split('%');
  const family = isIP(address);
  if (family === 4) return PRIVATE.check(address, 'ipv4');
  return family !== 6 || !PUBLIC_6.check(address, 'ipv6') || WRAPPED.check(address, 'ipv6');
}
