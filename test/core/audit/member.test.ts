import { describe, expect, it } from 'vitest';
import {
  convenienceOf,
  isContainerRegistryAgent,
  isDeleted,
  isPerson,
  isPublic,
  isServiceAgent,
} from '../../../shared/core/audit/member.ts';

/** Every kind of member that a policy can name, and what it is taken for. */
const MEMBERS: readonly (readonly [member: string, kinds: readonly string[]])[] = [
  ['allUsers', ['public']],
  ['allAuthenticatedUsers', ['public']],
  ['allusers', []],
  ['user:ada@example.com', ['person']],
  ['group:developers@example.com', ['person']],
  ['domain:example.com', ['person']],
  ['serviceAccount:ci@acme.iam.gserviceaccount.com', []],
  ['serviceAccount:1-compute@developer.gserviceaccount.com', []],
  ['serviceAccount:acme.svc.id.goog[prod/api]', []],
  ['serviceAccount:service-1@acme.iam.gserviceaccount.com', []],
  ['serviceAccount:service-1@gcp-sa-artifactregistry.iam.gserviceaccount.com', ['agent']],
  ['serviceAccount:service-1@gcp-sa-x.iam.gserviceaccount.com.example.com', []],
  ['serviceAccount:other@gcp-sa-artifactregistry.iam.gserviceaccount.com', []],
  ['serviceAccount:service-1@containerregistry.iam.gserviceaccount.com', ['agent', 'registry agent']],
  ['serviceAccount:1@cloudservices.gserviceaccount.com', ['agent']],
  ['user:service-1@gcp-sa-artifactregistry.iam.gserviceaccount.com', ['person']],
  ['deleted:serviceAccount:ci@acme.iam.gserviceaccount.com?uid=1', ['deleted']],
  ['deleted:user:ada@example.com?uid=1', ['deleted']],
  ['projectOwner:acme', ['roles/owner of acme']],
  ['projectEditor:acme', ['roles/editor of acme']],
  ['projectViewer:example.com:acme', ['roles/viewer of example.com:acme']],
  ['projectOwner:', []],
  ['principal://iam.googleapis.com/locations/global/workforcePools/p/subject/s', []],
  ['principalSet://goog/public:all', ['public']],
  ['', []],
];

function kindsOf(member: string): string[] {
  const convenience = convenienceOf(member);
  return [
    ...(isPublic(member) ? ['public'] : []),
    ...(isPerson(member) ? ['person'] : []),
    ...(isServiceAgent(member) ? ['agent'] : []),
    ...(isContainerRegistryAgent(member) ? ['registry agent'] : []),
    ...(isDeleted(member) ? ['deleted'] : []),
    ...(convenience === null ? [] : [`${convenience.role} of ${convenience.project}`]),
  ];
}

describe('a member', () => {
  it.each(MEMBERS)('%s is %j', (member, kinds) => {
    expect(kindsOf(member)).toEqual(kinds);
  });
});
