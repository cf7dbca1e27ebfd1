import { type BuiltManifest, buildImage, buildIndex } from '../../local/registry/image.ts';
import type { LocalRegistry, Notification } from '../../local/registry/index.ts';
import type { Digest } from '../../shared/core/digest.ts';
import type { Descriptor } from '../../shared/core/manifest.ts';
import { parseImageReference, type Repository } from '../../shared/core/reference.ts';
import { OTHERS, type Told, type WorldEvent } from './event.ts';

/** What a manifest is made of, for whoever judges what may go. */
export interface Relations {
  readonly children: readonly Digest[];
  /** What it is about: by its `subject`, or by the tag of a signature. */
  readonly subject: Digest | null;
}

const NO_RELATIONS: Relations = { children: [], subject: null };

/**
 * One repository with everything that happens to it. The registry tells every change in its order; what others
 * do is known because they announce it.
 */
export class World {
  readonly registry: LocalRegistry;
  readonly repository: Repository;
  readonly events: WorldEvent[] = [];
  readonly relations = new Map<Digest, Relations>();
  /** What runs, for everybody who asks. */
  readonly running = new Set<Digest>();
  nowMs: number;
  /** Changes that others announced and the registry has not told yet. */
  readonly #announced = new Map<string, number>();
  readonly #built = new Map<Digest, BuiltManifest>();
  #token: string | null = null;
  #blobs = false;

  constructor(registry: LocalRegistry, name: string, nowMs: number) {
    this.registry = registry;
    this.repository = { host: registry.host, name };
    this.nowMs = nowMs;
  }

  tell(event: Told): void {
    this.events.push({ ...event, atMs: this.nowMs } as WorldEvent);
  }

  /** Takes what the registry tells of this repository. */
  notified({ action, digest, tag }: Notification): void {
    const named = parseImageReference(digest ?? tag ?? '');
    const tagName = tag === undefined ? null : parseImageReference(tag).tag;
    const text = `${action} ${named.digest ?? ''} ${tagName ?? ''}`;
    const expected = this.#announced.get(text) ?? 0;
    if (expected > 0) this.#announced.set(text, expected - 1);
    const by = expected > 0 ? OTHERS : 'warden';
    if (action === 'INSERT') {
      if (named.digest !== null) this.tell({ kind: 'pushed', by, digest: named.digest, tag: tagName });
    } else if (tagName !== null) this.tell({ kind: 'untagged', by, tag: tagName });
    else if (named.digest !== null) this.tell({ kind: 'deleted', by, digest: named.digest });
  }

  /** Pushes an image that its text makes different from every other. */
  async push(text: string, tags: readonly string[], subject: Descriptor | null = null): Promise<Descriptor> {
    const built = buildImage({
      layers: [{ bytes: Buffer.from('layer') }],
      annotations: { text },
      ...(subject === null ? {} : { subject }),
    });
    if (!this.#blobs) await this.#pushBlobs(built);
    const relations = { children: [], subject: subject?.digest ?? null };
    return this.#put(built, tags, relations);
  }

  async pushIndex(
    text: string,
    tags: readonly string[],
    children: readonly Descriptor[],
  ): Promise<Descriptor> {
    const built = buildIndex({ children, annotations: { text } });
    return this.#put(built, tags, { children: children.map(({ digest }) => digest), subject: null });
  }

  /** Signs as cosign does: by a tag that is made from the digest. */
  async sign(image: Descriptor): Promise<Descriptor> {
    const tag = `${image.digest.replace(':', '-')}.sig`;
    const signature = await this.push(`signature of ${image.digest}`, [tag]);
    this.relations.set(signature.digest, { children: [], subject: image.digest });
    return signature;
  }

  /** Others give a manifest one more tag. */
  async tag(digest: Digest, tag: string): Promise<void> {
    const built = this.#built.get(digest);
    if (built !== undefined) await this.#put(built, [tag], this.relations.get(digest) ?? NO_RELATIONS);
  }

  /** Others push an index over a manifest. */
  async adopt(digest: Digest): Promise<void> {
    const built = this.#built.get(digest);
    if (built === undefined) return;
    const child = { mediaType: built.mediaType, digest, sizeBytes: built.bytes.length };
    await this.pushIndex(`adopted at ${this.events.length}`, [`adopted-${this.events.length}`], [child]);
  }

  /** What the registry shows to others now: digests with their tags, and what has none where it shows that. */
  async standing(): Promise<Readonly<Record<Digest, readonly string[]>>> {
    const found: Record<Digest, readonly string[]> = {};
    for (const digest of this.#built.keys()) {
      const reply = await this.#send('HEAD', `manifests/${digest}`);
      if (reply.status === 200) found[digest] = [];
    }
    const tags = this.events.flatMap((event) =>
      event.kind === 'pushed' && event.tag !== null ? [event.tag] : [],
    );
    for (const tag of new Set(tags)) {
      const reply = await this.#send('HEAD', `manifests/${tag}`);
      const digest = reply.headers.get('docker-content-digest') as Digest | null;
      if (reply.status === 200 && digest !== null) found[digest] = [...(found[digest] ?? []), tag];
    }
    return found;
  }

  /** Others take a tag or a digest away. */
  async remove(reference: string): Promise<void> {
    const isDigest = reference.startsWith('sha256:');
    const text = isDigest ? `DELETE ${reference} ` : `DELETE  ${reference}`;
    this.#announce(text);
    const reply = await this.#send('DELETE', `manifests/${reference}`);
    if (reply.status !== 202) this.#announced.delete(text);
  }

  async #put(built: BuiltManifest, tags: readonly string[], relations: Relations): Promise<Descriptor> {
    const { digest, mediaType, bytes } = built;
    this.relations.set(digest, relations);
    this.#built.set(digest, built);
    for (const reference of tags.length === 0 ? [digest] : tags) {
      this.#announce(`INSERT ${digest} ${tags.length === 0 ? '' : reference}`);
      const reply = await this.#send('PUT', `manifests/${reference}`, bytes, { 'content-type': mediaType });
      if (reply.status !== 201) throw new Error(`others could not push ${reference}: ${reply.status}`);
    }
    return { mediaType, digest, sizeBytes: bytes.length };
  }

  async #pushBlobs(built: BuiltManifest): Promise<void> {
    this.#blobs = true;
    for (const { digest, bytes } of built.blobs) {
      const reply = await this.#send('POST', `blobs/uploads/?digest=${digest}`, bytes, {
        'content-type': 'application/octet-stream',
      });
      if (reply.status !== 201) throw new Error(`others could not push a blob: ${reply.status}`);
    }
  }

  #announce(text: string): void {
    this.#announced.set(text, (this.#announced.get(text) ?? 0) + 1);
  }

  async #send(
    method: string,
    path: string,
    body?: Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const { name } = this.repository;
    const origin = `http://${this.registry.host}`;
    for (;;) {
      if (this.#token === null) {
        const query = `service=${this.registry.host}&scope=repository:${name}:pull,push`;
        const reply = await fetch(`${origin}/v2/token?${query}`);
        this.#token = ((await reply.json()) as { token: string }).token;
      }
      const reply = await fetch(`${origin}/v2/${name}/${path}`, {
        method,
        headers: { ...headers, authorization: `Bearer ${this.#token}` },
        ...(body === undefined ? {} : { body: Buffer.from(body) }),
      });
      await reply.arrayBuffer();
      if (reply.status !== 401) return reply;
      this.#token = null;
    }
  }
}
