/** What texts of settings must look like. Each answers what is wrong, or undefined. */
import { isIP } from 'node:net';
import { listOf } from '@tributary/runtime/config/list-of';
import type { Wrong } from '@tributary/runtime/config/setting';

const ORIGIN = /^(?:null|[a-z][a-z0-9+.-]{0,31}:\/\/[a-z0-9._[\]:-]{1,260})$/i;

/** As browsers send them. `*` only where it is alone. */
export function originsRule(text: string): Wrong | undefined {
  if (text === '*' || listOf(text).every((origin) => ORIGIN.test(origin))) return undefined;
  return {
    must: 'be "*", or origins such as https://shop.example separated by commas',
    fix: 'Write each with its scheme, and without a path or a slash at its end.',
  };
}

export function proxiesRule(text: string): Wrong | undefined {
  const isRange = (item: string) => {
    const [address = '', bits = '0', ...rest] = item.split('/');
    const version = isIP(address);
    return version !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
  };
  if (listOf(text).every(isRange)) return undefined;
  return {
    must: 'be addresses or ranges separated by commas, such as 10.0.0.1, 192.168.0.0/16',
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
