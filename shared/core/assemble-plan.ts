import type { Digest } from './digest.ts';
import { goingOf, listedSize } from './freed-size.ts';
import { hashCanonicalJson } from './hash.ts';
import type { Plan } from './plan.ts';

/** Joins repository plans into the plan that `apply` takes, and names it by the hash of its content. */
export function assemblePlan(parts: Omit<Plan, 'id' | 'version' | 'kind'>): Plan {
  const repositories = [...parts.repositories].sort((a, b) =>
    a.repository < b.repository ? -1 : a.repository > b.repository ? 1 : 0,
  );
  const freed = parts.freed ?? listedSize(goingOf(repositories));
  const content = { version: 1, kind: 'gcr-warden/plan', ...parts, repositories, freed } as const;
  return { ...content, id: planId(content) };
}

/** The id that a plan's content gives; a plan that was edited has another. */
export function planId(plan: Omit<Plan, 'id'> & { readonly id?: Digest }): Digest {
  const { id: _id, ...content } = plan;
  return hashCanonicalJson(content);
}
