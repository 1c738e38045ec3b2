/** Receipts of erasures in memory, for the world of the API's tests. */
import type { Receipt } from '@tributary/archive/erasures';
import { TributaryError } from '@tributary/model/errors';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import type { ErasureDesk } from '../src/ports.ts';

export const digestOf = (userKey: string): string => sha256Hex(userKey).slice(0, 32);

export function memoryErasures(): ErasureDesk {
  const receipts = new Map<string, Receipt>();
  return {
    forgotten: async () => undefined,
    digestOf,
    create: async (receipt) => void (receipts.has(receipt.id) || receipts.set(receipt.id, receipt)),
    write: async (receipt) => void receipts.set(receipt.id, receipt),
    async read(id) {
      const receipt = receipts.get(id);
      if (receipt === undefined) throw new TributaryError('not_found', `erasure ${id} does not exist`);
      return receipt;
    },
    ids: async (digest) =>
      [...receipts.values()]
        .filter((receipt) => digest === undefined || receipt.digest === digest)
        .map(({ id }) => id)
        .sort()
        .reverse(),
  };
}
