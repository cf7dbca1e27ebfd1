import type { AuditCase } from './check.ts';
import { convenienceOf, isPublic, isServiceAgent } from './member.ts';

/** Whether somebody belongs to the organisation that the project is in. */
export type Whose =
  | { readonly kind: 'own' }
  | { readonly kind: 'outside'; readonly why: string }
  /** Nobody can say by what was read; `ofAll`: of anybody who has a domain. */
  | { readonly kind: 'unclear'; readonly why: string; readonly ofAll?: true };

const OWN: Whose = { kind: 'own' };

/** Accounts of Google's that anybody can open: no organisation has these domains. */
const CONSUMER = ['gmail.com', 'googlemail.com'];

/**
 * Says whether a member belongs to the organisation, by its primary domain and the project's own names
 * (https://cloud.google.com/iam/docs/principal-identifiers). Everybody at once is no member of anything, and
 * belongs to the check of public access: `own` here.
 */
export function whoseIs(written: string, audit: AuditCase): Whose {
  const member = withoutDeletion(written);
  if (isPublic(member) || isServiceAgent(member)) return OWN;
  const colon = member.indexOf(':');
  const kind = member.slice(0, colon);
  const name = member.slice(colon + 1);
  switch (kind) {
    case 'user':
    case 'group':
      return ofDomain(name.slice(name.lastIndexOf('@') + 1), audit);
    case 'domain':
      return ofDomain(name, audit);
    case 'serviceAccount':
      return ofAccount(name, audit);
    case 'projectOwner':
    case 'projectEditor':
    case 'projectViewer':
      return ofProject(convenienceOf(member)?.project ?? '', audit);
    case 'principal':
    case 'principalSet':
      return ofPrincipal(name, audit);
    default:
      return { kind: 'unclear', why: 'it is a kind of member that is not known here' };
  }
}

/** The same, asked once of each member: many policies name the same ones. */
export function whoseOnce(audit: AuditCase): (member: string) => Whose {
  const known = new Map<string, Whose>();
  return (member) => {
    let whose = known.get(member);
    if (whose === undefined) {
      whose = whoseIs(member, audit);
      known.set(member, whose);
    }
    return whose;
  };
}

/** A deleted account can come back: whose it was is whose it is. */
function withoutDeletion(member: string): string {
  if (!member.startsWith('deleted:')) return member;
  return member.slice('deleted:'.length).replace(/\?uid=.*$/, '');
}

function ofDomain(domain: string, { replies: { organization } }: AuditCase): Whose {
  const lower = domain.toLowerCase();
  if (organization.kind === 'unknown') {
    return {
      kind: 'unclear',
      why: `the organisation could not be read: ${organization.reason}`,
      ofAll: true,
    };
  }
  if (organization.value === null) {
    return {
      kind: 'unclear',
      why: 'the project is in no organisation, so nobody is inside or outside of it',
      ofAll: true,
    };
  }
  const own = organization.value.domain.toLowerCase();
  if (own === '') return { kind: 'unclear', why: 'the domain of the organisation is not said', ofAll: true };
  if (lower === own) return OWN;
  return {
    kind: 'outside',
    why: CONSUMER.includes(lower)
      ? 'a private account of Google'
      : `${domain} is not ${organization.value.domain}, the domain of the organisation`,
  };
}

const ACCOUNT_HOSTS =
  /^(?:[^@]+@(?<project>[^@]+)\.iam\.gserviceaccount\.com|(?<number>\d+)-compute@developer\.gserviceaccount\.com|(?<app>[^@]+)@appspot\.gserviceaccount\.com|(?<pool>.+)\.svc\.id\.goog\[.*\])$/;

function ofAccount(name: string, audit: AuditCase): Whose {
  const { project, number, app, pool } = ACCOUNT_HOSTS.exec(name)?.groups ?? {};
  if (number !== undefined) return ofNumber(number, audit);
  const named = project ?? app ?? pool;
  if (named === undefined)
    return { kind: 'unclear', why: 'its name does not say which project it belongs to' };
  // `p.example.com.iam.gserviceaccount.com` is an account of the domain-scoped project `example.com:p`.
  const own = audit.replies.project;
  const [domain, id] = own.includes(':') ? own.split(':') : [null, own];
  return named === own || (domain !== null && named === `${id}.${domain}`) ? OWN : ofProject(named, audit);
}

function ofProject(project: string, { replies }: AuditCase): Whose {
  if (project === replies.project) return OWN;
  return { kind: 'unclear', why: `whether project ${project} is in the organisation was not read` };
}

function ofNumber(number: string, { replies: { identity } }: AuditCase): Whose {
  if (identity.kind === 'known' && identity.value.number === number) return OWN;
  return { kind: 'unclear', why: `whether project ${number} is in the organisation was not read` };
}

function ofPrincipal(name: string, audit: AuditCase): Whose {
  const person = /^\/\/goog\/(?:subject|group)\/.*@(?<domain>[^@/]+)$/.exec(name)?.groups?.['domain'];
  if (person !== undefined) return ofDomain(person, audit);
  const { organization } = audit.replies;
  const own = organization.kind === 'known' ? organization.value : null;
  const customer = /^\/\/goog\/cloudIdentityCustomerId\/(?<id>.+)$/.exec(name)?.groups?.['id'];
  if (customer !== undefined && own?.customerId !== null && own !== null) {
    return customer === own.customerId
      ? OWN
      : { kind: 'outside', why: `customer ${customer} is not ${own.customerId}, the organisation's own` };
  }
  const number = /^\/\/(?:iam|cloudresourcemanager)\.googleapis\.com\/projects\/(?<number>\d+)(?:\/|$)/.exec(
    name,
  )?.groups?.['number'];
  if (number !== undefined) return ofNumber(number, audit);
  const above = /^\/\/cloudresourcemanager\.googleapis\.com\/(?<name>organizations\/\d+)(?:\/|$)/.exec(name)
    ?.groups?.['name'];
  if (above !== undefined && own !== null) {
    return above === own.name ? OWN : { kind: 'outside', why: `${above} is another organisation` };
  }
  return { kind: 'unclear', why: 'where it comes from was not read' };
}
