import { WardenError } from '../error.ts';
import { unknown } from '../fact.ts';
import { parsePolicyFolder } from '../policy-file/folder.ts';
import { parsePolicyTestFile } from '../policy-test/parse.ts';
import { hasPassed, runPolicyTests } from '../policy-test/report.ts';
import { artifactRegistryImage, locationOf, parseRepository, parseTarget } from '../reference.ts';
import { type Pipeline, type ProposedFile, pipelineFile } from './pipeline.ts';
import { printProposal, printProposalTest } from './print.ts';
import type { Survey, SurveyedGroup } from './survey.ts';
import { terraformRoot } from './terraform-root.ts';

/** What a person wants beside the policies. */
export interface InitWishes {
  readonly pipeline: Pipeline;
  /** The version of gcr-warden that the pipeline runs. */
  readonly version: string;
  /** null for no Terraform root. */
  readonly terraform: {
    /** null: by where the registry is. */
    readonly region: string | null;
    readonly inUse: readonly string[];
    readonly moduleSource: string;
  } | null;
}

/** A region of each of Artifact Registry's multi-regions that has Cloud Run functions and Firestore. */
const REGIONS: Readonly<Record<string, string>> = {
  us: 'us-central1',
  europe: 'europe-west1',
  asia: 'asia-northeast1',
};

/** Sources of what runs that a deployed service can ask; files and kubeconfigs are on somebody's machine. */
const DEPLOYED_SOURCE = /^(?:gs:\/\/|(?:gke|run|compute|asset):)/;

/** A moment at which tests are judged; any will do, and this one makes the files the same every time. */
const TEST_NOW = '2026-01-31T03:00Z';

/**
 * Everything that one begins with, as files from the root of a repository. What is proposed was checked and
 * tested before it is given out.
 * @throws WardenError INIT_NOTHING_FOUND, INTERNAL where what is proposed does not pass its own test
 */
export function filesOf(survey: Survey, wishes: InitWishes): readonly ProposedFile[] {
  if (survey.groups.length === 0) {
    throw new WardenError(
      'INIT_NOTHING_FOUND',
      `${survey.target} has no repository that a policy could be for. Push an image first, or name another target.`,
    );
  }
  const policies = survey.groups.flatMap(policyFiles);
  checkPolicies(policies);
  const pipeline = pipelineFile(wishes.pipeline, wishes.version);
  return [
    ...policies,
    ...(pipeline === null ? [] : [pipeline]),
    ...(wishes.terraform === null ? [] : [rootOf(survey, wishes.terraform)]),
  ];
}

function policyFiles({ proposal, repositories, root }: SurveyedGroup): ProposedFile[] {
  const { policy } = proposal.document;
  const [first] = repositories;
  return [
    { path: `policies/${policy}.yaml`, text: printProposal(proposal) },
    {
      path: `policies/${policy}.test.yaml`,
      text: printProposalTest(proposal, first?.repository ?? `${root}/image`, TEST_NOW),
    },
  ];
}

function checkPolicies(proposed: readonly ProposedFile[]): void {
  const gitRevision = unknown('proposed, not written yet');
  const files = proposed.map(({ path, text }) => ({ file: path, text, gitRevision }));
  const isTest = ({ file }: { readonly file: string }): boolean => file.endsWith('.test.yaml');
  const policies = parsePolicyFolder({ files: files.filter((one) => !isTest(one)), unread: [] });
  const sets = files.filter(isTest).map(parsePolicyTestFile);
  const tests = {
    tests: sets.flatMap((set) => set.tests),
    problems: sets.flatMap((set) => set.problems),
  };
  const report = runPolicyTests(tests, policies, () => null);
  if (hasPassed(report)) return;
  const [problem] = report.problems;
  const [mismatch] = report.results.flatMap(({ mismatches }) => mismatches);
  throw new WardenError(
    'INTERNAL',
    `What is proposed does not pass its own test, and nothing was written: ${problem?.message ?? JSON.stringify(mismatch)}. Please report this with the output of "gcr-warden survey --json".`,
  );
}

function rootOf(survey: Survey, wishes: NonNullable<InitWishes['terraform']>): ProposedFile {
  const target = parseTarget(survey.target);
  const location = locationOf(target.host) ?? '';
  const [group] = survey.groups;
  const image = group === undefined ? null : artifactRegistryImage(parseRepository(`${group.root}/image`));
  return terraformRoot({
    projectId: image?.project ?? '',
    region: wishes.region ?? REGIONS[location] ?? location,
    targets: [survey.target],
    inUse: wishes.inUse.filter((source) => DEPLOYED_SOURCE.test(source)),
    moduleSource: wishes.moduleSource,
  });
}
