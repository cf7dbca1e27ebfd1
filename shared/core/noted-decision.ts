import type { ArtifactNote } from './artifact-note.ts';
import type { Decision } from './decision.ts';

/** A decision as it is stored, with the note on its artifact; earlier versions wrote none. */
export type NotedDecision = Decision & { readonly note?: ArtifactNote };

/** Puts each note beside its decision, so that one chunk holds both. */
export function joinNotes(
  decisions: readonly Decision[],
  notes: readonly ArtifactNote[] | null,
): readonly NotedDecision[] {
  if (notes === null) return decisions;
  return decisions.map((decision, at) => {
    const note = notes[at];
    return note === undefined ? decision : { ...decision, note };
  });
}

/** The two lists again. No notes unless every decision has one. */
export function splitNotes(items: readonly NotedDecision[]): {
  readonly decisions: readonly Decision[];
  readonly notes: readonly ArtifactNote[] | null;
} {
  const notes: ArtifactNote[] = [];
  for (const item of items) {
    if (item.note === undefined) continue;
    notes.push(item.note);
    // They were parsed for this reader alone; a hundred thousand copies would take as long as parsing them.
    delete (item as { note?: ArtifactNote }).note;
  }
  return { decisions: items, notes: notes.length === items.length ? notes : null };
}
