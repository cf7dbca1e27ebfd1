import { describe, expect, it } from 'vitest';
import { grants } from '../../../shared/core/audit/grants.ts';
import { accessGraph } from '../../../shared/core/audit/graph.ts';
import type { AuditReplies } from '../../../shared/core/audit/replies.ts';
import { known, unknown } from '../../../shared/core/fact.ts';
import { BUCKET, bind, bucketWith, repliesWith, repositoryWith } from './replies.ts';

function grantsOf(different: Partial<AuditReplies>) {
  return [...grants(accessGraph(repliesWith(different)))];
}

/** `member: abilities on resources` */
function linesOf(different: Partial<AuditReplies>): string[] {
  return grantsOf(different).map(
    ({ member, abilities, on }) =>
      `${member}: ${abilities.kind === 'known' ? abilities.value.join(' ') : '?'} on ${on.join(' and ')}`,
  );
}

describe('grants', () => {
  it('judge by permission and not by the name of the role', () => {
    expect(
      linesOf({
        buckets: [bucketWith([bind('roles/storage.legacyBucketWriter', 'user:ada@example.com')])],
        locations: known([repositoryWith(bind('roles/viewer', 'user:bob@example.com'))]),
      }),
    ).toEqual([
      `user:ada@example.com: list push delete on bucket ${BUCKET}`,
      'user:bob@example.com: read on repository europe-west1/services',
    ]);
  });

  it('let a role on the project reach every registry, by what it can do to each', () => {
    expect(
      linesOf({
        projectPolicy: known({ bindings: [bind('roles/storage.admin', 'user:ada@example.com')] }),
        buckets: [bucketWith([])],
        locations: known([repositoryWith()]),
      }),
    ).toEqual([`user:ada@example.com: list read push delete administer on bucket ${BUCKET}`]);
  });

  it('let whoever sets the policy of the project administer all that is below it', () => {
    expect(
      linesOf({
        projectPolicy: known({ bindings: [bind('projects/acme/roles/x', 'user:ada@example.com')] }),
        roles: { 'projects/acme/roles/x': known(['resourcemanager.projects.setIamPolicy']) },
        buckets: [bucketWith([])],
        locations: known([repositoryWith()]),
      }),
    ).toEqual([
      `user:ada@example.com: administer on bucket ${BUCKET} and project acme and repository europe-west1/services`,
    ]);
  });

  it('follow a convenience member to the holders of the basic role', () => {
    const found = grantsOf({
      projectPolicy: known({ bindings: [bind('roles/viewer', 'user:ada@example.com')] }),
      buckets: [bucketWith([bind('roles/storage.objectViewer', 'projectViewer:acme')])],
    });
    expect(found).toMatchObject([
      {
        member: 'user:ada@example.com',
        path: [
          'roles/viewer on project acme',
          'projectViewer:acme',
          `roles/storage.objectViewer on bucket ${BUCKET}`,
        ],
      },
    ]);
  });

  it('have the entries of access control lists, with the way to them', () => {
    const off = {
      uniformAccess: known(false),
      acl: known([
        { entity: 'project-editors-123456789012', role: 'OWNER' },
        { entity: 'project-viewers-1', role: 'READER' },
        { entity: 'allUsers', role: 'READER' },
        { entity: 'group-eng@example.com', role: 'NEWER' },
      ]),
      defaultObjectAcl: known([{ entity: 'user-ci@acme.iam.gserviceaccount.com', role: 'READER' }]),
    };
    const group = known({ members: ['user:bob@example.com'], others: [] });
    const found = grantsOf({
      projectPolicy: known({ bindings: [bind('roles/editor', 'user:ada@example.com')] }),
      groups: { 'eng@example.com': group },
      buckets: [bucketWith([], off)],
    });
    const list = `access control list of bucket ${BUCKET}`;
    expect(
      found
        .filter(({ path }) => path.at(-1)?.includes('access control list'))
        .map(({ member, abilities, on, path }) => [
          member,
          abilities.kind === 'known' && abilities.value.join(' '),
          on[0],
          path.join(' > '),
        ]),
    ).toEqual([
      ['allUsers', 'list', `bucket ${BUCKET}`, `READER in the ${list}`],
      ['group:eng@example.com', 'administer', `bucket ${BUCKET}`, `NEWER in the ${list}`],
      ['projectViewer:1', 'list', `bucket ${BUCKET}`, `READER in the ${list}`],
      [
        'serviceAccount:ci@acme.iam.gserviceaccount.com',
        'read',
        `new objects in bucket ${BUCKET}`,
        `READER in the default object ${list}`,
      ],
      [
        'user:ada@example.com',
        'list push delete administer',
        `bucket ${BUCKET}`,
        `roles/editor on project acme > projectEditor:acme > OWNER in the ${list}`,
      ],
      [
        'user:bob@example.com',
        'administer',
        `bucket ${BUCKET}`,
        `in group:eng@example.com > NEWER in the ${list}`,
      ],
    ]);
  });

  it('say of a list that may not count that it may not', () => {
    const different = { uniformAccess: unknown('403'), acl: known([{ entity: 'allUsers', role: 'READER' }]) };
    expect(grantsOf({ buckets: [bucketWith([], different)] })).toMatchObject([
      { member: 'allUsers', condition: { kind: 'unknown' } },
    ]);
    expect(grantsOf({ buckets: [bucketWith([], { ...different, uniformAccess: known(true) })] })).toEqual([]);
  });

  it.each<[string, Partial<AuditReplies>, string]>([
    ['of another project', {}, 'projectViewer:other'],
    ['of a project whose policy is not known', { projectPolicy: unknown('403') }, 'projectViewer:acme'],
  ])('keep a convenience member %s', (_name, different, member) => {
    const found = grantsOf({
      ...different,
      buckets: [bucketWith([bind('roles/storage.objectViewer', member)])],
    });
    expect(found.map((grant) => grant.member)).toEqual([member]);
  });

  it('keep the condition of a binding', () => {
    const condition = { expression: 'x', title: 'for now', description: null };
    const binding = { ...bind('roles/storage.objectViewer', 'user:ada@example.com'), condition };
    expect(grantsOf({ buckets: [bucketWith([binding])] })[0]?.condition).toEqual(known('for now: x'));
  });

  it('see through a role name that hides a condition, and say that there is one', () => {
    const binding = bind('roles/storage.objectViewer_withcond_2b17cc25d2cd9e2c54d8', 'user:ada@example.com');
    const [grant] = grantsOf({ buckets: [bucketWith([binding])] });
    expect(grant?.abilities).toEqual(known(['list', 'read']));
    expect(grant?.condition.kind).toBe('unknown');
  });

  it.each<[string, AuditReplies['roles']]>([
    ['that was refused', { 'projects/acme/roles/x': unknown('403') }],
    ['that was never asked for', {}],
  ])('are unknown for a role %s', (_name, roles) => {
    const bindings = [bind('projects/acme/roles/x', 'user:ada@example.com')];
    expect(linesOf({ roles, buckets: [bucketWith(bindings)] })).toEqual([
      `user:ada@example.com: ? on bucket ${BUCKET}`,
    ]);
  });

  it('reach everything from a folder, and name each person that a group stands for', () => {
    const found = grantsOf({
      ancestors: known([
        {
          name: 'folders/301',
          policy: known({ bindings: [bind('roles/artifactregistry.reader', 'group:eng@example.com')] }),
        },
      ]),
      groups: { 'eng@example.com': known({ members: ['user:ada@example.com'], others: [] }) },
      locations: known([repositoryWith()]),
    });
    expect(found.map(({ member, path, on }) => [member, path, on])).toEqual([
      [
        'group:eng@example.com',
        ['roles/artifactregistry.reader on folder 301'],
        ['repository europe-west1/services'],
      ],
      [
        'user:ada@example.com',
        ['in group:eng@example.com', 'roles/artifactregistry.reader on folder 301'],
        ['repository europe-west1/services'],
      ],
    ]);
  });

  it('leave a large group as one row', () => {
    const members = Array.from({ length: 101 }, (_, index) => `user:${index}@example.com`);
    const found = grantsOf({
      buckets: [bucketWith([bind('roles/storage.objectViewer', 'group:all@example.com')])],
      groups: { 'all@example.com': known({ members, others: [] }) },
    });
    expect(found.map(({ member }) => member)).toEqual(['group:all@example.com']);
  });

  it('say who can act as an account, by its own policy and by the project', () => {
    const tokens = 'projects/acme/roles/tokens';
    expect(
      linesOf({
        accounts: known([
          {
            account: {
              email: 'ci@acme.iam.gserviceaccount.com',
              uniqueId: '1',
              displayName: '',
              description: '',
              disabled: false,
            },
            keys: known([]),
            policy: known({ bindings: [bind(tokens, 'user:ada@example.com')] }),
          },
        ]),
        projectPolicy: known({ bindings: [bind(tokens, 'user:ben@example.com')] }),
        roles: { [tokens]: known(['iam.serviceAccounts.getAccessToken']) },
      }),
    ).toEqual([
      'user:ada@example.com: act as on account ci@acme.iam.gserviceaccount.com',
      'user:ben@example.com: act as on project acme',
    ]);
  });

  it('leave out what is no registry for images', () => {
    const location = repositoryWith(bind('roles/artifactregistry.reader', 'allUsers'));
    const repositories =
      location.repositories.kind === 'known'
        ? known(
            location.repositories.value.map((each) => ({
              ...each,
              repository: { ...each.repository, format: 'NPM' },
            })),
          )
        : location.repositories;
    expect(linesOf({ locations: known([{ ...location, repositories }]) })).toEqual([]);
  });
});
