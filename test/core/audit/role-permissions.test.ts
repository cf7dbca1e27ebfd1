import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PERMISSIONS, ROLE_PERMISSIONS } from '../../../shared/core/audit/role-permissions.ts';

const dataset = JSON.parse(
  readFileSync(new URL('../../fixtures/google/predefined-roles.json', import.meta.url), 'utf8'),
) as {
  readonly source: string;
  readonly permissions: readonly string[];
  readonly roles: Readonly<Record<string, readonly string[]>>;
};

describe('the table of predefined roles', () => {
  it('says where it is from and when that was', () => {
    expect(dataset.source).toBe('iann0036/iam-dataset, snapshot 2026-08-22');
  });

  it('covers the same permissions and roles as the dataset', () => {
    expect([...PERMISSIONS].sort()).toEqual([...dataset.permissions].sort());
    expect([...ROLE_PERMISSIONS.keys()].sort()).toEqual(Object.keys(dataset.roles).sort());
  });

  it.each(Object.entries(dataset.roles))('agrees with the dataset on %s', (role, permissions) => {
    expect([...(ROLE_PERMISSIONS.get(role) ?? [])].sort()).toEqual([...permissions].sort());
  });

  it('knows that names mislead', () => {
    expect(ROLE_PERMISSIONS.get('roles/storage.legacyBucketWriter')).not.toContain('storage.objects.get');
    expect(ROLE_PERMISSIONS.get('roles/editor')).toContain('artifactregistry.repositories.deleteArtifacts');
  });
});
