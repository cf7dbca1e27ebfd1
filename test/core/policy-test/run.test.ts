import { describe, expect, it } from 'vitest';
import { unknown } from '../../../shared/core/fact.ts';
import { deriveHistory, reconcile } from '../../../shared/core/history.ts';
import { parsePolicyFile } from '../../../shared/core/policy-file/parse.ts';
import { EXPECTED_LIMITS } from '../../../shared/core/policy-test/keyword.ts';
import { parsePolicyTestFile } from '../../../shared/core/policy-test/parse.ts';
import { hasPassed, type PolicyTestReport, runPolicyTests } from '../../../shared/core/policy-test/report.ts';
import { sourcesOf } from '../../../shared/core/policy-test/written-inventory.ts';
import { parseSnapshot, type Snapshot } from '../../../shared/core/snapshot.ts';
import { DAY_MS } from '../../../shared/core/units.ts';
import { digestOf, listingOf, NOW_MS, type Piece, REPOSITORY, usageOf } from '../estate.ts';

const POLICY = `apiVersion: gcr-warden/v1
policy: services
repositories: ["*/acme/**"]
mode: enforce
keep:
  - stable: { tags: { exact: stable } }
  - running: { inUse: true }
delete:
  - untagged: { untaggedFor: 7d }
  - old: { tags: { glob: "pr-*" }, olderThan: 14d }
`;

/** Runs a test whose lines from the sixth on are these. */
function run(lines: string, policy: string = POLICY, snapshot: Snapshot | null = null): PolicyTestReport {
  const head =
    snapshot === null
      ? `test: t\nrepository: ${REPOSITORY}\nnow: 2026-01-31T03:00Z\nimages:\n`
      : 'test: t\nsnapshot: a.json\n';
  const text = `apiVersion: gcr-warden/v1\n${head}${lines}`;
  return runPolicyTests(
    parsePolicyTestFile({ file: 'a.test.yaml', text }),
    parsePolicyFile({ file: 'a.yaml', text: policy, gitRevision: unknown('a test') }),
    () => snapshot,
  );
}

/** What was not met, a line each. */
function mismatches(report: PolicyTestReport): string[] {
  expect(report.problems).toEqual([]);
  return report.results.flatMap((result) =>
    result.mismatches.map(
      ({ place, image, expected, decided }) => `${place.line}: ${image}: ${expected} != ${decided}`,
    ),
  );
}

