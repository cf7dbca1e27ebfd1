import { describe, expect, it } from 'vitest';
import { CHECKS, runChecks } from '../../../shared/core/audit/index.ts';
import type { AuditReplies } from '../../../shared/core/audit/replies.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../../shared/core/audit/settings.ts';
import { known, unknown } from '../../../shared/core/fact.ts';
import type { Finding } from '../../../shared/core/finding.ts';
import { DAY_MS } from '../../../shared/core/units.ts';
import {
  accountsWith,
  BUCKET,
  bind,
  bucketWith,
  keyWith,
  NEVER,
  NOW_MS,
  repliesWith,
  repositoryWith,
} from './replies.ts';

function findingsOf(check: string, different: Partial<AuditReplies>): readonly Finding[] {
  return runChecks(repliesWith(different), NOW_MS, DEFAULT_AUDIT_SETTINGS).filter(
    (finding) => finding.check === check,
  );
}

/** `STATUS severity` of each finding; a severity says something of a FAIL only. */
function answersOf(check: string, different: Partial<AuditReplies>): string[] {
  return findingsOf(check, different).map(({ status, severity }) =>
    status === 'FAIL' ? `FAIL ${severity}` : status,
  );
}

function commandsOf(finding: Finding | undefined): string[] {
  return (finding?.remediation.steps ?? []).flatMap(({ gcloud }) => gcloud);
}

type Row = readonly [name: string, different: Partial<AuditReplies>, answers: readonly string[]];

const agedKey = (days: number, different = {}) =>
  accountsWith(keyWith({ validAfterMs: known(NOW_MS - days * DAY_MS), ...different }));

describe('key-age', () => {
  it.each<Row>([
    ['fails a key of 91 days', { accounts: agedKey(91) }, ['FAIL high']],
    ['passes a key of exactly 90 days', { accounts: agedKey(90) }, ['PASS']],
    ['fails an old disabled key mildly', { accounts: agedKey(400, { disabled: true }) }, ['FAIL low']],
    [
      'never asks about keys that Google rotates',
      { accounts: agedKey(400, { keyType: 'SYSTEM_MANAGED' }) },
      [],
    ],
    [
      'does not guess at a kind of key it does not know',
      { accounts: agedKey(1, { keyType: 'NEW_KIND' }) },
      ['UNKNOWN'],
    ],
    [
      'does not guess at a kind of key that is not said',
      { accounts: agedKey(1, { keyType: '' }) },
      ['UNKNOWN'],
    ],
    [
      'does not pass a key without a date',
      { accounts: agedKey(1, { validAfterMs: unknown('no time') }) },
      ['UNKNOWN'],
    ],
    [
      'does not pass an uploaded key from the future',
      { accounts: agedKey(-30, { origin: 'USER_PROVIDED' }) },
      ['UNKNOWN'],
    ],
    [
      'does not pass keys that could not be listed',
      {
        accounts: known([
          {
            account: { email: 'x@y', uniqueId: '', displayName: '', description: '', disabled: false },
            keys: unknown('403'),
            policy: unknown('403'),
          },
        ]),
      },
      ['UNKNOWN'],
    ],
    ['does not pass accounts that could not be listed', { accounts: unknown('403') }, ['UNKNOWN']],
    ['says nothing where there is no key', { accounts: accountsWith() }, []],
  ])('%s', (_name, different, answers) => {
    expect(answersOf('key-age', different)).toEqual(answers);
  });

  it('calls the age of an uploaded key a claimed one', () => {
    const [finding] = findingsOf('key-age', { accounts: agedKey(100, { origin: 'USER_PROVIDED' }) });
    expect(finding?.evidence.sentence).toContain('claimed age 100 d');
  });

  it('says the age of a Google-made key without a doubt', () => {
    const [finding] = findingsOf('key-age', { accounts: agedKey(100) });
    expect(finding?.evidence.sentence).toContain(': age 100 d');
  });

  it('gives the replacement before it disables, and disables before it deletes', () => {
    const [finding] = findingsOf('key-age', { accounts: agedKey(100) });
    expect(commandsOf(finding).map((line) => /keys (\w+)/.exec(line)?.[1] ?? 'make')).toEqual([
      'make',
      'upload',
      'disable',
      'delete',
    ]);
  });

  it('only deletes a key that is disabled already', () => {
    const [finding] = findingsOf('key-age', { accounts: agedKey(400, { disabled: true }) });
    expect(commandsOf(finding)).toEqual([
      'gcloud iam service-accounts keys delete a1b2 --iam-account=ci@acme.iam.gserviceaccount.com --project=acme',
    ]);
  });
});

