/** What texts of settings must look like. Each answers what is wrong, or undefined. */
import { isIP } from 'node:net';
import type { Wrong } from '../config/setting.ts';

export function hostRule(text: string): Wrong | undefined {
  if (isIP(text) !== 0 || /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$/.test(text)) return undefined;
  return {
    must: 'be an address or the name of this machine',
    fix: 'Write 127.0.0.1 for this machine alone, or 0.0.0.0 for all networks.',
  };
}

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

/** Powers of 1000 and 1024 by the letter of the unit. */
const UNITS = ['K', 'M', 'G', 'T'];
/** Less holds no row group; more than any machine has is a slip. */
const MEMORY = { least: 64e6, most: 16e12 };

/** As DuckDB reads it. */
export function memoryRule(text: string): Wrong | undefined {
  const [, number, letter = '', binary] = /^([1-9]\d{0,8}(?:\.\d{1,3})?) ?([KMGT])(i?)B$/i.exec(text) ?? [];
  if (number === undefined)
    return { must: 'be an amount of memory such as 768MB', fix: 'Write a number and its unit: KB, MB, GB, KiB, MiB or GiB.' };
  const bytes = Number(number) * (binary === '' ? 1_000 : 1_024) ** (UNITS.indexOf(letter.toUpperCase()) + 1);
  if (bytes >= MEMORY.least && bytes <= MEMORY.most) return undefined;
  return { must: 'be from 64MB to 16TB', fix: 'Write as much as this process may have, such as 768MB.' };
}

export function brokersRule(text: string): Wrong | undefined {
  const isBroker = (item: string) => {
    const [, port] = /^(?:[^\s:/]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(item) ?? [];
    return port !== undefined && Number(port) > 0 && Number(port) < 65_536;
  };
  if (listOf(text).every(isBroker)) return undefined;
  return {
    must: 'be host:port of one or more brokers, separated by commas',
    fix: 'Write it as broker-1:9092,broker-2:9092.',
  };
}

export function topicPrefixRule(text: string): Wrong | undefined {
  if (/^[A-Za-z0-9._-]{1,200}$/.test(text)) return undefined;
  return { must: 'hold only letters, digits, ".", "_" and "-", at most 200 of them', fix: 'Leave the other characters out.' };
}

export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
