/** Receipts of erasures as the API asks them: files of the data folder, and the key that digests are made with. */
import { forgottenEverywhere } from '@tributary/archive/changes/state';
import { digestsBy, erasureKey } from '@tributary/archive/erasure-key';
import { createReceipt, readReceipt, receiptIds, writeReceipt } from '@tributary/archive/erasures';
import type { ErasureDesk } from '../ports.ts';

export async function openErasureDesk(dataDir: string): Promise<ErasureDesk> {
  return {
    digestOf: digestsBy(await erasureKey(dataDir)),
    create: (receipt) => createReceipt(dataDir, receipt),
    write: (receipt) => writeReceipt(dataDir, receipt),
    read: (id) => readReceipt(dataDir, id),
    ids: (digest) => receiptIds(dataDir, digest),
    forgotten: () => forgottenEverywhere(dataDir),
  };
}
