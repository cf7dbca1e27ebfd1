import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ARTIFACT_REGISTRY } from '../../local/google-apis/artifact-registry.ts';
import { CLOUD_IDENTITY } from '../../local/google-apis/cloud-identity.ts';
import { IAM } from '../../local/google-apis/iam.ts';
import { MONITORING } from '../../local/google-apis/monitoring.ts';
import { ORG_POLICY } from '../../local/google-apis/org-policy.ts';
import { POLICY_ANALYZER } from '../../local/google-apis/policy-analyzer.ts';
import { PUBSUB } from '../../local/google-apis/pubsub.ts';
import { RESOURCE_MANAGER } from '../../local/google-apis/resource-manager.ts';

const page = readFileSync('docs/audit-reads.md', 'utf8');
const role = readFileSync('terraform/audit.tf', 'utf8');

/** Read above the project, or granted by a role of Google's own, or by no role of IAM at all. */
const NOT_IN_THE_PROJECT_ROLE =
  /^(?:resourcemanager\.(?:folders|organizations|projects\.list)|orgpolicy|policyanalyzer|cloudidentity)/;

describe('the page on what the audit reads', () => {
  const asked = new Set(
    [
      ...ARTIFACT_REGISTRY,
      ...CLOUD_IDENTITY,
      ...IAM,
      ...MONITORING,
      ...ORG_POLICY,
      ...POLICY_ANALYZER,
      ...PUBSUB,
      ...RESOURCE_MANAGER,
    ].map(({ permission }) => permission),
  );
  const permissions = [...asked].sort();

  it.each(permissions)('names %s', (permission) => {
    expect(page).toContain(`\`${permission}\``);
  });

  it.each(permissions.filter((each) => !NOT_IN_THE_PROJECT_ROLE.test(each)))(
    'names %s, which Terraform grants',
    (permission) => {
      expect(role).toContain(`"${permission}"`);
    },
  );
});
