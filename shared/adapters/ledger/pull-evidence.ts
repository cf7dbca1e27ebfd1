/** Under which names, which no repository has, the days are kept that show since when pulls are recorded. */
export const DRAINED = 'drained';

export function evidenceOf(project: string): string {
  return `project ${project}`;
}
