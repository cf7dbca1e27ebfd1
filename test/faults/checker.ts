import type { Digest } from '../../shared/core/digest.ts';
import type { JournalEntry } from '../../shared/core/journal.ts';
import type { QuarantineMark } from '../../shared/core/quarantine-mark.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { type Actor, OTHERS, stepText, type WorldEvent } from './event.ts';
import type { Schedule } from './schedule.ts';
import type { Relations } from './world.ts';

/** All that the checker knows: what happened, and how it ended. */
export interface Evidence {
  readonly schedule: Schedule;
  readonly events: readonly WorldEvent[];
  readonly relations: ReadonlyMap<Digest, Relations>;
  /** What stands in the registry at the end, with its tags. */
  readonly standing: Readonly<Record<Digest, readonly string[]>>;
  readonly journal: readonly JournalEntry[];
  /** What was in quarantine. */
  readonly marks: readonly QuarantineMark[];
  /** What stands after everything that runs took was brought back. */
  readonly restored: Readonly<Record<Digest, readonly string[]>>;
  /** Intents without an outcome at the end. */
  readonly openIntents: number;
  /** Whether the runs without faults at the end came to rest. */
  readonly cameToRest: boolean;
  /** Processes that died on their way. */
  readonly crashes: number;
  /** Requests that one process may have under way. */
  readonly concurrency: number;
}

const UNTAGGED_FOR_MS = 7 * DAY_MS;
const OLDER_THAN_MS = 14 * DAY_MS;

/** What a manifest is like at one moment. */
interface Standing {
  readonly uploadedAtMs: number;
  /** Its tags, as if the processes under test had taken none away: what others left it with. */
  readonly tags: Set<string>;
  /** Since when others have left it without a tag. */
  untaggedSinceMs: number;
  /** The number of the event that did. */
  untaggedAt: number;
}

/**
 * Says what went wrong in a case; nothing where all was as it must be. Judges by a second, naive reading of the
 * policy that all cases have: untagged for more than 7 days, or nothing but `pr-*` tags and older than 14.
 */
export function violations(evidence: Evidence): string[] {
  return [
    ...wrongDeletions(evidence),
    ...wrongOrder(evidence),
    ...wrongLimits(evidence),
    ...wrongJournal(evidence),
    ...wrongRestore(evidence),
    ...(evidence.cameToRest ? [] : ['the runs without faults did not come to rest']),
    ...(evidence.openIntents === 0 ? [] : [`${evidence.openIntents} intents have no outcome`]),
  ];
}

