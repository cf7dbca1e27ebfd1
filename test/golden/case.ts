import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { dayOf } from '../../shared/core/day-ranges.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import { deriveHistory, type HistoryFact, reconcile } from '../../shared/core/history.ts';
import { takeInventory } from '../../shared/core/inventory.ts';
import type { RepositoryPlan } from '../../shared/core/plan.ts';
import { planRepository } from '../../shared/core/plan-repository.ts';
import type { Policy } from '../../shared/core/policy.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import type { RecordedPulls } from '../../shared/core/pull-record.ts';
import { lastPushes, unmarked } from '../../shared/core/quarantine.ts';
import { meaningOf, type QuarantineMark } from '../../shared/core/quarantine-mark.ts';
import { decisionSentence } from '../../shared/core/sentence.ts';
import { DAY_MS, parseAge } from '../../shared/core/units.ts';
import type { Usage } from '../../shared/core/usage.ts';
import {
  answerOf,
  digestOf,
  listingOf,
  NO_USAGE,
  NOW_MS,
  type Piece,
  REPOSITORY,
  told,
} from '../core/estate.ts';

const age = z.string().transform((text, context) => {
  const found = parseAge(text);
  if (found.kind === 'parsed') return found.value / DAY_MS;
  context.addIssue(found.why);
  return z.NEVER;
});

/** A repository as a case describes it: manifests by names, times as ages. `{name}` in a tag is its hex digest. */
const repository = z.strictObject({
  /** The situation of a peer that this is, with its reports. */
  peer: z.string(),
  /** What has to happen, and why. */
  wants: z.string(),
  /** Why the listing may not hold everything. */
  incomplete: z.string().optional(),
  manifests: z.record(
    z.string(),
    z.strictObject({
      tags: z.array(z.string()).optional(),
      /** Missing: the registry does not tell. */
      uploaded: age.optional(),
      sizeBytes: z.number().optional(),
      children: z.array(z.string()).optional(),
      subject: z.string().optional(),
      unreadable: z.string().optional(),
      /** For how long it has been in quarantine, by every rule that has one. */
      quarantined: age.optional(),
      /** On how many days before it was pulled last. */
      pulled: age.optional(),
    }),
  ),
  /** Since when pulls are recorded. Missing: they are not. */
  pullsSince: age.optional(),
  /** Missing: every manifest and tag was told of when it was uploaded. */
  history: z
    .array(
      z.strictObject({
        ago: age,
        action: z.enum(['INSERT', 'DELETE']),
        manifest: z.string().optional(),
        tag: z.string().optional(),
        /** Found by a listing at that time; missing: told. */
        observed: z.literal(true).optional(),
      }),
    )
    .optional(),
  /** Missing: no source is configured. A text: the source did not answer, and why. */
  uses: z
    .union([
      z.string(),
      z.array(
        z.strictObject({ manifest: z.string().optional(), tag: z.string().optional(), by: z.string() }),
      ),
    ])
    .optional(),
});

type CaseFile = z.infer<typeof repository>;

/** What a plan says, by names: digests of 64 characters would tell a reader nothing. */
export interface PlanInNames {
  readonly refusal: string | null;
  readonly warnings: readonly string[];
  readonly steps: readonly string[];
  readonly decisions: Readonly<Record<string, string>>;
}

const FOLDER = import.meta.dirname;

/** The names of all cases, sorted. */
export function caseNames(): string[] {
  return (
    readdirSync(FOLDER, { withFileTypes: true })
      // Imports have cases of their own, see import.test.ts.
      .filter((entry) => entry.isDirectory() && entry.name !== 'import')
      .map((entry) => entry.name)
      .sort()
  );
}

export function expectedFile(name: string): string {
  return join(FOLDER, name, 'expected.golden.json');
}

/** Reads a case. @throws where it is not written as it has to be */
export function readCase(name: string): CaseFile {
  return repository.parse(JSON.parse(readFileSync(join(FOLDER, name, 'inventory.json'), 'utf8')));
}

/** Plans a case as a run over it does, with the policies of its `policy.yaml`. */
export function planCase(name: string): PlanInNames {
  const found = readCase(name);
  const pieces = piecesOf(found);
  const listing = listingOf(
    pieces,
    found.incomplete === undefined ? { kind: 'complete' } : { kind: 'incomplete', reason: found.incomplete },
  );
  const facts = factsOf(found, pieces);
  const missed = reconcile(deriveHistory(REPOSITORY, facts), listing);
  const history = deriveHistory(REPOSITORY, [...facts, ...missed]);
  const policies = parsePolicyFile({
    file: 'policy.yaml',
    text: readFileSync(join(FOLDER, name, 'policy.yaml'), 'utf8'),
    gitRevision: known('0f1e2d3c4b5a69788796a5b4c3d2e1f001122334'),
  });
  const plan = planRepository({
    ...takeInventory({ listing, history, usage: usageOf(found.uses), pulls: pullsOf(found) }),
    listing,
    policies,
    scope: 'all',
    nowMs: NOW_MS,
    quarantine: {
      ...unmarked(policies.policies),
      marks: marksOf(found, policies.policies),
      pushes: lastPushes(facts),
    },
  });
  return inNames(plan, Object.keys(found.manifests));
}

