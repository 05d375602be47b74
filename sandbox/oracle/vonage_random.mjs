// @vonage/server-sdk sends the messages of standard input to a recorder, and checks the
// signatures that stand there. It prints a JSON array: what it says of each signature.
import { createRequire } from "node:module";
import { text as read } from "node:stream/consumers";

const require = createRequire(import.meta.url);
const { Vonage } = require("@vonage/server-sdk");
const { Auth } = require("@vonage/auth");
const { SMS } = require("@vonage/messages");
const { verifySignature } = require("@vonage/jwt");
const { sign } = createRequire(require.resolve("@vonage/jwt"))("jsonwebtoken");

const { recorder, key, secret, messages, signed, tokens, bodies } = JSON.parse(await read(process.stdin));
const client = new Vonage(new Auth({ apiKey: key, apiSecret: secret }), { restHost: recorder, apiHost: recorder });
for (const m of messages) {
  const common = { to: m.to, from: m.from, text: m.text, clientRef: m.ref };
  if (m.api === "sms") {
    const type = m.unicode ? { type: "unicode" } : {};
    const ttl = m.ttl ? { ttl: m.ttl } : {};
    await client.sms.send({ ...common, ...type, ...ttl, callback: m.callback });
  } else {
    const sms = m.unicode ? { sms: { encodingType: "unicode" } } : {};
    const ttl = m.ttl ? { ttl: m.ttl } : {};
    await client.messages.send(new SMS({ ...common, ...sms, ...ttl, webhookUrl: m.callback, webhookVersion: "v1" }));
  }
}
console.log(JSON.stringify({
  signed: signed.map((s) => client.sms.verifySignature(s.sig, s.fields, s.secret, s.algorithm)),
  tokens: tokens.map((t) => verifySignature(t.token, t.secret)),
  signatures: bodies.map((b) => sign({ iss: "Vonage", payload_hash: b.hash }, b.secret, { algorithm: "HS256" })),
}));
