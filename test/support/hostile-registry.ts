import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a request brought, in every form in which a hostile or careless server could say it back. */
function echoOf(incoming: IncomingMessage, body: string): string {
  const authorization = incoming.headers.authorization ?? '';
  const basic = /^Basic (.*)$/.exec(authorization)?.[1] ?? '';
  const decoded = Buffer.from(basic, 'base64').toString('utf8');
  const form = [...new URLSearchParams(body)].map(([name, value]) => `${name}: ${value}`).join(' ');
  // The token alone too: with its scheme before it, it is scrubbed for its looks.
  const bare = authorization.replace(/^\w+ /, '');
  return [authorization, bare, decoded, encodeURIComponent(decoded), body, form].join(' | ');
}

/** How a server misbehaves once it has been sent something. */
export const HOSTILITIES = [
  'echoes with 400',
  'echoes with 401',
  'echoes with 403',
  'echoes with 404',
  'echoes with 500',
  'echoes in rubbish',
  'redirects with what it was sent',
  'breaks off with what it was sent',
] as const;

export type Hostility = (typeof HOSTILITIES)[number];

/** Answers a request in the way asked for; everything that it says holds what it was sent. */
export function answerHostile(
  hostility: Hostility,
  incoming: IncomingMessage,
  body: string,
  reply: ServerResponse,
): void {
  const echo = echoOf(incoming, body);
  const line = encodeURIComponent(echo).slice(0, 4_000);
  switch (hostility) {
    case 'echoes in rubbish':
      reply.writeHead(200, { 'content-type': 'application/json' }).end(`{"errors": ${echo}`);
      return;
    case 'redirects with what it was sent':
      reply.writeHead(307, { location: `https://elsewhere.example/?token=${line}` }).end(echo);
      return;
    case 'breaks off with what it was sent':
      reply.socket?.end(`${echo}\r\n\r\n`);
      return;
    default: {
      const status = Number(hostility.split(' ').at(-1));
      const said = {
        // As registries say it, as Google's APIs do, and as OAuth does.
        errors: [
          { code: 'DENIED', message: `not with ${echo}`, detail: { sent: echo } },
          { code: 'UNKNOWN', message: echo.slice(3) },
        ],
        error: { code: status, message: `not with ${echo}`, status: 'PERMISSION_DENIED' },
        error_description: echo,
      };
      reply
        .writeHead(status, {
          'content-type': 'application/json',
          'www-authenticate': `Bearer realm="https://elsewhere.example/${line}",service="${line.slice(0, 200)}"`,
          link: `<https://elsewhere.example/?token=${line}>; rel="next"`,
        })
        .end(JSON.stringify(said));
    }
  }
}
