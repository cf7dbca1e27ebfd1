import { describe, expect, it } from 'vitest';
import { decide, policiesFor } from '../../shared/core/decide.ts';
import { readInventory } from '../../shared/core/inventory.ts';
import { managedRepository } from '../../shared/core/managed-repository.ts';
import { selectsRepository } from '../../shared/core/pattern.ts';
import { planRepository } from '../../shared/core/plan-repository.ts';
import type { Policy, Rule } from '../../shared/core/policy.ts';
import { listingOf, NOW_MS, policy, policySet, rule, takingOf } from './estate.ts';

const PKG = 'europe-west1-docker.pkg.dev/acme';

describe('a repository that a Google service fills for itself', () => {
  it.each([
    [`${PKG}/gcf-artifacts/acme__europe--west1__resize`, 'Cloud Run functions', `${PKG}/gcf-artifacts`],
    [`${PKG}/gcf-artifacts/fn/cache`, 'Cloud Run functions', `${PKG}/gcf-artifacts`],
    [
      `${PKG}/cloud-run-source-deploy/shop/api`,
      'Cloud Run source deployment',
      `${PKG}/cloud-run-source-deploy`,
    ],
    [
      'us-docker.pkg.dev/example.com/acme/gae-standard/app',
      'App Engine',
      'us-docker.pkg.dev/example.com/acme/gae-standard',
    ],
    ['us.gcr.io/acme/appengine/default.2026', 'App Engine', 'us.gcr.io/acme/appengine'],
    [
      'us-docker.pkg.dev/acme/us.gcr.io/appengine/default.2026',
      'App Engine',
      'us-docker.pkg.dev/acme/us.gcr.io/appengine',
    ],
    ['eu.gcr.io/acme/app-engine-tmp/app', 'App Engine', 'eu.gcr.io/acme/app-engine-tmp'],
    ['us.gcr.io/acme/gcf/us-central1/8c2f', 'Cloud Run functions', 'us.gcr.io/acme/gcf'],
    ['gcr.io/acme/appengine', 'App Engine', 'gcr.io/acme/appengine'],
    ['gcr.io/acme/api/cache', 'Cloud Build', 'gcr.io/acme/api/cache'],
    [`${PKG}/services/api/cache`, 'Cloud Build', `${PKG}/services/api/cache`],
    ['localhost:5050/acme/gcf-artifacts/fn', 'Cloud Run functions', 'localhost:5050/acme/gcf-artifacts'],
  ])('%s', (repository, by, root) => {
    expect(managedRepository(repository)).toEqual({ by, root });
    const selects = (...include: string[]): boolean =>
      selectsRepository({ include, exclude: [] }, repository);
    expect(selects('**')).toBe(false);
    expect(selects(repository.replace('acme', '*'))).toBe(false);
    expect(selects(repository.replace('acme', 'acm?'))).toBe(false);
    expect(selects('**', repository)).toBe(true);
    expect(root === repository || selects(`${root}/**`)).toBe(true);
    // An exclude needs no exact name.
    expect(selectsRepository({ include: [repository], exclude: ['**'] }, repository)).toBe(false);
  });

  it.each([
    `${PKG}/services/gcf-artifacts`,
    `${PKG}/services/cache`,
    `${PKG}/appengine/api`,
    'gcr.io/acme/cache',
    'gcr.io/acme/api',
    'registry.example.com/acme/gcf-artifacts/fn',
  ])('is not %s', (repository) => {
    expect(managedRepository(repository)).toBeNull();
    expect(selectsRepository({ include: ['**'], exclude: [] }, repository)).toBe(true);
  });

  it('is left alone by a plan, which says who fills it and how to name it', () => {
    const repository = `${PKG}/gcf-artifacts/fn`;
    const all = rule('delete', 'all', [{ kind: 'all' }]);
    const planFor = (include: string[]) => {
      const listing = { ...listingOf([{ name: 'a' }]), repository };
      const taking = takingOf([{ name: 'a' }]);
      const inventory = { ...taking.inventory, repository };
      const policies = policySet(policy([all], { repositories: { include, exclude: [] } }));
      return planRepository({ ...taking, inventory, listing, policies, scope: 'all', nowMs: NOW_MS });
    };
    expect(planFor(['**'])).toMatchObject({
      steps: [],
      warnings: [
        `Cloud Run functions fills this repository for itself, so everything in it is kept. A policy that is meant for it names it without a wildcard: ${PKG}/gcf-artifacts/**.`,
      ],
    });
    expect(planFor([`${PKG}/gcf-artifacts/**`]).steps).toHaveLength(1);
  });

  it('is kept by the keep rules of a policy that only reaches it, and deleted by none of its delete rules', () => {
    const repository = `${PKG}/gcf-artifacts/fn`;
    const all = rule('delete', 'all', [{ kind: 'all' }]);
    const none = rule('delete', 'none', [{ kind: 'state', state: 'tagged' }]);
    const kept = rule('keep', 'all', [{ kind: 'all' }]);
    const wide = { include: ['**'], exclude: [] };
    const exact = { include: [`${PKG}/gcf-artifacts/**`], exclude: [] };
    const decisions = (...policies: Policy[]) => {
      const { inventory, graph } = takingOf([{ name: 'a' }]);
      return decide(readInventory(inventory), graph, policiesFor(policies, repository), NOW_MS).map(
        ({ verdict }) => verdict,
      );
    };
    const named = (name: string, rules: Rule[], repositories: typeof wide) =>
      policy(rules, { name, repositories });
    expect(decisions(named('a', [all], exact))).toEqual(['delete']);
    expect(decisions(named('a', [all], exact), named('b', [kept], wide))).toEqual(['keep']);
    expect(decisions(named('a', [none], exact), named('b', [all], wide))).toEqual(['keep']);
    expect(policiesFor([named('b', [all, kept], wide)], repository)).toEqual([]);
  });
});
