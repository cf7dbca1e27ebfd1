// Written by node tools/policy-schema.ts from the tables that the parser reads by. Not edited by hand.

/** A length of time, such as `36h` or `7d`. */
export type Age = `${number}${'m' | 'h' | 'd' | 'w'}`;

/** A size, such as `500MB` or `2GiB`. */
export type Size = `${number}${'B' | 'kB' | 'KB' | 'MB' | 'GB' | 'TB' | 'KiB' | 'MiB' | 'GiB' | 'TiB'}`;

/** A share, such as `25%`. */
export type Share = `${number}%`;

type AtLeastOne<T, K extends keyof T> = T & { [P in K]: Required<Pick<T, P>> }[K];

type ExactlyOne<T, K extends keyof T> = Omit<T, K> &
  { [P in K]: Required<Pick<T, P>> & { readonly [Q in Exclude<K, P>]?: never } }[K];

/** What the rule keeps: all conditions are required. */
export type KeepRule = {
  /** Every image. Needed where a rule is meant to narrow nothing. */
  readonly all?: true;
  /** tagged: has at least one tag. untagged: has none. */
  readonly state?: "tagged" | "untagged";
  /** Is a signature, an attestation or another referrer of something that is gone, and has no tag of its own. */
  readonly orphaned?: true;
  /** Has tags that match: exactly one kind of pattern, and whether any or all tags have to match. */
  readonly tags?: ExactlyOne<{
    /** Tags that match the whole of it; `*` is any text, `?` any one character. One or a list. */
    readonly glob?: string | readonly (string)[];
    /** Tags in which this RE2 regular expression is found; anchor it with ^ and $. One or a list. */
    readonly regex?: string | readonly (string)[];
    /** Tags that begin with it. One or a list. */
    readonly prefix?: string | readonly (string)[];
    /** Tags that are whole versions, with or without v, in this range (as npm writes them). One or a list. */
    readonly semver?: string | readonly (string)[];
    /** Tags that are exactly this. One or a list. */
    readonly exact?: string | readonly (string)[];
    /** any: one tag that matches is enough. all: there are tags and every one matches. Default: any in keep rules, all in delete rules, so that an image that also bears another tag stays. */
    readonly match?: "any" | "all";
  }, 'glob' | 'regex' | 'prefix' | 'semver' | 'exact'>;
  /** Uploaded to this registry longer ago than this. */
  readonly olderThan?: Age;
  /** Uploaded to this registry within this time. */
  readonly newerThan?: Age;
  /** Has no tag, and has had none for longer than this. */
  readonly untaggedFor?: Age;
  /** Was given its youngest tag within this time. */
  readonly taggedWithin?: Age;
  /** Was pulled within this time. */
  readonly pulledWithin?: Age;
  /** Was not pulled for longer than this. */
  readonly notPulledFor?: Age;
  /** Is in use: a workload of a connected cluster or service names it. */
  readonly inUse?: true;
  /** Is one of these. One or a list. */
  readonly digests?: `sha256:${string}` | readonly (`sha256:${string}`)[];
  /** Is larger than this; shared layers are counted. MB are 1000 kB, MiB are 1024 KiB. */
  readonly largerThan?: Size;
  /** Has one of these media types or artifact types. One or a list. */
  readonly mediaTypes?: string | readonly (string)[];
  /** Of the images that meet the conditions, only so many: the newest of each group. */
  readonly newest?: number;
  /** What makes an image newer for `newest`: its upload, or its version (needs tags.semver). Default: upload. */
  readonly by?: "upload" | "semver";
  /** What `newest` counts within: the repository, the major or minor version (needs tags.semver), or a named group of tags.regex. Default: repository. */
  readonly per?: string;
  /** The rule ends after this day (in every time zone) or at this time; afterwards it says nothing. For an incident or a freeze. */
  readonly until?: string;
};

/** What the rule deletes: all conditions are required. */
export type DeleteRule = {
  /** Every image. Needed where a rule is meant to narrow nothing. */
  readonly all?: true;
  /** tagged: has at least one tag. untagged: has none. */
  readonly state?: "tagged" | "untagged";
  /** Is a signature, an attestation or another referrer of something that is gone, and has no tag of its own. */
  readonly orphaned?: true;
  /** Has tags that match: exactly one kind of pattern, and whether any or all tags have to match. */
  readonly tags?: ExactlyOne<{
    /** Tags that match the whole of it; `*` is any text, `?` any one character. One or a list. */
    readonly glob?: string | readonly (string)[];
    /** Tags in which this RE2 regular expression is found; anchor it with ^ and $. One or a list. */
    readonly regex?: string | readonly (string)[];
    /** Tags that begin with it. One or a list. */
    readonly prefix?: string | readonly (string)[];
    /** Tags that are whole versions, with or without v, in this range (as npm writes them). One or a list. */
    readonly semver?: string | readonly (string)[];
    /** Tags that are exactly this. One or a list. */
    readonly exact?: string | readonly (string)[];
    /** any: one tag that matches is enough. all: there are tags and every one matches. Default: any in keep rules, all in delete rules, so that an image that also bears another tag stays. */
    readonly match?: "any" | "all";
  }, 'glob' | 'regex' | 'prefix' | 'semver' | 'exact'>;
  /** Uploaded to this registry longer ago than this. */
  readonly olderThan?: Age;
  /** Uploaded to this registry within this time. */
  readonly newerThan?: Age;
  /** Has no tag, and has had none for longer than this. */
  readonly untaggedFor?: Age;
  /** Was given its youngest tag within this time. */
  readonly taggedWithin?: Age;
  /** Was pulled within this time. */
  readonly pulledWithin?: Age;
  /** Was not pulled for longer than this. */
  readonly notPulledFor?: Age;
  /** Is one of these. One or a list. */
  readonly digests?: `sha256:${string}` | readonly (`sha256:${string}`)[];
  /** Is larger than this; shared layers are counted. MB are 1000 kB, MiB are 1024 KiB. */
  readonly largerThan?: Size;
  /** Has one of these media types or artifact types. One or a list. */
  readonly mediaTypes?: string | readonly (string)[];
  /** What the rule names is marked and announced first, and goes after this time. A pull, a push, a hold or coming into use ends it; what is not known of that keeps it. */
  readonly quarantine?: Age;
  /** What need not be known during the quarantine, where nobody can tell it: pulls, inUse. One or a list. Default: both have to be known. */
  readonly quarantineWithout?: "pulls" | "inUse" | readonly ("pulls" | "inUse")[];
};