describe('running a policy test', () => {
  it('passes where every image is decided as expected, by the rule expected', () => {
    const report = run(`  a: { uploaded: 30d, tags: [pr-1, stable] }
  b: { uploaded: 30d, tags: pr-2 }
  c: { uploaded: 30d, untagged: 8d }
  d: { uploaded: 30d, tags: pr-3, inUse: pod prod/d }
  e: { uploaded: 3d, tags: pr-4 }
kept: { a: stable, d: services/running, e: (no rule) }
deleted: { b: old, c: untagged }
`);
    expect(mismatches(report)).toEqual([]);
    expect(hasPassed(report)).toBe(true);
  });

  it('tells what was expected, what was decided instead, and why', () => {
    const report = run(`  a: { uploaded: 30d, tags: pr-1 }
  b: { uploaded: 30d, tags: stable }
usage: complete
kept:
  a:
deleted:
  b: old
`);
    expect(hasPassed(report)).toBe(false);
    expect(mismatches(report)).toEqual([
      '10: a: kept != deleted: rule old of policy services (a.yaml:10): pr-1 matches glob pr-*, uploaded 30 d ago (rule wants more than 14 d)',
      '12: b: deleted by rule old != kept: rule stable of policy services (a.yaml:6): stable matches exact stable',
    ]);
  });

  it('fails where the right thing happened for another reason', () => {
    const report = run(`  a: { uploaded: 30d, tags: stable, inUse: true }
  b: { uploaded: 1d, tags: other }
kept: { a: [stable, running], b: stable }
`);
    expect(mismatches(report)).toEqual(['8: b: kept by rule stable != kept: no rule names it']);
  });

  it('tells a rule that keeps from one that keeps because it does not know', () => {
    const images = '  a: { uploaded: 30d, tags: pr-1 }\nusage: unknown\n';
    expect(mismatches(run(`${images}kept: { a: running (unknown) }\n`))).toEqual([]);
    expect(mismatches(run(`${images}kept: { a: running }\n`))).toEqual([
      '8: a: kept by rule running != kept: rule running of policy services (a.yaml:7): not known whether it is in use: another source did not answer: the test says so',
    ]);
  });

  it('fails for an image that goes and is not named, unless others may', () => {
    const images =
      '  a: { uploaded: 30d, tags: stable }\n  b: { uploaded: 30d, tags: pr-1 }\nusage: complete\nkept: { a: }\n';
    expect(mismatches(run(images))).toEqual([
      '1: b: kept, because the test does not name it (others: kept) != deleted: rule old of policy services (a.yaml:10): pr-1 matches glob pr-*, uploaded 30 d ago (rule wants more than 14 d)',
    ]);
    expect(mismatches(run(`${images}others: any\n`))).toEqual([]);
  });

  it.each([
    [
      'a rule that no policy has',
      '  a: { uploaded: 1d }\nkept: { a: stabel }\n',
      'has a rule stabel (did you mean stable?)',
    ],
    [
      'a part of an image',
      '  a: { uploaded: 1d, tags: x, children: b }\n  b: { uploaded: 1d }\nkept: { b: }\n',
      'it is a part of a, and goes or stays with it',
    ],
    [
      'a part of two images',
      '  a: { uploaded: 1d, tags: x, children: b }\n  c: { uploaded: 1d, tags: y, children: b }\n  b: { uploaded: 1d }\nkept: { b: }\n',
      ', and goes only when all of them go',
    ],
  ])('says so of %s', (_title, lines, says) => {
    expect(mismatches(run(lines))).toEqual([expect.stringContaining(says)]);
  });

  it('fails where no policy selects the repository', () => {
    const report = run(
      '  a: { uploaded: 1d }\nkept: { a: (no rule) }\n',
      POLICY.replace('*/acme/**', '*/other/**'),
    );
    expect(mismatches(report)).toEqual([`1: : a policy to test != no policy selects ${REPOSITORY}`]);
  });

  it('judges an image with its children, its signature and what is about it', () => {
    const report =
      run(`  index: { uploaded: 30d, tags: pr-1, children: [amd64, arm64], referrers: sbom, signature: true }
  shared: { uploaded: 30d, tags: stable, children: [arm64] }
usage: complete
kept: { shared: stable }
deleted: { index: old }
`);
    expect(mismatches(report)).toEqual([]);
    expect(report.results[0]?.imageCount).toBe(2);
  });

  it('keeps what something kept needs, and what can not be read', () => {
    const report = run(`  stable: { uploaded: 30d, tags: stable, children: part }
  part: { uploaded: 30d, tags: pr-1 }
  dark: { uploaded: 30d, tags: pr-2, unreadable: the registry answered 503 }
usage: complete
kept: { part: (needed), dark: (unreadable) }
`);
    expect(mismatches(report)).toEqual([]);
  });

  it('turns described images into what a snapshot could hold', () => {
    const text = `apiVersion: gcr-warden/v1
test: t
repository: ${REPOSITORY}
now: 2026-01-31T03:00Z
images:
  index: { uploaded: 30d, tags: [a, b], tagged: 3d, children: [x, y], referrers: sbom, signature: true, size: 1GB }
  x: { uploaded: unknown, untagged: 3d }
  dark: { uploaded: 1d, unreadable: it answered 503, inUse: true }
kept: { index: }
`;
    const [test] = parsePolicyTestFile({ file: 'a.test.yaml', text }).tests;
    if (test?.inventory.kind !== 'written') throw new Error('The test has no images.');
    const { listing, history, usage } = sourcesOf(test.inventory);
    const snapshot: Snapshot = {
      version: 1,
      kind: 'gcr-warden/snapshot',
      takenAtMs: NOW_MS,
      target: REPOSITORY,
      catalog: { kind: 'complete' },
      usage,
      repositories: [{ listing, history }],
    };
    expect(listing.manifests).toHaveLength(6);
    expect(parseSnapshot(JSON.stringify(snapshot), 'a.json')).toEqual(snapshot);
  });

  it.each([
    ['uploaded', 'olderThan: 9d', 'uploaded: 10d', 'uploaded: 9d'],
    ['its upload where the registry does not tell', 'olderThan: 9d', 'uploaded: 10d', 'uploaded: unknown'],
    [
      'tagged, and not when it was uploaded',
      'taggedWithin: 3d',
      'tags: x, uploaded: 9d, tagged: 2d',
      'tags: x, uploaded: 9d',
    ],
    ['untagged', 'untaggedFor: 9d', 'uploaded: 30d, untagged: 10d', 'uploaded: 30d, untagged: 9d'],
    ['never tagged', 'untaggedFor: 9d', 'uploaded: 10d', 'uploaded: 8d'],
    ['pulled', 'notPulledFor: 9d', 'uploaded: 30d, pulled: 10d', 'uploaded: 30d, pulled: 9d'],
    ['never pulled', 'notPulledFor: 9d', 'uploaded: 30d, pulled: never', 'uploaded: 30d'],
    ['large', 'largerThan: 1MB', 'uploaded: 1d, size: 2MB', 'uploaded: 1d'],
    ['of a media type', 'mediaTypes: a/b', 'uploaded: 1d, mediaType: a/b', 'uploaded: 1d'],
    ['of an artifact type', 'mediaTypes: a/b', 'uploaded: 1d, artifactType: a/b', 'uploaded: 1d'],
    [
      'an index',
      'mediaTypes: application/vnd.oci.image.index.v1+json',
      'uploaded: 1d, children: x',
      'uploaded: 1d',
    ],
    ['a digest', `digests: ${digestOf('x')}`, `uploaded: 1d, digest: "${digestOf('x')}"`, 'uploaded: 1d'],
  ])('knows of an image when or whether it was %s', (_title, condition, goes, stays) => {
    const policy = `apiVersion: gcr-warden/v1\npolicy: p\nrepositories: ["**"]\ndelete:\n  - r: { ${condition} }\n`;
    const images = `  goes: { ${goes} }\n  stays: { ${stays.replace('tags: x', 'tags: y')} }\n`;
    expect(mismatches(run(`${images}kept: { stays: }\ndeleted: { goes: r }\n`, policy))).toEqual([]);
  });

  describe('over a snapshot', () => {
    const pieces: readonly Piece[] = [
      { name: 'a', tags: ['stable'], days: 100 },
      { name: 'b', tags: ['pr-1'], days: 30 },
      { name: 'c', tags: ['pr-2'], days: 10 },
      { name: 'd', tags: ['pr-3'], days: 30 },
    ];
    const listing = listingOf(pieces);
    const history = deriveHistory(REPOSITORY, reconcile(deriveHistory(REPOSITORY, []), listing));
    const snapshot: Snapshot = {
      version: 1,
      kind: 'gcr-warden/snapshot',
      takenAtMs: NOW_MS,
      target: 'europe-docker.pkg.dev/acme',
      catalog: { kind: 'complete' },
      usage: usageOf({ name: 'd', by: 'pod prod/d' }),
      repositories: [{ listing, history }],
    };
    const other = { ...listing, repository: 'gcr.io/acme/other' };
    const two: Snapshot = {
      ...snapshot,
      repositories: [
        ...snapshot.repositories,
        { listing: other, history: { ...history, repository: 'gcr.io/acme/other' } },
      ],
    };

    it('names images by tag or digest, and judges at the time when it was taken', () => {
      const expected = `kept: { stable: stable, pr-2: (no rule), pr-3: running }\ndeleted: { "${digestOf('b')}": old }\n`;
      expect(mismatches(run(expected, POLICY, snapshot))).toEqual([]);
    });

    it('judges at a later time where the test says so', () => {
      const expected =
        'now: 2026-02-10T03:00Z\nkept: { stable: stable }\ndeleted: { pr-1: old, pr-2: old }\n';
      expect(mismatches(run(expected, POLICY, snapshot))).toEqual([]);
    });

    it.each([
      [
        'an earlier time',
        `now: ${new Date(NOW_MS - DAY_MS).toISOString().slice(0, 16)}Z\n`,
        snapshot,
        'now is before',
      ],
      ['several repositories to choose from', '', two, 'holds 2 repositories'],
      ['another repository', 'repository: gcr.io/acme/none\n', two, 'does not hold gcr.io/acme/none'],
    ])('can not judge %s', (_title, lines, from, says) => {
      expect(mismatches(run(`${lines}kept: { stable: }\n`, POLICY, from))).toEqual([
        expect.stringContaining(says),
      ]);
    });

    it('fails for an image that is not in it', () => {
      expect(mismatches(run('kept: { nowhere: }\nothers: any\n', POLICY, snapshot))).toEqual([
        '4: nowhere: kept != there is no such image in the repository',
      ]);
    });
  });

  it('has not passed without a test, with a broken test or with a broken policy', () => {
    const right = '  a: { uploaded: 1d }\nkept: { a: }\n';
    expect(hasPassed(run(right))).toBe(true);
    expect(
      hasPassed(runPolicyTests({ tests: [], problems: [] }, { policies: [], problems: [] }, () => null)),
    ).toBe(false);
    expect(hasPassed(run(right.replace('1d', '1y')))).toBe(false);
    expect(hasPassed(run(right, `${POLICY}---\n${POLICY}`))).toBe(false);
  });
});

