/**
 * One process over one repository, with a ledger on the disk, for tests that kill it: `node process.ts JSON`.
 * Where it is told to, it kills itself with SIGKILL before or after a call of the ledger.
 */
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import type { Repository } from '../../shared/core/reference.ts';
import { Life } from './life.ts';
import { policyOf, work } from './worker.ts';

/** What the process is told. */
export interface ProcessOrder {
  /** Its requests bear it as user agent. */
  readonly name: string;
  readonly repository: Repository;
  readonly ledgerPath: string;
  readonly nowMs: number;
  /** The boundary of the ledger at which it dies, counted from 1; null for none. */
  readonly dieAt: number | null;
  /** See `Schedule`. */
  readonly quarantineDays: number | null;
}

/** A life that ends for the whole process, with nothing after it. */
class RealLife extends Life {
  readonly #end: number | null;

  constructor(name: string, dieAt: number | null) {
    super(name, null);
    this.#end = dieAt;
  }

  override async boundary(): Promise<void> {
    await super.boundary();
    if (this.passed !== this.#end) return;
    process.kill(process.pid, 'SIGKILL');
    // The signal is on its way: nothing may be done meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
}

const order = JSON.parse(process.argv[2] ?? '') as ProcessOrder;
const life = new RealLife(order.name, order.dieAt);
const ledger = await openSqliteLedger(order.ledgerPath, { clock: () => order.nowMs });
await work({
  repository: order.repository,
  life,
  ledger,
  usage: {
    read: async () => ({
      version: 1,
      answers: [{ kind: 'complete', source: 'cluster', asOfMs: order.nowMs, uses: [] }],
    }),
  },
  clock: () => order.nowMs,
  sleep: async () => {},
  policies: policyOf({
    limits: { digests: 100, perDay: null },
    perDayScope: 'policy',
    quarantineDays: order.quarantineDays,
  }),
  ledgerFaults: [],
  tell: () => {},
  tags: null,
});
await ledger.close();
