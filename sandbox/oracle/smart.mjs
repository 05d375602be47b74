// Twilio's own segment calculator against the sandbox's count of texts with Smart Encoding.
import calculator from "sms-segments-calculator";
import map from "sms-segments-calculator/dist/libs/SmartEncodingMap.js";
import { check, finish, sandbox } from "./check.mjs";

const account = "AC00000000000000000000000000000000";
async function segments(body) {
  const answer = await fetch(`${sandbox}/2010-04-01/Accounts/${account}/Messages.json`, {
    method: "POST",
    headers: { Authorization: "Basic " + Buffer.from(`${account}:sandboxtoken`).toString("base64") },
    body: new URLSearchParams({ To: "+12025550177", From: "+15005550006", SmartEncoded: "true", Body: body }),
  });
  return Number((await answer.json()).num_segments);
}

// U+200C is not on the vendor's page and is not replaced by the sandbox.
const listed = Object.keys(map.default).filter((c) => c !== "\u200c");
check("characters", listed.length, 270);

// Texts near the end of a segment show how many septets a character becomes. Texts that
// stay UCS-2 are left out: the calculator replaces characters in them, and the vendor's
// documents say that Smart Encoding does not.
const texts = [];
for (const c of listed) for (const n of [153, 156, 158, 159]) texts.push("a".repeat(n) + c);
const alphabet = [...listed, ..."abc {}€é"];
let seed = 1;
const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
for (let i = 0; i < 200; i++) {
  texts.push(Array.from({ length: 1 + random(400) }, () => alphabet[random(alphabet.length)]).join(""));
}
const wrong = [];
for (let at = 0; at < texts.length; at += 50) {
  await Promise.all(texts.slice(at, at + 50).map(async (text) => {
    const want = new calculator.SegmentedMessage(text, "auto", true).segmentsCount, got = await segments(text);
    if (got !== want) wrong.push([[...text].slice(-3).map((c) => c.codePointAt(0).toString(16)), text.length, got, want]);
  }));
}
check("counts that differ", wrong, []);
finish();
