import { createHash } from 'node:crypto';
import type { EstateBinding } from './estate.ts';

/**
 * A policy as Google shows it: without the version that was asked for, conditions are hidden behind the
 * role's name, and without bindings there is only an etag.
 */
export function policyJson(
  bindings: readonly EstateBinding[],
  requestedVersion: number,
  auditConfigs?: readonly unknown[],
) {
  const hasConditions = bindings.some(({ condition }) => condition !== undefined);
  const shown = bindings.map(({ role, members, condition }) => {
    if (condition === undefined) return { role, members };
    if (requestedVersion === 3) return { role, members, condition };
    return { role: `${role}_withcond_${hexOf(condition).slice(0, 20)}`, members };
  });
  return {
    version: hasConditions && requestedVersion === 3 ? 3 : 1,
    etag: etagOf(bindings),
    ...(shown.length > 0 ? { bindings: shown } : {}),
    ...(auditConfigs === undefined ? {} : { auditConfigs }),
  };
}

/** Changes with the value, as an etag does. */
export function etagOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64').slice(0, 12);
}

function hexOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
