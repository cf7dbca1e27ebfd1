import type { Binding } from '../../core/audit/access.ts';

/**
 * Gives one value for all equal ones, as long as it is there itself: a few roles and members make up almost all of
 * very many policies, and most bindings are of one role and one member, the same in many of them.
 */
export class SharedValues {
  readonly #texts = new Map<string, string>();
  readonly #bindings = new Map<string, Map<string, Binding>>();

  text(text: string): string {
    const stored = this.#texts.get(text);
    if (stored !== undefined) return stored;
    this.#texts.set(text, text);
    return text;
  }

  /** A binding that always holds. */
  binding(role: string, members: readonly string[]): Binding {
    const [only] = members;
    if (only === undefined || members.length > 1) return this.#newBinding(role, members);
    let ofRole = this.#bindings.get(role);
    if (ofRole === undefined) {
      ofRole = new Map();
      this.#bindings.set(role, ofRole);
    }
    let binding = ofRole.get(only);
    if (binding === undefined) {
      binding = this.#newBinding(role, members);
      ofRole.set(only, binding);
    }
    return binding;
  }

  #newBinding(role: string, members: readonly string[]): Binding {
    return { role: this.text(role), members: members.map((member) => this.text(member)), condition: null };
  }
}
