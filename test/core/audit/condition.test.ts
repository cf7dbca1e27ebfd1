import { describe, expect, it } from 'vitest';
import { neverHolds } from '../../../shared/core/audit/condition.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 3);
const NAME = 'projects/_/buckets/artifacts.acme.appspot.com';

describe('a condition', () => {
  it.each([
    ['request.time < timestamp("2026-11-21T00:00:00Z")'],
    ["request.time <= timestamp('2026-11-20T22:00:00-04:00')"],
    ['(request.time < timestamp("2020-01-01T00:00:00Z")) && resource.type == "x"'],
    ['resource.name.startsWith("projects/_/buckets/other/objects/")'],
    ['resource.name == "projects/_/buckets/other"'],
    // A name that only begins alike is another bucket's.
    ['resource.name == "projects/_/buckets/artifacts.acme.appspot.com.old"'],
  ])('certainly does not hold: %s', (expression) => {
    expect(neverHolds(expression, NAME, NOW_MS)).toBe(true);
  });

  it.each([
    ['request.time < timestamp("2026-11-22T00:00:00Z")'],
    ['request.time > timestamp("2027-01-01T00:00:00Z")'],
    ['request.time < timestamp("soon")'],
    ['!(request.time < timestamp("2020-01-01T00:00:00Z"))'],
    ['request.time < timestamp("2020-01-01T00:00:00Z") || true'],
    ['true // && request.time < timestamp("2020-01-01T00:00:00Z")'],
    [`resource.type != "a && request.time < timestamp('2020-01-01T00:00:00Z') && b"`],
    [`resource.type == "a && request.time < timestamp('2020-01-01T00:00:00Z') && b"`],
    ['resource.name.startsWith("projects/_/buckets/artifacts.acme")'],
    ['resource.name.startsWith("projects/_/buckets/artifacts.acme.appspot.com/objects/containers/")'],
    ['resource.name == "projects/_/buckets/artifacts.acme.appspot.com"'],
    ['resource.name == "projects/acme/locations/us/repositories/gcr.io"'],
    ['resource.matchTag("acme/env", "prod")'],
    [''],
  ])('may hold: %s', (expression) => {
    expect(neverHolds(expression, NAME, NOW_MS)).toBe(false);
  });
});