/** Replays what happened and looks at each deletion at its moment. */
function wrongDeletions(evidence: Evidence): string[] {
  const { schedule, events, relations } = evidence;
  const found: string[] = [];
  const standing = new Map<Digest, Standing>();
  const running = new Map<Digest, number>();
  const held = new Set<Digest>();
  const toldAt = new Map<Actor, number>();
  /** When a process looked last at a tag, or at all tags. */
  const lookedAt = new Map<string, number>();
  /** When a process read the listing that it planned by. */
  const listedAt = new Map<Actor, number>();
  /** What a step of a process was meant for. */
  const intended = new Map<string, Digest>();
  /** Who sent a step last. */
  const senders = new Map<string, Actor>();
  /** Tags that were taken from what somebody had moved them to in that very moment. */
  const lostTags: string[] = [];
  const changedAt = new Map<string, number>();
  const pushedAt = new Map<Digest, { readonly at: number; readonly atMs: number }[]>();
  let firstListedMs = Number.POSITIVE_INFINITY;
  const holderOf = (tag: string): Digest | undefined =>
    [...standing].find(([, { tags }]) => tags.has(tag))?.[0];
  const loseTag = (tag: string, atMs: number, at: number): void => {
    const holder = holderOf(tag);
    const one = holder === undefined ? undefined : standing.get(holder);
    if (one === undefined) return;
    one.tags.delete(tag);
    if (one.tags.size > 0) return;
    one.untaggedSinceMs = atMs;
    one.untaggedAt = at;
  };
  for (const [at, event] of events.entries()) {
    const { atMs } = event;
    switch (event.kind) {
      case 'pushed': {
        const { digest, tag } = event;
        if (tag !== null && holderOf(tag) !== digest) loseTag(tag, atMs, at);
        const one = standing.get(digest) ?? {
          uploadedAtMs: atMs,
          tags: new Set(),
          untaggedSinceMs: atMs,
          untaggedAt: at,
        };
        standing.set(digest, one);
        if (tag !== null) {
          one.tags.add(tag);
          changedAt.set(tag, at);
        }
        for (const one of [digest, ...childrenOf(digest)]) changedAt.set(one, at);
        pushedAt.set(digest, [...(pushedAt.get(digest) ?? []), { at, atMs }]);
        break;
      }
      case 'untagged':
        if (event.by === OTHERS) loseTag(event.tag, atMs, at);
        else {
          const by = senders.get(`untag ${event.tag}`) ?? '';
          const holder = holderOf(event.tag);
          if (holder === undefined) break;
          const looked = lookedAt.get(`${by} ${event.tag}`);
          const isMovedSince = looked !== undefined && (changedAt.get(event.tag) ?? -1) > looked;
          const planned = intended.get(`${by} untag ${event.tag}`);
          if (isMovedSince) lostTags.push(event.tag);
          if (isMovedSince || (planned === holder && isClaimedSince(holder, listedAt.get(by) ?? -1))) break;
          const kept = keptBecause(holder, atMs, listedAt.get(by) ?? -1);
          if (kept !== null) found.push(`tag ${event.tag} was taken from ${holder}, ${kept}`);
        }
        break;
      case 'deleted': {
        const { digest } = event;
        if (event.by !== OTHERS) {
          const by = senders.get(`delete ${digest}`) ?? '';
          const listed = listedAt.get(by) ?? -1;
          const looked = schedule.guard === 'plain' ? (lookedAt.get(`${by} all tags`) ?? -1) : at;
          const isUnseen = (changedAt.get(digest) ?? -1) > looked || isPartClaimedSince(digest, listed);
          const kept = isUnseen ? null : keptBecause(digest, atMs, listed);
          if (kept !== null) found.push(`${digest} was deleted, ${kept}`);
        }
        standing.delete(digest);
        break;
      }
      case 'looked':
        lookedAt.set(`${event.by} ${event.at}`, at);
        if (event.at === 'all tags' && !listedAt.has(event.by)) listedAt.set(event.by, at);
        if (event.at === 'all tags') firstListedMs = Math.min(firstListedMs, atMs);
        break;
      case 'intended':
        for (const { text, digest } of event.steps) intended.set(`${event.by} ${text}`, digest);
        break;
      case 'sent':
        senders.set(event.step, event.by);
        askedUnder(event.step.replace('delete ', '') as Digest, listedAt.get(event.by) ?? -1);
        break;
      case 'came into use':
        running.set(event.digest, at);
        break;
      case 'put on hold':
        held.add(event.digest);
        break;
      case 'told what runs':
        toldAt.set(event.by, at);
        break;
    }
  }
  for (const tag of lostTags) {
    const isThere = Object.values(evidence.standing).some((tags) => tags.includes(tag));
    // Whoever takes it away after it was put back wants it so.
    const wasThere = events.some(
      (event) => event.kind === 'pushed' && event.by !== OTHERS && event.tag === tag,
    );
    if (!isThere && !wasThere) found.push(`tag ${tag} was moved while it was removed, and is lost`);
  }
  return found;

  /** A registry that guards nothing would have let it go, and one that does is not there to be tried. */
  function askedUnder(digest: Digest, listed: number): void {
    const parent = [...standing.keys()].find((one) => childrenOf(one).includes(digest));
    if (parent === undefined || (changedAt.get(digest) ?? -1) > listed) return;
    found.push(`${digest} was to be deleted while the index ${parent} stood`);
  }

  function childrenOf(digest: Digest): readonly Digest[] {
    return relations.get(digest)?.children ?? [];
  }

  /** What stands and points at this, or is what this is about. */
  function above(digest: Digest): Digest[] {
    const parents = [...standing.keys()].filter((one) => childrenOf(one).includes(digest));
    const subject = relations.get(digest)?.subject ?? null;
    return subject !== null && standing.has(subject) ? [...parents, subject] : parents;
  }

  function roots(digest: Digest): Digest[] {
    const upper = above(digest);
    return upper.length === 0 ? [digest] : upper.flatMap(roots);
  }

  /** Everything that goes or stays with a root. */
  function artifact(root: Digest): Digest[] {
    const referrers = [...standing.keys()].filter((one) => relations.get(one)?.subject === root);
    return [root, ...[...childrenOf(root), ...referrers].flatMap(artifact)];
  }

  /**
   * Whether somebody gave it a tag or a parent after the plan. Before its tags nobody looks at a digest again:
   * the registry refuses its delete then, and that is when it shows.
   */
  function isClaimedSince(digest: Digest, listed: number): boolean {
    return roots(digest)
      .flatMap(artifact)
      .some((one) => (changedAt.get(one) ?? -1) > listed);
  }

  /** The same of another part of its artifact: what is about an image goes before it, and can't know. */
  function isPartClaimedSince(digest: Digest, listed: number): boolean {
    const own = changedAt.get(digest) ?? -1;
    return own <= listed && isClaimedSince(digest, listed);
  }

  /**
   * Why a manifest has to stay at this moment, or null. That others took its tags away after the plan, whose
   * listing was event number `listed`, protects nothing.
   */
  function keptBecause(digest: Digest, atMs: number, listed: number): string | null {
    for (const root of [...roots(digest), digest]) {
      const why = rootKeptBecause(root, atMs, listed);
      if (why !== null) return root === digest ? why : `a part of ${root}, ${why}`;
    }
    return null;
  }

  function rootKeptBecause(root: Digest, atMs: number, listed: number): string | null {
    for (const member of artifact(root)) {
      const since = running.get(member);
      if (since !== undefined && [...toldAt.values()].every((told) => told > since)) return 'which runs';
      if (held.has(member)) return 'which is on hold';
    }
    const one = standing.get(root);
    if (one === undefined) return null;
    const tags = [...one.tags].filter((tag) => !tag.startsWith('sha256-'));
    const other = tags.find((tag) => !tag.startsWith('pr-'));
    if (other !== undefined) return `which has the tag ${other}`;
    // Only what stands by itself is judged by its age; a part of something is judged with it.
    if (above(root).length > 0) return null;
    const graceMs = (schedule.quarantineDays ?? 0) * DAY_MS;
    // Marked at the first look at the earliest, and anew after each push that the plan can have seen.
    const pushes = artifact(root).flatMap((one) => pushedAt.get(one) ?? []);
    const seen = pushes.flatMap(({ at, atMs: pushedMs }) => (at <= listed ? pushedMs : []));
    const begunMs = Math.max(firstListedMs, ...seen);
    if (tags.length > 0 && graceMs > 0 && atMs - begunMs < graceMs) return 'which is in quarantine';
    if (tags.length > 0 && atMs - one.uploadedAtMs <= OLDER_THAN_MS) return 'which is young';
    const isUntaggedLately = atMs - one.untaggedSinceMs <= UNTAGGED_FOR_MS && one.untaggedAt <= listed;
    if (tags.length === 0 && isUntaggedLately) return 'which lost its tag lately';
    return null;
  }
}

