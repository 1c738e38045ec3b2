/**
 * The key grammar of the speed layer's state. Every key of a partition carries the hash tag `{p}`, so that one script
 * may touch them all on Redis Cluster too. User text comes last and bounded, where it can steer nothing.
 *
 *   <ns>:{p}:state          hash: position, commit, commits, feedBytes, logIdentity, logTimeMs, generation, oldest, removed, lettersWithout, gap:<g>, barrier:<g>, crossed:<g>, definitions, definitionsSince, cutTs, kept, relayed, erased, watched
 *   <ns>:{p}:u:<userKey>    string: the user's lines
 *   <ns>:{p}:d:<g>:<view>   hash: deltas of generation g; field = row key, value = its measures, packed; or a tab and the id of a commit, and a bundle of its rows (row-bundle.ts)
 *   <ns>:{p}:n:<g>          hash: pending, overflowed, bundles (their bytes)
 *   <ns>:{p}:c:<g>          hash: conversion id → user key
 *   <ns>:{p}:feed           list: the newest commits' deltas, at most 1 MiB, or 8 while somebody reads the deltas in pages (commit.lua)
 *   <ns>:{p}:reading        string with a time to live: somebody does (read-deltas.lua)
 *   <ns>:{p}:dead           stream: dead letters, the newest 10 000; dead:kept within one script (forget-dead.lua)
 *   <ns>:{p}:outbox         list: the number of the first line, then the lines to publish; never empty again
 *   <ns>:{p}:messages       list: the same of messages to other keys
 *   <ns>:{p}:members:<v>    sorted set: the users in the segment of version v, all of score 0: by their bytes
 *   <ns>:{p}:due            sorted set: users by the instant at which they are to be looked at though nothing of them comes
 *   <ns>:{p}:unsure         sorted set: users of whom events are missing, by the instant until which that may matter to a segment
 *   <ns>:pointer            hash: sequence, generation
 */
export function partitionPrefix(namespace: string, partition: number): string {
  return `${namespace}:{${partition}}:`;
}

export function recordKey(namespace: string, partition: number, userKey: string): string {
  return `${namespace}:{${partition}}:u:${userKey}`;
}

export function deadLettersKey(namespace: string, partition: number): string {
  return `${namespace}:{${partition}}:dead`;
}

export function outboxKey(namespace: string, partition: number): string {
  return `${namespace}:{${partition}}:outbox`;
}

export function messagesKey(namespace: string, partition: number): string {
  return `${namespace}:{${partition}}:messages`;
}

export function membersKey(namespace: string, partition: number, version: string): string {
  return `${namespace}:{${partition}}:members:${version}`;
}

export function pointerKey(namespace: string): string {
  return `${namespace}:pointer`;
}