describe('limits of a policy test', () => {
  const images = `  a: { uploaded: 1d, tags: main }
  b: { uploaded: 30d, tags: pr-1, size: 1GB }
  c: { uploaded: 30d, tags: pr-2, size: 1GB }
  d: { uploaded: 30d, tags: pr-3, size: 1GB }
usage: complete
kept: { a: }
others: any
`;
  const policyWith = (limits: string): string =>
    POLICY.replace('mode: enforce', `mode: enforce\nlimits: { ${limits} }`);

  it.each([
    ['within', 'digests: 3, share: 80%'],
    ['digests', 'digests: 2, share: 80%'],
    ['share', 'digests: 3, share: 70%'],
    ['size', 'digests: 3, share: 80%, size: 2GB'],
    ['freeze', 'share: 80%, freeze: 2026-01-30/2026-02-02'],
  ])('meets limit: %s under { %s }, and nothing else', (limit, limits) => {
    for (const expected of EXPECTED_LIMITS) {
      const found = mismatches(run(`${images}limit: ${expected}\n`, policyWith(limits)));
      expect(found.length, expected).toBe(expected === limit ? 0 : 1);
    }
  });

  it('tells which limit stands in the way, at the place that expects none', () => {
    expect(mismatches(run(`${images}limit: within\n`))).toEqual([
      '13: : a run within its limits != 3 of 4 manifests would go; policy services allows 50 % a run.',
    ]);
  });

  it('knows the limit that keeps the last artifact', () => {
    const last =
      '  b: { uploaded: 30d, tags: pr-1 }\nusage: complete\ndeleted: { b: }\nlimit: last-artifact\n';
    expect(mismatches(run(last, policyWith('share: 100%')))).toEqual([]);
    expect(mismatches(run(last, policyWith('share: 100%, mayEmpty: true')))).toEqual([
      '9: : a run that the limit last-artifact stops != no limit stands in its way',
    ]);
  });

  it('are not asked for where the test does not say limit', () => {
    expect(mismatches(run(images))).toEqual([]);
  });
});