describe('key-never-expires', () => {
  it.each<Row>([
    ['fails a key until 9999-12-31', { accounts: agedKey(1, { validBeforeMs: NEVER }) }, ['FAIL medium']],
    ['passes a key that ends', { accounts: agedKey(1) }, ['PASS']],
    [
      'passes a key that has ended',
      { accounts: agedKey(99, { validBeforeMs: known(NOW_MS - 1) }) },
      ['PASS'],
    ],
    [
      'does not pass a key without an end in the reply',
      { accounts: agedKey(1, { validBeforeMs: unknown('no time') }) },
      ['UNKNOWN'],
    ],
  ])('%s', (_name, different, answers) => {
    expect(answersOf('key-never-expires', different)).toEqual(answers);
  });
});

describe('key-exposed', () => {
  const reason = (word: string) => `SERVICE_ACCOUNT_KEY_DISABLE_REASON_${word}`;
  it.each<Row>([
    [
      'fails an exposed key',
      { accounts: agedKey(1, { disabled: true, disableReason: reason('EXPOSED') }) },
      ['FAIL critical'],
    ],
    [
      'fails a compromised key',
      { accounts: agedKey(1, { disabled: true, disableReason: reason('COMPROMISE_DETECTED') }) },
      ['FAIL critical'],
    ],
    [
      'fails a flagged key that still works',
      {
        accounts: agedKey(1, {
          flags: [{ name: 'SERVICE_ACCOUNT_KEY_EXTENDED_STATUS_KEY_EXPOSED', value: '' }],
        }),
      },
      ['FAIL critical'],
    ],
    [
      'passes a key that its owner disabled',
      { accounts: agedKey(1, { disabled: true, disableReason: reason('USER_INITIATED') }) },
      ['PASS'],
    ],
    [
      'does not pass a word that it does not know',
      { accounts: agedKey(1, { disabled: true, disableReason: reason('NEWS') }) },
      ['UNKNOWN'],
    ],
  ])('%s', (_name, different, answers) => {
    expect(answersOf('key-exposed', different)).toEqual(answers);
  });
});

