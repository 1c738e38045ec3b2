/**
 * Servers of plain HTTP. Not imported from `node:http`: an import reads all that the module has, and with its WebSocket Node loads its whole client,
 * 30 ms of a processor in each start.
 */
export const { createServer } = process.getBuiltinModule('node:http');
