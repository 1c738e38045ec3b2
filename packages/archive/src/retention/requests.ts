/**
 * Requests to retire archived events by age, numbered from 1 and written once: who asked, when and why. The next run carries the oldest one out.
 *
 *   archive/retirements/000001.json
 */
import { TributaryError } from '@tributary/model/errors';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import { createDurably, namesIn } from '../durable.ts';
import { numbersOf, padNumber, readManifest, toJson } from '../manifest-file.ts';
import { readRetired } from './retired.ts';

const Request = z.object({
  number: z.int().min(1),
  /** Files whose events all happened before this instant go: UTC midnight, epoch ms. */
  before: z.int(),
  at: z.int(),
  by: z.string(),
  why: z.string().exactOptional(),
  /** What its plan said would go. */
  planned: z.object({ files: z.int().min(0), rows: z.int().min(0), bytes: z.int().min(0) }),
});
export type RetirementRequest = z.output<typeof Request>;

function pathOf(dataDir: string, number: number): string {
  return dataPath(dataDir, 'retirements', `${padNumber(number)}.json`);
}

async function numbers(dataDir: string): Promise<number[]> {
  return numbersOf(await namesIn(dataPath(dataDir, 'retirements')), '.json');
}

/** The newest ones, newest first. */
export async function readRequests(dataDir: string, most: number): Promise<RetirementRequest[]> {
  const requests: RetirementRequest[] = [];
  for (const number of (await numbers(dataDir)).reverse().slice(0, most)) requests.push(await readRequest(dataDir, number));
  return requests;
}

/** The oldest one after `number`; null: none waits. */
export async function nextRequest(dataDir: string, number: number): Promise<RetirementRequest | null> {
  const next = (await numbers(dataDir)).find((one) => one > number);
  return next === undefined ? null : readRequest(dataDir, next);
}

/** Throws `conflict` where another one was written first. */
export async function createRequest(dataDir: string, draft: Omit<RetirementRequest, 'number'>): Promise<RetirementRequest> {
  // A folder that was restored has outcomes of requests that it lacks.
  const done = (await readRetired(dataDir))?.outcomes.at(-1)?.number ?? 0;
  const request = { number: Math.max(done, (await numbers(dataDir)).at(-1) ?? 0) + 1, ...draft };
  if (await createDurably(pathOf(dataDir, request.number), toJson(request))) return request;
  throw new TributaryError('conflict', `retirement ${request.number} was asked for at the same time: plan again`);
}

async function readRequest(dataDir: string, number: number): Promise<RetirementRequest> {
  const path = pathOf(dataDir, number);
  const request = await readManifest(path, Request);
  if (request?.number === number) return request;
  throw new TributaryError('manifest_corrupt', `${path} must be the request of retirement ${number}. Restore it from a backup`);
}
