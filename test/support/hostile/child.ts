import { runCases } from './campaign.ts';

// The client in a process of its own, so that its memory is its own: HOST FIRST COUNT CONCURRENCY DEADLINE.
const [host = '', ...numbers] = process.argv.slice(2);
const [first = 0, count = 0, concurrency = 1, attemptDeadlineMs = 1] = numbers.map(Number);
const tally = await runCases({ host, first, count, concurrency, attemptDeadlineMs });
// maxRSS is in KiB.
const maxRssBytes = process.resourceUsage().maxRSS * 1024;
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ ...tally, maxRssBytes, cpuMs: (user + system) / 1000 }));
