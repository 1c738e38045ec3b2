#!/usr/bin/env node
// The command line of Tributary, as it is installed. Exit code 3: this Node is too old.
import module from 'node:module';

// What this writes, only its owner may change.
process.umask(process.umask() | 0o022);

// That of `npm start` is 24; JSON of integers beyond 2^53 is read from 22 on.
const NEEDED = 22;
if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  process.stderr.write(`error: this needs Node ${NEEDED} and runs on ${process.versions.node}\n  fix: Install Node ${NEEDED}.\n`);
  process.exit(3);
}
// Compiled code of the last call, in the folder of temporary files; where that is not possible, nothing is kept.
module.enableCompileCache?.();
await import('../src/main.js');
