/**
 * A key goes only to the address that it belongs to. Flags, the environment and keys.local.json may each speak of another
 * platform; a key of one must not be sent to an address of another.
 */
import { UsageError } from './exit.ts';

/** In the order in which they win. `default`: no address was named. */
export type Source = 'flag' | 'environment' | 'folder' | 'default';

export interface Given {
  readonly value: string;
  readonly source: Source;
  /** How the person who gave it knows it: `--url`, `TRIBUTARY_URL`, a file. */
  readonly name: string;
}

/** The first one that is given; an empty text is not given. */
export function firstGiven(
  ...candidates: readonly (readonly [Source, name: string, value: string | undefined])[]
): Given | undefined {
  for (const [source, name, value] of candidates)
    if (value !== undefined && value.trim() !== '') return { value: value.trim(), source, name };
  return undefined;
}

export interface Places {
  /** The address to call. */
  readonly address: Given;
  /** What the environment and the folder say of the same address, where they say anything. */
  readonly inEnvironment: string | undefined;
  readonly inFolder: string | undefined;
}

/** Whether the key belongs to the address. A key that was typed does: the person sees where it goes. */
export function belongs(key: Given, { address, inEnvironment, inFolder }: Places): boolean {
  if (key.source === 'flag') return true;
  if (key.source === 'folder') return inFolder === undefined ? address.source === 'default' : address.value === inFolder;
  // An environment without an address of its own leaves the choice to flags and defaults, never to a folder.
  return address.value === inEnvironment || (inEnvironment === undefined && address.source !== 'folder');
}

export function mismatch(key: Given, { address }: Places, urlFlag: string): UsageError {
  const variable = urlFlag === '--url' ? 'TRIBUTARY_URL' : 'TRIBUTARY_COLLECTOR_URL';
  const fix =
    key.source === 'folder'
      ? `Give the key of ${address.value} with --key`
      : `Set ${variable} as well, unset ${key.name}, or give both with ${urlFlag} and --key`;
  return new UsageError(
    `key and address must come from one place (got the key from ${key.name}, the address ${address.value} from ${address.name}). ${fix}.`,
  );
}