describe('coverage', () => {
  const POLICIES = `apiVersion: gcr-warden/v1
policy: p
repositories: ["*/acme/**"]
keep:
  - newest: { newest: 1 }
  - freeze: { all: true, until: 2026-02-28 }
delete:
  - old: { tags: { glob: "pr-*" }, olderThan: 14d }
`;
  const open = (lines: string): string[] =>
    run(lines, POLICIES)
      .coverage.filter(({ isCovered }) => !isCovered)
      .map(({ rule, condition }) => `${rule}${condition === null ? '' : `.${condition}`}`);

  it('lists rules that decided nothing, and conditions that made no difference', () => {
    expect(open('  a: { uploaded: 1d, tags: main }\nkept: { a: }\n')).toEqual([
      'newest.newest',
      'freeze.until',
      'old',
      'old.tags',
      'old.tags (all)',
      'old.olderThan',
    ]);
  });

  it('counts a condition once leaving it out would change what the rule says of an image', () => {
    const after = (lines: string): string[] => {
      const text = `apiVersion: gcr-warden/v1\ntest: t\nrepository: ${REPOSITORY}\nnow: 2026-03-31T03:00Z\nimages:\n${lines}`;
      const policies = parsePolicyFile({ file: 'a.yaml', text: POLICIES, gitRevision: unknown('a test') });
      const { coverage } = runPolicyTests(
        parsePolicyTestFile({ file: 'a.test.yaml', text }),
        policies,
        () => null,
      );
      return coverage
        .filter(({ isCovered }) => !isCovered)
        .map(({ rule, condition }) => `${rule}.${condition}`);
    };
    const images = `  a: { uploaded: 1d, tags: main }
  b: { uploaded: 30d, tags: pr-1 }
  c: { uploaded: 30d, tags: branch }
  d: { uploaded: 5d, tags: pr-2 }
  e: { uploaded: 30d, tags: [pr-3, rc-1] }
`;
    expect(
      after(`${images}kept: { a: newest, c: (no rule), d: (no rule), e: (no rule) }\ndeleted: { b: old }\n`),
    ).toEqual([
      // The hold is over at that time, so it decided nothing; that it would have is its `until`.
      'freeze.null',
    ]);
  });

  it('counts each of several patterns by itself', () => {
    const patterns = POLICIES.replace('{ glob: "pr-*" }', '{ glob: ["pr-*", "mr-*", tmp] }');
    const { coverage } = run(
      '  a: { uploaded: 1d, tags: main }\n  b: { uploaded: 30d, tags: mr-1 }\nkept: { a: }\ndeleted: { b: }\n',
      patterns,
    );
    expect(
      coverage
        .filter(({ condition }) => condition?.startsWith('tags ') === true)
        .map(({ condition, isCovered }) => `${condition}: ${isCovered}`),
    ).toEqual(['tags (all): false', 'tags glob pr-*: false', 'tags glob mr-*: true', 'tags glob tmp: false']);
  });

  it('does not count what a test of another repository decided', () => {
    const report = run(
      '  a: { uploaded: 1d, tags: main }\nkept: { a: }\n',
      POLICIES.replace('*/acme/**', '*/other/**'),
    );
    expect(report.coverage.every(({ isCovered }) => !isCovered)).toBe(true);
  });
});

