import * as z from 'zod';
import { planId } from './assemble-plan.ts';
import { type Digest, isDigest } from './digest.ts';
import { WardenError } from './error.ts';
import { parseJsonDocument } from './json-document.ts';
import type { Plan } from './plan.ts';
import { isTag, parseRepository } from './reference.ts';

const digest = z.string().refine(isDigest, 'not a sha256 digest');
const tag = z.string().refine(isTag, 'not a tag');
const repository = z.string().refine((text) => {
  try {
    parseRepository(text);
    return true;
  } catch {
    return false;
  }
}, 'not HOST/NAME');

const allowedBy = z
  .array(
    z.looseObject({
      policy: z.string(),
      mode: z.enum(['plan', 'enforce']),
      source: z.looseObject({ file: z.string() }),
    }),
  )
  .min(1);

const step = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('untag'),
    tag,
    digest,
    root: digest,
    chain: z.number().int(),
    allowedBy,
  }),
  z.object({
    kind: z.literal('delete'),
    digest,
    root: digest,
    chain: z.number().int(),
    tags: z.array(tag),
    sizeBytes: z.number().nullable(),
    allowedBy,
  }),
]);

/** What `apply` relies on. The rest of a plan is covered by its id, which is the hash of all of it. */
const planShape = z.looseObject({
  version: z.literal(1),
  kind: z.literal('gcr-warden/plan'),
  id: digest,
  createdAtMs: z.number().int().positive(),
  repositories: z.array(
    z.looseObject({
      repository,
      completeness: z.looseObject({ kind: z.enum(['complete', 'incomplete']) }),
      refusal: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
      // Without it nobody would look again at what runs.
      asksUsage: z.boolean(),
      pulls: z
        .looseObject({
          record: digest,
          last: z.array(z.looseObject({ root: digest, day: z.number().int() })),
        })
        .optional(),
      quarantine: z
        .looseObject({
          enter: z.array(
            z.looseObject({ root: digest, tags: z.array(tag), rules: z.array(z.looseObject({})) }),
          ),
          end: z.array(
            z.looseObject({ root: digest, sinceMs: z.number(), why: z.string(), detail: z.string() }),
          ),
          served: z.array(z.looseObject({ root: digest, sinceMs: z.number() })),
        })
        .optional(),
      manifestCount: z.number().int(),
      // What is held while the run works.
      limits: z
        .looseObject({
          digests: z.number(),
          share: z.number(),
          perDay: z.array(z.looseObject({ policy: z.string(), digests: z.number().int() })),
          scopes: z
            .array(
              z.looseObject({
                policy: z.string(),
                of: z.string(),
                scope: z.enum(['repository', 'project']),
                digests: z.number().int().nullable(),
                sizeBytes: z.number().int().nullable(),
                share: z.number().optional(),
              }),
            )
            .optional(),
          freeze: z.array(z.looseObject({ policy: z.string(), fromMs: z.number(), untilMs: z.number() })),
        })
        .nullable(),
      undoMs: z.number().int().nonnegative().optional(),
      decisions: z.array(
        z.looseObject({
          root: digest,
          verdict: z.enum(['keep', 'delete']),
          tags: z.array(tag),
          members: z.array(digest),
          voices: z.array(
            z.looseObject({
              evidence: z.array(z.looseObject({})),
              source: z.looseObject({ file: z.string() }),
            }),
          ),
        }),
      ),
      steps: z.array(step),
    }),
  ),
});

function refuse(file: string, why: string, cause?: unknown): never {
  throw new WardenError(
    'PLAN_INVALID',
    `${file} is no plan to apply: ${why}. Make one with "gcr-warden plan --out".`,
    { cause },
  );
}

/**
 * Reads a plan file. A plan that was edited, cut or damaged is refused: its id is the hash of its content.
 * @param file the name to show in an error
 * @throws WardenError PLAN_INVALID
 */
export function parsePlan(text: string, file: string): Plan {
  const plan = parseJsonDocument(text, planShape, (why, cause) => refuse(file, why, cause)) as Plan;
  const expected: Digest = planId(plan);
  if (expected !== plan.id)
    refuse(file, 'its content does not match its id, so it was changed after it was made');
  return plan;
}
