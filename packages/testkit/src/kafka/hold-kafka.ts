/** Runs a broker until it is killed; the first line says where. For the test that a broker does not outlive its parent. */
import { dirname } from 'node:path';
import { startKafka } from './kafka-cluster.ts';

const kafka = await startKafka();
const [broker] = kafka.brokers;
process.stdout.write(`${JSON.stringify({ pid: broker?.pid, folder: dirname(dirname(broker?.logFile ?? '')) })}\n`);