describe('a policy test over a quarantine', () => {
  const QUARANTINED = POLICY.replace('olderThan: 14d', 'olderThan: 14d, quarantine: 7d');

  it('tells for how long images have been in it, and expects them kept until it is over', () => {
    const report = run(
      `  new: { uploaded: 30d, tags: pr-1, pulled: never }
  waiting: { uploaded: 30d, tags: pr-2, pulled: never, quarantined: 6d }
  served: { uploaded: 30d, tags: pr-3, pulled: never, quarantined: 7d }
  pulled: { uploaded: 30d, tags: pr-4, pulled: 2d, quarantined: 8d }
  tagged: { uploaded: 30d, tagged: 2d, tags: pr-5, pulled: never, quarantined: 8d }
  unknown: { uploaded: 30d, tags: pr-6, quarantined: 8d }
usage: complete
kept: { new: (quarantine), waiting: (quarantine), pulled: (quarantine), tagged: old, unknown: (quarantine) }
deleted: { served: old }
`,
      QUARANTINED,
    );
    expect(mismatches(report)).toEqual([]);
  });

  it('says how far it is where something else is expected', () => {
    const report = run(
      `  waiting: { uploaded: 30d, tags: pr-2, pulled: never, quarantined: 6d }
usage: complete
deleted: { waiting: old }
`,
      QUARANTINED,
    );
    expect(mismatches(report)).toEqual([
      expect.stringContaining(
        'waiting: deleted by rule old != kept: in quarantine since 2026-01-25T03:00:00.000Z, goes on',
      ),
    ]);
  });
});
