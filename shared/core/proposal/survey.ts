import { type Fact, unknown } from '../fact.ts';
import { type FreedSize, goingOf, listedSize } from '../freed-size.ts';
import type { Completeness, Listing } from '../listing.ts';
import { managedRepository } from '../managed-repository.ts';
import type { RepositoryPlan } from '../plan.ts';
import { planSnapshot } from '../plan-snapshot.ts';
import { parsePolicyFolder } from '../policy-file/folder.ts';
import { artifactRegistryImage } from '../reference.ts';
import type { Snapshot } from '../snapshot.ts';
import { printProposal } from './print.ts';
import { type Proposal, type ProposalWishes, proposePolicy } from './proposal.ts';
import { type TagHabit, tagHabits } from './tag-habit.ts';

/** What one repository holds, and what the proposed policy would take of it if its limits allowed it at once. */
export interface SurveyedRepository {
  readonly repository: string;
  readonly completeness: Completeness;
  /** Artifacts: an image with its children, signatures and referrers counts once. */
  readonly imageCount: number;
  readonly untaggedCount: number;
  readonly manifestCount: number;
  readonly size: FreedSize;
  /** Upload of the oldest manifest; unknown where none is dated. */
  readonly oldestMs: Fact<number>;
  readonly goingCount: number;
  readonly going: FreedSize;
}

/** Repositories that one policy is proposed for. */
export interface SurveyedGroup {
  /** `HOST/PROJECT/REPO`, or `HOST/PROJECT` where there is nothing between it and images. */
  readonly root: string;
  readonly habits: readonly TagHabit[];
  readonly proposal: Proposal;
  readonly repositories: readonly SurveyedRepository[];
}

/** A first look at a registry, with policies that fit what it holds. */
export interface Survey {
  readonly version: 1;
  readonly target: string;
  readonly takenAtMs: number;
  readonly catalog: Completeness;
  readonly groups: readonly SurveyedGroup[];
  /** Left alone: a Google service fills them for itself. */
  readonly managed: readonly { readonly repository: string; readonly by: string }[];
}

/**
 * Looks a snapshot over and proposes a policy for each group of repositories. What it would take is counted as if
 * images had been untagged since their upload, for nobody has watched yet since when they have been.
 */
export function surveyOf(snapshot: Snapshot, wishes: Omit<ProposalWishes, 'untaggedFrom'>): Survey {
  const managed: { repository: string; by: string }[] = [];
  const byRoot = new Map<string, Listing[]>();
  for (const { listing } of snapshot.repositories) {
    const service = managedRepository(listing.repository);
    if (service !== null) {
      managed.push({ repository: listing.repository, by: service.by });
      continue;
    }
    const root = rootOf(listing.repository);
    byRoot.set(root, [...(byRoot.get(root) ?? []), listing]);
  }
  const names = new Set<string>();
  const proposed = [...byRoot].map(([root, listings]) => {
    const habits = tagHabits(listings.flatMap(({ manifests }) => manifests.flatMap(({ tags }) => tags)));
    const name = freeName(root, names);
    const propose = (untaggedFrom: ProposalWishes['untaggedFrom']): Proposal =>
      proposePolicy(name, [`${root}/**`], habits, { ...wishes, untaggedFrom });
    return { root, listings, habits, proposal: propose('untagged'), tried: propose('upload') };
  });
  const plans = plansUnder(
    snapshot,
    proposed.map(({ tried }) => tried),
  );
  return {
    version: 1,
    target: snapshot.target,
    takenAtMs: snapshot.takenAtMs,
    catalog: snapshot.catalog,
    managed,
    groups: proposed.map(({ root, listings, habits, proposal }) => ({
      root,
      habits,
      proposal,
      repositories: listings.map((listing) => surveyed(listing, plans.get(listing.repository))),
    })),
  };
}

/** Where a policy's repositories begin: a repository of Artifact Registry, or else what lies above the image. */
function rootOf(repository: string): string {
  const [host = '', ...components] = repository.split('/');
  const image = artifactRegistryImage({ host, name: components.join('/') });
  const imageLength = image === null ? 0 : image.image.split('/').length;
  const kept = imageLength > 0 ? components.length - imageLength : Math.max(1, components.length - 1);
  return [host, ...components.slice(0, Math.max(1, kept))].join('/');
}

const NAME_CHARACTERS_MAX = 50;

function freeName(root: string, taken: Set<string>): string {
  const last = root.split('/').at(-1) ?? '';
  const plain = last
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, NAME_CHARACTERS_MAX)
    .replace(/-+$/, '');
  const base = plain === '' ? 'repository' : plain;
  let name = base;
  for (let at = 2; taken.has(name); at += 1) name = `${base}-${at}`;
  taken.add(name);
  return name;
}

function plansUnder(snapshot: Snapshot, proposals: readonly Proposal[]): ReadonlyMap<string, RepositoryPlan> {
  const gitRevision = unknown('proposed, not written yet');
  const files = proposals.map((proposal) => ({
    file: `${proposal.document.policy}.yaml`,
    text: printProposal(proposal),
    gitRevision,
  }));
  const plan = planSnapshot(snapshot, parsePolicyFolder({ files, unread: [] }), 'all');
  return new Map(plan.repositories.map((one) => [one.repository, one]));
}

function surveyed(
  { repository, completeness, manifests }: Listing,
  plan: RepositoryPlan | undefined,
): SurveyedRepository {
  const decisions = plan?.decisions ?? [];
  // A limit that stops a run does not take its steps out of the plan; what they would free is told all the same.
  const going = plan === undefined ? [] : goingOf([plan]);
  const listed = manifests.map(({ digest, sizeBytes }) => ({
    digest,
    listedBytes: sizeBytes.kind === 'known' ? sizeBytes.value : null,
  }));
  const uploads = manifests.flatMap(({ uploadedAtMs }) =>
    uploadedAtMs.kind === 'known' ? [uploadedAtMs.value] : [],
  );
  const oldestMs = uploads.reduce((oldest, atMs) => Math.min(oldest, atMs), Number.POSITIVE_INFINITY);
  return {
    repository,
    completeness,
    imageCount: decisions.length,
    untaggedCount: decisions.filter(({ tags }) => tags.length === 0).length,
    manifestCount: manifests.length,
    size: listedSize(listed),
    oldestMs:
      uploads.length === 0
        ? unknown('the registry tells no upload times')
        : { kind: 'known', value: oldestMs },
    goingCount: going.length,
    going: listedSize(going),
  };
}
