/** A manifest of Docker's schema 1: what is signed, and the document as `docker push` of 2015 made of it, the signatures before the last brace. */
export function signedSchema1(name: string): { payload: string; document: string } {
  const payload = JSON.stringify({ schemaVersion: 1, name, tag: 'v1', fsLayers: [], history: [] }, null, 3);
  const formatLength = Buffer.byteLength(payload) - '\n}'.length;
  const formatTail = Buffer.from('\n}').toString('base64url');
  const protection = { formatLength, formatTail, time: '2015-09-01T00:00:00Z' };
  const signature = {
    header: { jwk: {}, alg: 'ES256' },
    signature: 'c2lnbmF0dXJl',
    protected: Buffer.from(JSON.stringify(protection)).toString('base64url'),
  };
  const head = payload.slice(0, -'\n}'.length);
  return { payload, document: `${head},\n   "signatures": [${JSON.stringify(signature)}]\n}` };
}
