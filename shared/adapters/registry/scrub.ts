/** Texts that look like a credential whatever their origin: bearer and basic headers, Google tokens, JWTs, keys. */
const CREDENTIAL_LOOKS: readonly RegExp[] = [
  /\b(?:bearer|basic)\s+[\w.~+/=-]{8,}/giu,
  /\bya29\.[\w.-]+/gu,
  /\beyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?/gu,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*/gu,
];

/** A shorter form than this, other than the secret as it is, stands in too many innocent texts. */
const FORM_LENGTH_MIN = 6;

/**
 * The base64 of a secret as it stands within that of a longer text (`USER:SECRET`): it differs by where the
 * secret begins, and the characters at its edges belong to its neighbours too.
 */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]).toString('base64');
    return encoded.slice(shift === 0 ? 0 : 4, -4);
  });
}

/** The forms in which a server may say back what it was sent: as it is, or as a URL, a form, JSON or base64 has it. */
function formsOf(secret: string): string[] {
  const base64 = base64Forms(secret);
  const escaped = [
    encodeURIComponent(secret.toWellFormed()),
    new URLSearchParams({ _: secret }).toString().slice('_='.length),
  ];
  const encoded = [
    ...escaped,
    ...escaped.map((text) => text.replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase())),
    JSON.stringify(secret).slice(1, -1),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
  return [secret, ...encoded.filter((form) => form.length >= FORM_LENGTH_MIN)];
}

/** Replaces every given secret in each of its forms, and whatever looks like one, by `[secret]`. */
export function scrub(text: string, secrets: readonly string[]): string {
  let clean = text;
  const forms = new Set(secrets.filter((secret) => secret !== '').flatMap(formsOf));
  // Longest first: one may be a part of another.
  for (const form of [...forms].sort((a, b) => b.length - a.length))
    clean = clean.replaceAll(form, '[secret]');
  for (const look of CREDENTIAL_LOOKS) clean = clean.replace(look, '[secret]');
  return clean;
}
