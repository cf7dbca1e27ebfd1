import { NAME_CHARACTERS_MAX } from '../policy-file/keyword.ts';

/** Room for `-1000` behind a name that was there before. */
const STEM_CHARACTERS_MAX = NAME_CHARACTERS_MAX - 5;

/** Makes names that policies take out of those of a source, each only once. */
export class NameGiver {
  readonly #given = new Set<string>();

  /** The nearest name to a text that was not given before; made of `fallback` where nothing is left of it. */
  give(text: string, fallback: string): string {
    const bare = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    const stem = bare.slice(0, STEM_CHARACTERS_MAX).replaceAll(/^-|-$/g, '') || fallback;
    let name = stem;
    for (let number = 2; this.#given.has(name); number += 1) name = `${stem}-${number}`;
    this.#given.add(name);
    return name;
  }
}

/** What a policy made from a file is called: the file's name without folder and ending. */
export function stemOf(file: string): string {
  return file.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '');
}
