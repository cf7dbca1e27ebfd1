/**
 * The bill for 10, 1,000 and 10,000 repositories: the operations that docs/measurements.md says were counted, times
 * list prices, with what else is assumed. Prints the tables of docs/cost.md. Asks no one and measures nothing.
 *
 * `node test/bench/cost.ts [REPOSITORIES…]`
 */
import { readFileSync } from 'node:fs';
import { billOf, costTables, countedIn } from './cost-model.ts';

const asked = process.argv.slice(2).map(Number);
if (asked.some((count) => !Number.isSafeInteger(count) || count < 1))
  throw new Error('Name whole numbers of repositories from 1.');
const counted = countedIn(readFileSync(new URL('../../docs/measurements.md', import.meta.url), 'utf8'));
const sizes = asked.length > 0 ? asked : [10, 1_000, 10_000];
console.log(costTables(sizes.map((size) => billOf(size, counted))));
