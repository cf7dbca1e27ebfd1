/**
 * What the local registry accepts at most. It serves one machine: the limits are far above what a person
 * pushes and keep a client that has run wild from filling the memory.
 */
export const LIMITS = {
  /** The distribution specification asks registries to take at least 4 MiB; Google takes no more. */
  manifestBytes: 4 * 1024 * 1024,
  /** Manifests are held in memory: this is what all of them may take together. */
  manifestBytesTotal: 1024 * 1024 * 1024,
  /** Names are held in memory too. */
  repositories: 100_000,
  blobBytes: 10 * 1024 * 1024 * 1024,
  /** Each open upload holds a file handle. */
  openUploads: 256,
  /** An upload that received nothing for so long makes room for another. */
  uploadIdleMs: 60 * 60 * 1000,
  /** The part of a config blob that is read for its created time; a larger one has none. */
  configBytes: 1024 * 1024,
  headerBytes: 16 * 1024,
  /** Path and query; names have at most 255 characters and tokens do not travel in it. */
  urlLength: 4096,
  /** What is still read of a body that is too large, so that the client sees the answer and not a reset. */
  discardBytes: 64 * 1024 * 1024,
  connections: 512,
  /** From the first byte to the last of one request; a large layer may come from a slow source. */
  requestMs: 30 * 60 * 1000,
  headersMs: 15 * 1000,
  /** How long a push waits for its notification to be taken. */
  notifyMs: 10 * 1000,
} as const;
