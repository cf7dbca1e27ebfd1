/**
 * The one error class of the project. `code` is a literal that `docs/errors.md` explains; the message names
 * what happened, to what, and what the reader can do. Never put a credential or a response body that may
 * hold one into a message or a field.
 */
export class WardenError<Code extends string = string> extends Error {
  override readonly name = 'WardenError';
  readonly code: Code;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;

  constructor(code: Code, message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
