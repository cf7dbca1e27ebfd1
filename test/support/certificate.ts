import { generateKeyPairSync, sign } from 'node:crypto';

/** A certificate that vouches for itself, and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** DER: a tag, a length, a content (ITU-T X.690, section 8.1). */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size =
    length < 128
      ? Buffer.from([length])
      : length < 256
        ? Buffer.from([0x81, length])
        : Buffer.from([0x82, length >> 8, length & 0xff]);
  return Buffer.concat([Buffer.from([tag]), size, content]);
}

const SEQUENCE = 0x30;
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const ECDSA_WITH_SHA256 = der(SEQUENCE, oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const SUBJECT_ALT_NAME = oid('551d11');
const BASIC_CONSTRAINTS = oid('551d13');
const TRUE = der(0x01, Buffer.from([0xff]));
const date = (text: string): Buffer => der(0x17, Buffer.from(text));

/**
 * Makes a certificate for these names (RFC 5280), good from 2020 to 2049. Made anew for each test, so that no
 * key lies in the repository.
 */
export function makeCertificate(names: readonly string[]): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = der(
    SEQUENCE,
    der(0x31, der(SEQUENCE, COMMON_NAME, der(0x0c, Buffer.from('gcr-warden tests')))),
  );
  const alternatives = der(SEQUENCE, ...names.map((one) => der(0x82, Buffer.from(one))));
  const toSign = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    name,
    der(SEQUENCE, date('200101000000Z'), date('491231235959Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      der(
        SEQUENCE,
        der(SEQUENCE, BASIC_CONSTRAINTS, TRUE, der(0x04, der(SEQUENCE, TRUE))),
        der(SEQUENCE, SUBJECT_ALT_NAME, der(0x04, alternatives)),
      ),
    ),
  );
  const signature = sign('sha256', toSign, privateKey);
  const whole = der(SEQUENCE, toSign, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature));
  const lines = (whole.toString('base64').match(/.{1,64}/g) ?? []).join('\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}
