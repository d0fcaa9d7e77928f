import { parentPort, workerData } from 'node:worker_threads';
import robotsParser from 'robots-parser';

/* Compares an address with rules that are many, or long: each pattern may cost its length times that of the address. */

const { robotsUrl, rules, url } = workerData as { robotsUrl: string; rules: string; url: string };
// Its types describe an ES module, which it is not.
const parse = robotsParser as unknown as typeof robotsParser.default;
parentPort!.postMessage(parse(robotsUrl, rules).isAllowed(url) ?? true);