describe('public-access', () => {
  const bucket = (different: Parameters<typeof bucketWith>[1], ...bindings: ReturnType<typeof bind>[]) => ({
    buckets: [bucketWith(bindings, different)],
  });
  const off = { uniformAccess: known(false) };
  // The project itself is always asked; its PASS is the last of each row.
  it.each<Row>([
    [
      'fails a bucket that everybody reads',
      bucket({}, bind('roles/storage.objectViewer', 'allUsers')),
      ['FAIL high', 'PASS'],
    ],
    [
      'fails worse where everybody writes',
      bucket({}, bind('roles/storage.legacyBucketWriter', 'allAuthenticatedUsers')),
      ['FAIL critical', 'PASS'],
    ],
    [
      'fails less where everybody only lists',
      bucket({}, bind('roles/storage.legacyBucketReader', 'allUsers')),
      ['FAIL medium', 'PASS'],
    ],
    [
      'passes a role that has nothing to do with images',
      {
        ...bucket({}, bind('projects/acme/roles/x', 'allUsers')),
        roles: { 'projects/acme/roles/x': known(['storage.buckets.get']) },
      },
      ['PASS', 'PASS'],
    ],
    [
      'passes where prevention is enforced',
      bucket({ publicAccessPrevention: 'enforced' }, bind('roles/storage.objectViewer', 'allUsers')),
      ['PASS', 'PASS'],
    ],
    [
      'passes a bucket that nobody public is bound to',
      bucket({}, bind('roles/storage.objectViewer', 'user:a@b')),
      ['PASS', 'PASS'],
    ],
    ['does not pass a bucket whose objects may have lists', bucket(off), ['UNKNOWN', 'PASS']],
    [
      'fails a public entry in the list of the bucket',
      bucket({ ...off, acl: known([{ entity: 'allUsers', role: 'READER' }]) }),
      ['FAIL medium', 'PASS'],
    ],
    [
      'fails a public entry in the list for new objects',
      bucket({ ...off, defaultObjectAcl: known([{ entity: 'allUsers', role: 'READER' }]) }),
      ['FAIL high', 'PASS'],
    ],
    [
      'passes lists that do not count',
      bucket({ acl: known([{ entity: 'allUsers', role: 'OWNER' }]) }),
      ['PASS', 'PASS'],
    ],
    [
      'does not pass a policy that could not be read',
      { buckets: [{ ...bucketWith([]), policy: unknown('403') }] },
      ['UNKNOWN', 'PASS'],
    ],
    [
      'does not pass a bucket that could not be read',
      { buckets: [{ ...bucketWith([]), bucket: unknown('403') }] },
      ['UNKNOWN', 'PASS'],
    ],
    [
      'does not pass a role that could not be read',
      {
        ...bucket({}, bind('projects/acme/roles/x', 'allUsers')),
        roles: { 'projects/acme/roles/x': unknown('403') },
      },
      ['UNKNOWN', 'PASS'],
    ],
    [
      'fails a public repository',
      { locations: known([repositoryWith(bind('roles/artifactregistry.reader', 'allUsers'))]) },
      ['FAIL high', 'PASS'],
    ],
    [
      'does not pass repositories that could not be listed',
      { locations: known([{ location: 'us', repositories: unknown('403') }]) },
      ['UNKNOWN', 'PASS'],
    ],
    ['does not pass locations that could not be listed', { locations: unknown('403') }, ['UNKNOWN', 'PASS']],
    [
      'fails a public role on the project',
      { projectPolicy: known({ bindings: [bind('roles/viewer', 'allAuthenticatedUsers')] }) },
      ['FAIL high'],
    ],
    [
      'says nothing of a bucket that does not exist',
      { buckets: [{ name: BUCKET, bucket: known(null), policy: null, contents: null }] },
      ['PASS'],
    ],
  ])('%s', (_name, different, answers) => {
    expect(answersOf('public-access', different)).toEqual(answers);
  });

  it('takes out one member of one binding, with its condition', () => {
    const binding = {
      ...bind('roles/artifactregistry.reader', 'allUsers'),
      condition: { expression: 'a', title: 'b', description: 'c' },
    };
    const [finding] = findingsOf('public-access', { locations: known([repositoryWith(binding)]) });
    expect(commandsOf(finding)).toEqual([
      'gcloud artifacts repositories remove-iam-policy-binding services --location=europe-west1 --project=acme --member=allUsers --role=roles/artifactregistry.reader --condition=expression=a,title=b,description=c',
    ]);
  });

  it('gives no command where the condition is hidden', () => {
    const binding = bind('roles/artifactregistry.reader_withcond_2b17cc25d2cd9e2c54d8', 'allUsers');
    const [finding] = findingsOf('public-access', { locations: known([repositoryWith(binding)]) });
    expect(finding?.status).toBe('FAIL');
    expect(commandsOf(finding)).toEqual([]);
  });
});