/** Intents come before requests, cut listings and unknown uses end a run, and one process works at a time. */
function wrongOrder({ events, concurrency }: Evidence): string[] {
  const found: string[] = [];
  const intended = new Set<string>();
  const barred = new Map<Actor, string>();
  const overtaken = new Map<Actor, number>();
  let sender: Actor | null = null;
  for (const event of events) {
    switch (event.kind) {
      case 'intended':
        for (const { text } of event.steps) intended.add(`${event.by} ${text}`);
        break;
      case 'shown a cut listing':
        barred.set(event.by, 'was shown a cut listing');
        break;
      case 'told what runs':
        if (!event.isKnown) barred.set(event.by, 'was not told what runs');
        break;
      case 'sent': {
        const { by, step } = event;
        if (!intended.has(`${by} ${step}`)) found.push(`${by} sent "${step}" and had not written it down`);
        const why = barred.get(by);
        if (why !== undefined) found.push(`${by} sent "${step}" and ${why}`);
        if (sender !== by) {
          if (sender !== null && !overtaken.has(sender)) overtaken.set(sender, 0);
          if (!overtaken.has(by)) sender = by;
        }
        const late = overtaken.get(by);
        if (late !== undefined) overtaken.set(by, late + 1);
        if (late === concurrency) found.push(`${by} went on after ${sender} had taken over`);
        break;
      }
    }
  }
  return found;
}

