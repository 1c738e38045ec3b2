/** What texts of settings must look like. Each answers what is wrong, or undefined. */
import { isIP } from 'node:net';
import { parseMinimise } from '@tributary/model/reading/minimise';
import { listOf } from '@tributary/runtime/config/list-of';
import type { Wrong } from '@tributary/runtime/config/setting';

/** What browsers send, `null` of a sandboxed frame or a file included. */
export const ORIGIN = /^(?:null|[a-z][a-z0-9+.-]{0,31}:\/\/[a-z0-9._[\]:-]{1,260})$/i;

/** `*` only where it is alone. A browser sends no port that is its scheme's own, so an origin with it would match no page. */
export function originsRule(text: string): Wrong | undefined {
  if (text === '*') return undefined;
  const origins = originsOf(text);
  if (!origins.every((origin) => ORIGIN.test(origin) && (origin === 'null' || URL.canParse(origin))))
    return {
      must: 'be "*", or origins such as https://shop.example separated by commas',
      fix: 'Write each with its scheme, and without a path or a slash at its end.',
    };
  const other = origins.find((origin) => /^https?:/.test(origin) && new URL(origin).origin !== origin);
  if (other === undefined) return undefined;
  return { must: 'be origins as browsers send them', fix: `Write ${new URL(other).origin} in place of ${other}.` };
}

/** Scheme and host in lower case, as browsers send them. An item of nothing stays one. */
export function originsOf(text: string): string[] {
  return text.split(',').map((origin) => origin.trim().toLowerCase());
}

export function proxiesRule(text: string): Wrong | undefined {
  const isRange = (item: string) => {
    const [address = '', bits, ...rest] = item.split('/');
    const version = isIP(address);
    // Fastify reads no range of 0 bits: all addresses would be believed.
    const isBits =
      bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (version === 4 ? 32 : 128));
    return version !== 0 && rest.length === 0 && isBits;
  };
  if (listOf(text).length > 0 && listOf(text).every(isRange)) return undefined;
  return {
    must: 'be addresses or ranges of them separated by commas, such as 10.0.0.1, 192.168.0.0/16, and no range of all',
    fix: 'Write numbers; a name of a host is not looked up.',
  };
}

export function baseUrlRule(text: string): Wrong | undefined {
  const { protocol = '', search = '', hash = '', username = '' } = URL.canParse(text) ? new URL(text) : {};
  if (/^https?:$/.test(protocol) && `${search}${hash}${username}` === '' && !/\s/.test(text)) return undefined;
  return {
    must: 'be an address such as https://events.shop.example',
    fix: 'Write it with https:// or http://, and without "?".',
  };
}

/** The first part of each path that the collector answers on: a test of the collector holds it against its routes. */
export const COLLECTOR_PATHS: readonly string[] = [
  ...['analytics.js', 'analytics-next', 'array', 'batch', 'beacon', 'capture', 'decide', 'e', 'flags', 'i'],
  ...['livez', 'metrics', 'openapi.json', 'pixel', 'readyz', 'sourceConfig', 'static', 'v1'],
];
const TAKEN: ReadonlySet<string> = new Set(COLLECTOR_PATHS.map((part) => part.toLowerCase()));

export function trackerPathRule(text: string): Wrong | undefined {
  if (/^(?:\/[a-z0-9][a-z0-9_-]{0,63}){1,5}$/i.test(text) && !TAKEN.has((text.split('/')[1] as string).toLowerCase()))
    return undefined;
  return {
    must: 'be a path such as /web or /assets/shop, which does not begin as another path of the collector does',
    fix: 'Write letters, digits, "-" and "_" between slashes, and no slash at its end.',
  };
}

export function minimiseRule(text: string): Wrong | undefined {
  if (parseMinimise(text) !== null) return undefined;
  return {
    must: 'be at most 50 rules separated by commas, such as drop:properties.ip, hash:properties.email, drop:properties.**.phone, drop:page',
    fix: 'Write drop or hash, and a path within properties, or page, element or creative.',
  };
}

/** 128 bits, however they are written. */
const LEAST_KEY_CHARACTERS = 22;

export function hashKeyRule(text: string): Wrong | undefined {
  if (text.length >= LEAST_KEY_CHARACTERS) return undefined;
  return {
    must: `have at least ${LEAST_KEY_CHARACTERS} characters`,
    fix: 'Make one with "openssl rand -base64 32", and keep it outside of the data folder.',
  };
}

const MOST_URLS = 32;

/** Several, separated by commas. */
export function baseUrlsRule(text: string): Wrong | undefined {
  const urls = text.split(',').map((url) => url.trim());
  const wrong = urls.map(baseUrlRule).find((one) => one !== undefined);
  if (wrong === undefined && urls.length <= MOST_URLS) return undefined;
  return {
    must: `be at most ${MOST_URLS} addresses such as http://collector:7400 separated by commas`,
    fix: 'Write each with http:// or https://, and without "?".',
  };
}