/** A retention policy. Keep beats delete, and what no rule names is kept. */
export type PolicyDocument = AtLeastOne<{
  /** The version of the policy language. */
  readonly apiVersion: "gcr-warden/v1";
  /** The name of the policy, unique among all policies that run together. */
  readonly policy: string;
  /** The repositories that the policy is for, as HOST/NAME: `*` stays within a component, `**` crosses, `!` before a pattern excludes. */
  readonly repositories: string | readonly (string)[];
  /** When the policy runs by itself. Without schedule and onPush it runs only when asked. */
  readonly schedule?: {
    /** When the policy runs: minute, hour, day of month, month, day of week. */
    readonly cron: string;
    /** The IANA time zone that the cron expression is meant in. Default: UTC. */
    readonly timeZone?: string;
  };
  /** The policy also runs for a repository that was pushed to, once its pushes have settled. Without it pushes set nothing going. */
  readonly onPush?: {
    /** The run follows once nobody has pushed for so long. */
    readonly settle: Age;
    /** It follows so long after the first push at the latest. Default: 2h, or settle where that is longer. */
    readonly atMost?: Age;
  };
  /** plan: only says what it would delete. enforce: deletes. Default: plan. */
  readonly mode?: "plan" | "enforce";
  /** Which in-use sources are enough for inUse. complete: at least one that answers completely. best-effort: those that may be some minutes behind, too. Default: complete. */
  readonly trustInUse?: "complete" | "best-effort";
  /** For every delete rule that does not say it itself. What the rule names is marked and announced first, and goes after this time. A pull, a push, a hold or coming into use ends it; what is not known of that keeps it. */
  readonly quarantine?: Age;
  /** For every delete rule with the quarantine of the policy. What need not be known during the quarantine, where nobody can tell it: pulls, inUse. One or a list. Default: both have to be known. */
  readonly quarantineWithout?: "pulls" | "inUse" | readonly ("pulls" | "inUse")[];
  /** How much one run may take from one repository. Over a limit, the run stops before its first delete. */
  readonly limits?: {
    /** At most this many manifests of one repository in one run. Default: 500. */
    readonly digests?: number;
    /** At most this share of one repository's manifests in one run. Default: 50%. */
    readonly share?: Share;
    /** At most this much of one repository in one run; shared layers are counted for each image. Default: no limit. */
    readonly size?: Size;
    /** At most this many manifests a day (in UTC) over all repositories together. Default: no limit. */
    readonly perDay?: number;
    /** How much may go on one day from everything in one repository of Artifact Registry, over all of its images. Default: no limit. */
    readonly repository?: {
      /** At most this many manifests a day (in UTC). */
      readonly perDay?: number;
      /** At most this much a day (in UTC); shared layers are counted for each image. */
      readonly sizePerDay?: Size;
      /** At most this share of its manifests a day (in UTC), of as many as runs counted there in the last 35 days. */
      readonly sharePerDay?: Share;
    };
    /** How much may go on one day from everything in one project. Default: no limit. */
    readonly project?: {
      /** At most this many manifests a day (in UTC). */
      readonly perDay?: number;
      /** At most this much a day (in UTC); shared layers are counted for each image. */
      readonly sizePerDay?: Size;
      /** At most this share of its manifests a day (in UTC), of as many as runs counted there in the last 35 days. */
      readonly sharePerDay?: Share;
    };
    /** Days on which nothing goes: the first and the last, with a slash between them. One or a list. */
    readonly freeze?: string | readonly (string)[];
    /** Whether the last image of a repository may go. Default: false. */
    readonly mayEmpty?: boolean;
  };
  /** How long what is deleted is kept in the ledger, so that it can be restored; off for not at all. Default: 30d. */
  readonly undo?: Age | "off";
  /** Whom to ask about the policy; reports show it. */
  readonly owner?: string;
  /** Why the policy exists; reports show it. */
  readonly reason?: string;
  /** Rules that keep. Keep beats delete, and the order of rules never matters. */
  readonly keep?: readonly ({ readonly [name: string]: KeepRule })[];
  /** Rules that delete. What no rule names is kept. */
  readonly delete?: readonly ({ readonly [name: string]: DeleteRule })[];
}, 'keep' | 'delete'>;
