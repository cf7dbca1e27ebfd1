/**
 * The same numbers with room for more, in the same memory where that is possible. The array given is empty
 * afterwards: what a listing has outgrown is free at once, and not when somebody collects it.
 */
export function widened(column: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(column.buffer.transfer(length * Uint32Array.BYTES_PER_ELEMENT));
}

/** As `widened`, for numbers that are not whole, or larger. */
export function widenedFloats(column: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  return new Float64Array(column.buffer.transfer(length * Float64Array.BYTES_PER_ELEMENT));
}

/** As `widened`, for numbers up to 255. */
export function widenedBytes(column: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(column.buffer.transfer(length));
}

/** Gives the memory of numbers back that nobody needs any more. */
export function release(column: { readonly buffer: ArrayBuffer }): void {
  column.buffer.transfer(0);
}

/** How long a column is to be that has become too short: half as much again. */
export function nextLength(length: number): number {
  return Math.ceil((length * 3) / 2);
}
