import type * as z from 'zod';

/**
 * Reads a JSON document of a known form, as it stands in a file that somebody may have changed.
 * @param refuse throws, and is told the first thing that is wrong, with its place in the document
 */
export function parseJsonDocument(
  text: string,
  shape: z.ZodType,
  refuse: (why: string, cause?: unknown) => never,
): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return refuse('it is not JSON', cause);
  }
  const checked = shape.safeParse(value);
  if (checked.success) return value;
  const issue = checked.error.issues[0];
  return refuse(`${issue?.path.join('.') || 'its top level'}: ${issue?.message ?? 'unexpected'}`);
}
