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
  const decisions = items.map(({ note, ...decision }) => {
    if (note !== undefined) notes.push(note);
    return decision;
  });
  return { decisions, notes: notes.length === decisions.length ? notes : null };
}
