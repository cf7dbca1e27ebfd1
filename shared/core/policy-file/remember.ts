/** Texts remembered by one reader: all that a large folder repeats, and few enough to hold. */
const REMEMBERED_MAX = 1000;

/**
 * Makes a reader of short texts remember what it answered. Policies of one folder repeat their cron expressions,
 * ranges and regular expressions, and reading such a text costs more than the YAML around it. Texts after the
 * first thousand are read anew each time.
 * @param read has to give the same answer for the same text, and one that nobody changes
 */
export function remembering<T>(read: (text: string) => T): (text: string) => T {
  const answers = new Map<string, T>();
  return (text) => {
    const found = answers.get(text);
    if (found !== undefined) return found;
    const answer = read(text);
    if (answers.size < REMEMBERED_MAX) answers.set(text, answer);
    return answer;
  };
}
