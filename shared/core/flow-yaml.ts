import { stringify } from 'yaml';

/** A value as YAML on one line, as rules are read best: `{ tags: { glob: pr-* }, olderThan: 14d }`. */
export function flowYaml(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}
