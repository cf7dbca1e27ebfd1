import type { Digest } from '../../shared/core/digest.ts';
import type { PullSubscription } from '../pull-subscription.ts';
import type { Estate, EstateProject } from './estate.ts';
import type { StandInImage } from './image-records.ts';
import { type ApiReply, denied } from './reply.ts';
import type { Workloads } from './workload.ts';

/** A stored object, such as a policy file. */
export interface StoredContent {
  readonly content: string;
  /** The object's own metadata: `{"git-revision": "…"}`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What can be published to and pulled from. */
export interface StandInTopics {
  readonly publish: (topic: string, data: string, attributes: Readonly<Record<string, string>>) => void;
  /** The topic of each subscription. */
  readonly topicOf: Readonly<Record<string, string>>;
  readonly pulled: Readonly<Record<string, PullSubscription>>;
}

/** What the stand-ins know and how they behave. */
export interface GoogleApisOptions {
  readonly estate: Estate;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** What objects are dated with, in milliseconds since 1970. */
  readonly now: number;
  /**
   * What is answered with 403: a project (all of it), a service account's email (its keys) or `policy of` it,
   * a bucket, a repository's full name (its policy), a location, a role, a folder or an organisation or
   * `policy of`, `projects below` or `folders below` one, a group's address, a constraint, `project`,
   * `ancestry`, `project policy`, `account activity`, `group members`, or a service by the first part of its host.
   */
  readonly denied?: readonly string[];
  /** Objects by bucket and name. */
  readonly objects?: Readonly<Record<string, Readonly<Record<string, StoredContent>>>>;
  /** Topics and subscriptions, by their full names. */
  readonly topics?: StandInTopics;
  /** What runs. */
  readonly workloads?: Workloads;
  /** Where tags are made, by the project's, repository's and image's names. */
  readonly createTag?: (name: string, tag: string, digest: Digest) => 'created' | 'exists' | 'absent';
  /** How long each answer takes; 0 where left out. */
  readonly latencyMs?: number;
  /** Images by the full name of their package: `projects/P/locations/L/repositories/R/packages/IMAGE`. */
  readonly images?: Readonly<Record<string, StandInImage>>;
  /** The most items on a page, to see paging with few of them. Google's own limits by default. */
  readonly pageSizeMax?: number;
}

/** One request, as a route gets it. */
export interface Request {
  readonly estate: Estate;
  readonly options: GoogleApisOptions;
  /** The values in the path, in their order. */
  readonly values: readonly string[];
  readonly query: URLSearchParams;
  readonly body: string;
  /** The service account whose token the request bears; null for whoever asks as himself. */
  readonly account: string | null;
}

/** One method of one API. */
export interface Route {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Over the raw path: values are decoded one by one, as they may hold slashes. */
  readonly pattern: RegExp;
  readonly permission: string;
  /** The names that this request is refused by. */
  subjects(values: readonly string[]): readonly string[];
  reply(request: Request): ApiReply;
}

/** One value in a path. A colon that belongs to a name comes escaped; a plain one begins a verb. */
export const V = '([^/:]+)';

/** Most of Google's lists have this limit. */
const PAGE_MAX = 1000;

/**
 * The most items on a page of this reply.
 * @param sizeMax what Google's own API has as its limit
 */
export function pageMax({ options }: Request, sizeMax: number = PAGE_MAX): number {
  return Math.min(sizeMax, options.pageSizeMax ?? sizeMax);
}

/** Answers for the project that the path names first. */
export function forProject(request: Request, reply: (project: EstateProject) => ApiReply): ApiReply {
  const [name = ''] = request.values;
  const project = request.estate.projects.find((each) => each.project === name);
  // Google does not tell a project that is missing from one that the caller may not see.
  return project === undefined ? denied('resourcemanager.projects.get', `projects/${name}`) : reply(project);
}
