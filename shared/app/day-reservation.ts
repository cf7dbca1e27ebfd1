import type { Outcome } from '../core/journal.ts';
import { scopeText } from '../core/limit-scope.ts';
import type { PlanLimits } from '../core/plan.ts';
import { SAMPLE_STANDS_MS } from '../core/repository-sample.ts';
import type { NumberedStep } from '../core/step-batch.ts';
import { countWithin, formatShare, formatSize } from '../core/units.ts';
import type { Clock, EstateLedger, RestraintLedger } from '../ports.ts';

type Chain = readonly NumberedStep[];

/** Something that may be used up in a day, whoever takes from it. */
interface Pot {
  readonly policy: string;
  /** Its name in the ledger. */
  readonly of: string;
  readonly max: number | (() => Promise<number>);
  /** How much a chain takes; null where that is not known. */
  readonly costOf: (chain: Chain) => number | null;
  /** `1000 manifests a day, over everything`. */
  readonly text: string;
}

/**
 * Reserves the deletions of these chains from what their policies allow a day, over all repositories and
 * workers, before anything of them is sent. Returns the chains that may go, whole ones only; the others are
 * settled as `skipped: limit`.
 * @throws WardenError where the ledger can't say what is left
 */
export async function reserveDay(
  ports: {
    readonly ledger: Pick<RestraintLedger, 'reserveDeletions'> & Pick<EstateLedger, 'manifestsWithin'>;
    readonly clock: Clock;
  },
  limits: PlanLimits | null,
  chains: readonly Chain[],
  settle: (step: NumberedStep, outcome: Outcome) => void,
): Promise<readonly Chain[]> {
  let going = chains;
  for (const { policy, of, max, costOf, text } of limits === null ? [] : potsOf(limits, ports)) {
    const leave = (chain: Chain, detail: string): void => {
      for (const step of chain) settle(step, { kind: 'skipped', why: 'limit', detail });
    };
    const counted = going.flatMap((chain) => {
      const cost = costOf(chain);
      if (cost !== null) return [{ chain, cost }];
      leave(chain, `policy ${policy} allows ${text}, and the registry does not tell how large it is`);
      return [];
    });
    const wanted = counted.reduce((sum, { cost }) => sum + cost, 0);
    const day = new Date(ports.clock()).toISOString().slice(0, 'YYYY-MM-DD'.length);
    let left = wanted === 0 ? 0 : await ports.ledger.reserveDeletions(of, day, wanted, max);
    going = counted.flatMap(({ chain, cost }) => {
      if (cost <= left) {
        left -= cost;
        return [chain];
      }
      leave(chain, `policy ${policy} allows ${text}, and they are used up`);
      return [];
    });
  }
  return going;
}

function potsOf(
  { perDay, scopes = [] }: PlanLimits,
  { ledger, clock }: Parameters<typeof reserveDay>[0],
): readonly Pot[] {
  return [
    ...perDay.map(({ policy, digests }): Pot => {
      const text = `${digests} manifests a day, over everything`;
      return { policy, of: policy, max: digests, costOf: (chain) => countOf(chain, policy), text };
    }),
    ...scopes.flatMap(({ policy, scope, of, digests, sizeBytes, share }): Pot[] => {
      // No policy has a name with a space.
      const name = `${policy} ${scopeText({ scope, of })}`;
      const where = `in ${scopeText({ scope, of })}`;
      const counting = { policy, costOf: (chain: Chain) => countOf(chain, policy) };
      const pots: Pot[] = [];
      if (digests !== null) {
        pots.push({ ...counting, of: name, max: digests, text: `${digests} manifests a day ${where}` });
      }
      if (sizeBytes !== null) {
        const text = `${formatSize(sizeBytes)} a day ${where}`;
        pots.push({
          policy,
          of: `${name} bytes`,
          max: sizeBytes,
          costOf: (chain) => bytesOf(chain, policy),
          text,
        });
      }
      if (share !== undefined) {
        const max = async (): Promise<number> => {
          const nowMs = clock();
          return countWithin(
            share,
            await ledger.manifestsWithin({ scope, of }, nowMs - SAMPLE_STANDS_MS, nowMs),
          );
        };
        const text = `${formatShare(share)} of the manifests ${where} a day`;
        pots.push({ ...counting, of: `${name} share`, max, text });
      }
      return pots;
    }),
  ];
}

/** The manifests of a chain that a policy deletes. */
function deletionsOf(chain: Chain, policy: string) {
  return chain.flatMap(({ step }) =>
    step.kind === 'delete' && step.allowedBy.some((allowance) => allowance.policy === policy) ? [step] : [],
  );
}

function countOf(chain: Chain, policy: string): number {
  return deletionsOf(chain, policy).length;
}

function bytesOf(chain: Chain, policy: string): number | null {
  let bytes = 0;
  for (const { sizeBytes } of deletionsOf(chain, policy)) {
    if (sizeBytes === null) return null;
    bytes += sizeBytes;
  }
  return bytes;
}