describe('broad-project-grant', () => {
  const project = (...bindings: ReturnType<typeof bind>[]) => ({ projectPolicy: known({ bindings }) });
  const agent = 'serviceAccount:service-1@gcp-sa-artifactregistry.iam.gserviceaccount.com';
  it.each<Row>([
    [
      'fails storage.admin left from the first push',
      project(bind('roles/storage.admin', 'serviceAccount:ci@acme.iam.gserviceaccount.com')),
      ['FAIL high'],
    ],
    [
      'fails basic Editor, which deletes images',
      project(bind('roles/editor', 'serviceAccount:1-compute@developer.gserviceaccount.com')),
      ['FAIL high'],
    ],
    [
      'fails a person with basic Owner less',
      project(bind('roles/owner', 'user:ada@example.com')),
      ['FAIL medium'],
    ],
    [
      'fails a role that pushes less',
      project(bind('roles/artifactregistry.writer', 'serviceAccount:ci@acme.iam.gserviceaccount.com')),
      ['FAIL medium'],
    ],
    [
      'passes a role that reads',
      project(bind('roles/artifactregistry.reader', 'serviceAccount:ci@acme.iam.gserviceaccount.com')),
      ['PASS'],
    ],
    [
      'passes a service agent with its own role',
      project(bind('roles/artifactregistry.serviceAgent', agent)),
      ['PASS'],
    ],
    [
      'is not taken in by an account that is called like an agent',
      project(
        bind('roles/artifactregistry.serviceAgent', 'serviceAccount:service-1@acme.iam.gserviceaccount.com'),
      ),
      ['FAIL high'],
    ],
    [
      'fails a service agent with basic Editor mildly',
      project(bind('roles/editor', 'serviceAccount:1@cloudservices.gserviceaccount.com')),
      ['FAIL low'],
    ],
    [
      'fails a deleted account mildly',
      project(bind('roles/storage.admin', 'deleted:serviceAccount:ci@acme.iam.gserviceaccount.com?uid=1')),
      ['FAIL low'],
    ],
    [
      'judges a custom role by its permissions',
      {
        ...project(bind('projects/acme/roles/x', 'serviceAccount:a@b')),
        roles: { 'projects/acme/roles/x': known(['artifactregistry.repositories.deleteArtifacts']) },
      },
      ['FAIL high'],
    ],
    [
      'passes a custom role that changes no image',
      {
        ...project(bind('projects/acme/roles/x', 'serviceAccount:a@b')),
        roles: { 'projects/acme/roles/x': known(['compute.instances.list']) },
      },
      ['PASS'],
    ],
    [
      'does not pass a role that could not be read',
      project(bind('projects/acme/roles/x', 'serviceAccount:a@b')),
      ['UNKNOWN'],
    ],
    ['does not pass a policy that could not be read', { projectPolicy: unknown('403') }, ['UNKNOWN']],
  ])('%s', (_name, different, answers) => {
    expect(answersOf('broad-project-grant', different)).toEqual(answers);
  });

  it('swaps the role of the old registry agent: first the new one, then without Editor', () => {
    const member = 'serviceAccount:service-1@containerregistry.iam.gserviceaccount.com';
    const [finding] = findingsOf('container-registry-agent', project(bind('roles/editor', member)));
    expect(commandsOf(finding)).toEqual([
      `gcloud projects add-iam-policy-binding acme --member=${member} --role=roles/containerregistry.ServiceAgent --condition=None`,
      `gcloud projects remove-iam-policy-binding acme --member=${member} --role=roles/editor --condition=None`,
    ]);
  });

  it('never proposes to take a role from another service agent', () => {
    const member = 'serviceAccount:1@cloudservices.gserviceaccount.com';
    const [finding] = findingsOf('broad-project-grant', project(bind('roles/editor', member)));
    expect(finding?.status).toBe('FAIL');
    expect(commandsOf(finding)).toEqual([]);
  });

  it('grants a pusher its repositories before the wide role goes', () => {
    const member = 'serviceAccount:ci@acme.iam.gserviceaccount.com';
    const [finding] = findingsOf('broad-project-grant', {
      ...project(bind('roles/artifactregistry.repoAdmin', member)),
      locations: known([repositoryWith()]),
    });
    expect(commandsOf(finding)).toEqual([
      `gcloud artifacts repositories add-iam-policy-binding services --location=europe-west1 --project=acme --member=${member} --role=roles/artifactregistry.writer --condition=None`,
      `gcloud projects remove-iam-policy-binding acme --member=${member} --role=roles/artifactregistry.repoAdmin --condition=None`,
    ]);
  });
});