function piecesOf(found: CaseFile): Piece[] {
  return Object.entries(found.manifests).map(([name, manifest]) => {
    const { tags = [], uploaded, sizeBytes, children, subject, unreadable } = manifest;
    return {
      name,
      tags: tags.map((tag) => tag.replace(/\{(.+)\}/, (_all, other: string) => digestOf(other).slice(7))),
      days: uploaded ?? null,
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      ...(children === undefined ? {} : { children }),
      ...(subject === undefined ? {} : { subject }),
      ...(unreadable === undefined ? {} : { unreadable }),
    };
  });
}

function factsOf(found: CaseFile, pieces: readonly Piece[]): HistoryFact[] {
  if (found.history !== undefined) {
    return found.history.map(({ ago, action, manifest, tag, observed }) => ({
      ...told(ago, action, manifest ?? null, tag ?? null),
      source: observed === true ? 'observed' : 'told',
    }));
  }
  return pieces.flatMap(({ name, tags = [], days }) =>
    days == null ? [] : [null, ...tags].map((tag) => told(days, 'INSERT', name, tag)),
  );
}

function pullsOf({ pullsSince, manifests }: CaseFile): RecordedPulls {
  if (pullsSince === undefined) return { sinceMs: unknown('pulls are not recorded'), pulls: [] };
  const pulls = Object.entries(manifests).flatMap(([name, { pulled }]) => {
    const day = dayOf(NOW_MS - (pulled ?? 0) * DAY_MS);
    return pulled === undefined ? [] : [{ reference: digestOf(name), days: [[day, day]] as const }];
  });
  return { sinceMs: known(NOW_MS - pullsSince * DAY_MS), pulls };
}

function marksOf({ manifests }: CaseFile, policies: readonly Policy[]): QuarantineMark[] {
  const rules = policies.flatMap((policy) =>
    policy.delete.flatMap(({ name, quarantine }) => {
      if (quarantine === undefined) return [];
      return [{ policy: policy.name, rule: name, graceMs: quarantine.graceMs, meaning: meaningOf(policy) }];
    }),
  );
  return Object.entries(manifests).flatMap(([name, { quarantined, tags = [] }]): QuarantineMark[] => {
    if (quarantined === undefined) return [];
    const sinceMs = NOW_MS - quarantined * DAY_MS;
    const of = { version: 1, root: digestOf(name), tags, runId: 'run-1', rules, end: null } as const;
    return [{ ...of, seenAtMs: sinceMs, sinceMs }];
  });
}

function usageOf(uses: CaseFile['uses']): Usage {
  if (uses === undefined) return NO_USAGE;
  if (typeof uses === 'string') {
    return { version: 1, answers: [{ kind: 'unknown', source: 'cluster prod', reason: uses }] };
  }
  const named = uses.map(({ manifest, tag, by }) => ({
    by,
    ...(manifest === undefined ? {} : { name: manifest }),
    ...(tag === undefined ? {} : { tag }),
  }));
  return { version: 1, answers: [answerOf('complete', ...named)] };
}

function inNames(plan: RepositoryPlan, names: readonly string[]): PlanInNames {
  const known = new Map(names.map((name) => [digestOf(name), name]));
  const readable = (text: string): string =>
    names.reduce(
      (shown, name) =>
        shown.replaceAll(digestOf(name), name).replaceAll(digestOf(name).slice(7), `{${name}}`),
      text,
    );
  return {
    refusal: plan.refusal === null ? null : readable(`${plan.refusal.code}: ${plan.refusal.message}`),
    warnings: plan.warnings.map(readable),
    steps: plan.steps.map((step) =>
      readable(step.kind === 'untag' ? `untag ${step.tag} from ${step.digest}` : `delete ${step.digest}`),
    ),
    decisions: Object.fromEntries(
      plan.decisions
        .map(
          (decision) =>
            [known.get(decision.root) ?? decision.root, readable(decisionSentence(decision))] as const,
        )
        .sort(([a], [b]) => names.indexOf(a) - names.indexOf(b)),
    ),
  };
}