function wrongLimits({ schedule, events }: Evidence): string[] {
  const { digests, perDay } = schedule.limits;
  const found: string[] = [];
  const sent = new Map<Actor, Set<string>>();
  const days = new Map<string, number>();
  const standing = new Set<Digest>();
  for (const event of events) {
    if (event.kind === 'pushed') standing.add(event.digest);
    if (event.kind === 'sent' && event.step.startsWith('delete ')) {
      const steps = sent.get(event.by) ?? new Set();
      sent.set(event.by, steps.add(event.step));
    }
    if (event.kind !== 'deleted') continue;
    standing.delete(event.digest);
    if (event.by === OTHERS) continue;
    if (standing.size === 0) found.push(`${event.digest} was the last one`);
    const day = new Date(event.atMs).toISOString().slice(0, 10);
    days.set(day, (days.get(day) ?? 0) + 1);
  }
  for (const [by, steps] of sent) {
    if (steps.size > digests) found.push(`${by} sent ${steps.size} deletions, and a run may take ${digests}`);
  }
  for (const [day, count] of days) {
    if (perDay !== null && count > perDay)
      found.push(`${count} went on ${day}, and a day may take ${perDay}`);
  }
  return found;
}

/** What went has an intent, and an outcome that does not deny it. */
function wrongJournal({ events, journal, standing }: Evidence): string[] {
  const found: string[] = [];
  const settled = new Set<string>();
  for (const { intent, settlement } of journal) {
    if (settlement !== null) settled.add(stepText(intent.step));
  }
  for (const event of events) {
    if ((event.kind !== 'deleted' && event.kind !== 'untagged') || event.by === OTHERS) continue;
    const step = event.kind === 'deleted' ? `delete ${event.digest}` : `untag ${event.tag}`;
    // A plain registry takes tags along with their digest; those steps are named by the tag all the same.
    if (!settled.has(step)) found.push(`"${step}" happened and has no outcome in the journal`);
  }
  for (const { intent, settlement } of journal) {
    if (settlement?.outcome.kind !== 'deleted' || intent.step.kind !== 'delete') continue;
    const { digest } = intent.step;
    const wasThere = events.some((event) => event.kind === 'deleted' && event.digest === digest);
    if (!wasThere || (standing[digest] !== undefined && !pushedAgain(events, digest))) {
      found.push(`the journal says that ${digest} was deleted, and it was not`);
    }
  }
  return found;
}

function pushedAgain(events: readonly WorldEvent[], digest: Digest): boolean {
  const deleted = events.findIndex((event) => event.kind === 'deleted' && event.digest === digest);
  return events.slice(deleted).some((event) => event.kind === 'pushed' && event.digest === digest);
}

/** Everything that went stands again, and every tag that went is somewhere: nothing was made over what stood. */
function wrongRestore({ events, standing, restored }: Evidence): string[] {
  const found: string[] = [];
  const goneTags = new Set<string>();
  for (const event of events) {
    if (event.kind === 'deleted' && event.by !== OTHERS && restored[event.digest] === undefined) {
      found.push(`${event.digest} was deleted, and did not come back`);
    }
    if (event.kind === 'untagged') {
      if (event.by === OTHERS) goneTags.delete(event.tag);
      else goneTags.add(event.tag);
    }
  }
  const tags = new Set(Object.values(restored).flat());
  for (const tag of goneTags) if (!tags.has(tag)) found.push(`tag ${tag} was taken, and did not come back`);
  for (const [digest, before] of Object.entries(standing) as [Digest, readonly string[]][]) {
    for (const tag of before) {
      if (restored[digest]?.includes(tag) !== true)
        found.push(`tag ${tag} was taken from ${digest} by a restore`);
    }
  }
  return found;
}