describe('the checks of buckets', () => {
  it.each<readonly [check: string, ...Row]>([
    ['bucket-uniform-access', 'passes uniform access', { buckets: [bucketWith([])] }, ['PASS']],
    [
      'bucket-uniform-access',
      'fails lists',
      { buckets: [bucketWith([], { uniformAccess: known(false) })] },
      ['FAIL medium'],
    ],
    [
      'bucket-uniform-access',
      'does not pass a reply that says nothing',
      { buckets: [bucketWith([], { uniformAccess: unknown('?') })] },
      ['UNKNOWN'],
    ],
    [
      'bucket-uniform-access',
      'does not pass a bucket that could not be read',
      { buckets: [{ ...bucketWith([]), bucket: unknown('403') }] },
      ['UNKNOWN'],
    ],
    [
      'bucket-public-access-prevention',
      'passes an enforced one',
      { buckets: [bucketWith([], { publicAccessPrevention: 'enforced' })] },
      ['PASS'],
    ],
    [
      'bucket-public-access-prevention',
      'fails an inherited one',
      { buckets: [bucketWith([])] },
      ['FAIL low'],
    ],
    [
      'bucket-public-access-prevention',
      'fails an absent one',
      { buckets: [bucketWith([], { publicAccessPrevention: null })] },
      ['FAIL low'],
    ],
    ['legacy-bucket-left', 'fails a bucket that exists', { buckets: [bucketWith([])] }, ['FAIL low']],
    [
      'legacy-bucket-left',
      'passes a bucket that does not',
      { buckets: [{ name: BUCKET, bucket: known(null), policy: null, contents: null }] },
      ['PASS'],
    ],
    [
      'legacy-bucket-left',
      'does not take a refusal for absence',
      {
        buckets: [{ name: BUCKET, bucket: unknown('403'), policy: unknown('403'), contents: unknown('403') }],
      },
      ['UNKNOWN'],
    ],
  ])('%s %s', (check, _name, different, answers) => {
    expect(answersOf(check, different)).toEqual(answers);
  });

  it.each([
    ['while images are being copied', known('REDIRECTION_FROM_GCR_IO_ENABLED_AND_COPYING')],
    ['while a part is being copied', known('REDIRECTION_FROM_GCR_IO_PARTIAL_AND_COPYING')],
    ['in a state that is not known here', known('REDIRECTION_NEWS')],
    ['where the state could not be read', unknown('403')],
  ])('touch no bucket %s', (_name, redirection) => {
    const buckets = [
      bucketWith([bind('roles/storage.objectViewer', 'allUsers')], { uniformAccess: known(false) }),
    ];
    const failing = runChecks(repliesWith({ buckets, redirection }), NOW_MS, DEFAULT_AUDIT_SETTINGS).filter(
      ({ status }) => status === 'FAIL',
    );
    expect(failing).toHaveLength(4);
    expect(failing.flatMap(commandsOf)).toEqual([]);
  });

  it('propose no deletion where the images are only in the bucket', () => {
    const [finding] = findingsOf('legacy-bucket-left', {
      buckets: [bucketWith([])],
      redirection: known('REDIRECTION_FROM_GCR_IO_DISABLED'),
    });
    expect(commandsOf(finding)).toEqual(['gcloud artifacts docker upgrade migrate --projects=acme']);
  });
});

describe('findings', () => {
  it('have the checks in the order of their ids, each id once', () => {
    const ids = CHECKS.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort());
  });

  it('keep their fingerprint when only what was seen changes', () => {
    const [young] = findingsOf('key-age', { accounts: agedKey(1) });
    const [old] = findingsOf('key-age', { accounts: agedKey(400) });
    expect(old?.status).not.toBe(young?.status);
    expect(old?.fingerprint).toBe(young?.fingerprint);
  });

  it('are one where a policy names a member twice', () => {
    const binding = bind('roles/storage.admin', 'user:ada@example.com', 'user:ada@example.com');
    expect(
      answersOf('broad-project-grant', { projectPolicy: known({ bindings: [binding, binding] }) }),
    ).toEqual(['FAIL medium']);
  });

  it('are two where the conditions differ', () => {
    const condition = { expression: 'x', title: 'y', description: null };
    const binding = bind('roles/storage.admin', 'user:ada@example.com');
    const bindings = [binding, { ...binding, condition }];
    expect(answersOf('broad-project-grant', { projectPolicy: known({ bindings }) })).toHaveLength(2);
  });
});
