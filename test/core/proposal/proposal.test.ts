import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unknown } from '../../../shared/core/fact.ts';
import { checkPolicyFolder } from '../../../shared/core/policy-file/check.ts';
import { parsePolicyFolder } from '../../../shared/core/policy-file/folder.ts';
import { parsePolicyTestFile } from '../../../shared/core/policy-test/parse.ts';
import { hasPassed, runPolicyTests } from '../../../shared/core/policy-test/report.ts';
import { printProposal, printProposalTest } from '../../../shared/core/proposal/print.ts';
import { type ProposalWishes, proposePolicy } from '../../../shared/core/proposal/proposal.ts';
import { tagHabits } from '../../../shared/core/proposal/tag-habit.ts';
import { checkProperty } from '../property.ts';

const WISHES: ProposalWishes = {
  owner: 'platform@example.com',
  schedule: { cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
  knowsInUse: true,
  untaggedFrom: 'untagged',
};

describe('habits of tags', () => {
  it.each<[string, string[], unknown[]]>([
    ['versions', ['v1.2.3', '1.2.4-rc.1'], [['release', { semver: '>=0.0.0-0' }, 2]]],
    ['names that move', ['latest', 'main', 'latest'], [['moving', { exact: ['latest', 'main'] }, 3]]],
    ['pull requests', ['pr-1', 'pr-2', 'pr-3-debug'], [['pull request', { glob: 'pr-*' }, 3]]],
    ['merge requests with an underscore', ['mr_1', 'mr_2', 'mr_3'], [['pull request', { glob: 'mr_*' }, 3]]],
    ['branches', ['feature-a', 'feature-b', 'feature-c'], [['branch', { glob: 'feature-*' }, 3]]],
    ['builds', ['build-1', 'build-20', 'build-300'], [['build', { regex: '^build-[0-9]+$' }, 3]]],
    ['commits', ['0a1b2c3', 'deadbee1', 'f00d123'], [['commit', { regex: '^[0-9a-f]{7,40}$' }, 3]]],
    [
      'commits behind a name',
      ['git.0a1b2c3', 'git.1a1b2c3', 'git.2a1b2c3'],
      [['commit', { regex: '^git\\.[0-9a-f]{7,40}$' }, 3]],
    ],
    [
      'days',
      ['20260131', '2026-02-01', '20260202-1'],
      [['date', { regex: '^20[0-9]{2}-?[01][0-9]-?[0-3][0-9]([-_.T]?[0-9]+)*$' }, 3]],
    ],
    ['too few to be one', ['pr-1', 'pr-2'], []],
    ['words that look like commits', ['deadbee', 'facaded', 'effaced'], []],
    ['signatures of others', [`sha256-${'a'.repeat(64)}.sig`], []],
    ['nothing that is known', ['blue', 'green', 'red'], []],
  ])('finds %s', (_what, tags, expected) => {
    expect(tagHabits(tags).map(({ kind, pattern, count }) => [kind, pattern, count])).toEqual(expected);
  });
});

/** Files as init would write them, judged as the commands judge them. */
function judged(tags: readonly string[], wishes: ProposalWishes) {
  const glob = 'europe-docker.pkg.dev/acme/services/**';
  const proposal = proposePolicy('services', [glob], tagHabits(tags), wishes);
  const gitRevision = unknown('a test');
  const text = printProposal(proposal);
  const files = [{ file: 'services.yaml', text, gitRevision }];
  const policies = parsePolicyFolder({ files, unread: [] });
  const test = printProposalTest(proposal, 'europe-docker.pkg.dev/acme/services/api', '2026-01-31T03:00Z');
  const report = runPolicyTests(
    parsePolicyTestFile({ file: 'services.test.yaml', text: test }),
    policies,
    () => null,
  );
  const check = checkPolicyFolder({ files, unread: [] }, Date.UTC(2026, 10, 30), []);
  return { proposal, text, check, report };
}

const TAG = fc.oneof(
  fc.constantFrom('latest', 'main', '1.2.3', 'v2.0.0-rc.1', '20260131', 'no', '1e3', '0777', 'true', 'null'),
  fc.nat(999).map((n) => `pr-${n}`),
  fc.nat(9).map((n) => `feature-${n}x`),
  fc.nat(99).map((n) => `build_${n}`),
  fc.nat(99).map((n) => `ci.${n}`),
  fc.nat({ max: 0xfffffff }).map((n) => `0${n.toString(16).padStart(8, 'a')}`),
  fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/),
);

describe('a proposed policy', () => {
  it('is one that people can read', () => {
    const tags = ['1.4.0', 'main', 'latest', 'pr-1', 'pr-2', 'pr-3', 'build-1', 'build-2', 'build-3'];
    expect(
      judged(tags, WISHES).text,
    ).toBe(`# Proposed from what the registry held. Keep beats delete, and what no rule names is kept.
apiVersion: gcr-warden/v1
policy: services
repositories: [ europe-docker.pkg.dev/acme/services/** ]
schedule: { cron: 0 3 * * *, timeZone: Europe/Berlin }
# \`enforce\` deletes. \`plan\` only says what it would delete.
mode: plan
# One run takes at most so much from one repository. Over a limit it stops before its first delete.
limits: { digests: 500, share: 25% }
owner: platform@example.com

# Stays, since no rule names it: 2 moving tags, such as latest, main.
# Stays, since no rule names it: 1 release tag, such as 1.4.0.
keep:
  # Of each repository the images pushed last, whatever their tags.
  - recent: { newest: 5 }
  # Whatever runs. Where nobody can say what runs, this keeps everything.
  - running: { inUse: true }

delete:
  # Images whose tags have moved on or were removed.
  - untagged: { untaggedFor: 14d }
  # 3 tags such as pr-1, pr-2, pr-3: images that bear no other kind of tag.
  - pull-requests: { tags: { glob: pr-* }, olderThan: 30d }
  # 3 tags such as build-1, build-2, build-3: images that bear no other kind of tag.
  - builds: { tags: { regex: "^build-[0-9]+$" }, olderThan: 90d }
`);
  });

  it('passes its own check and its own test, whatever the tags and the wishes', () => {
    checkProperty(
      fc.record({
        tags: fc.array(TAG, { maxLength: 60 }),
        knowsInUse: fc.boolean(),
        owner: fc.option(fc.constant('platform@example.com: "#1"'), { nil: null }),
      }),
      ({ tags, knowsInUse, owner }) => {
        const { check, report } = judged(tags, { ...WISHES, knowsInUse, owner });
        expect(check.problems).toEqual([]);
        expect(check.warnings).toEqual([]);
        expect(report.problems).toEqual([]);
        expect(report.results.flatMap(({ mismatches }) => mismatches)).toEqual([]);
        expect(hasPassed(report)).toBe(true);
      },
      300,
    );
  });

  it('only plans, and deletes by no rule that is not about old images', () => {
    const { document } = judged(['pr-1', 'pr-2', 'pr-3'], WISHES).proposal;
    expect(document.mode).toBe('plan');
    for (const rule of document.delete ?? []) {
      const [only] = Object.values(rule);
      expect(only?.olderThan ?? only?.untaggedFor).toBeDefined();
    }
  });
});
