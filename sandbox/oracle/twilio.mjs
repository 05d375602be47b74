// twilio-node against the sandbox.
import http from "node:http";
import twilio from "twilio";
import { check, finish, messages, sandbox } from "./check.mjs";

const account = "AC00000000000000000000000000000000";
const point = (client) => { client.api.baseUrl = sandbox; return client; };
const client = point(twilio(account, "sandboxtoken"));
const to = "+12025550177", from = "+15005550006";
const codeOf = async (call) => call.then((m) => m.status, (error) => `${error.status} ${error.code}`);

const callbacks = [];
const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (part) => { body += part; });
  request.on("end", () => {
    const params = Object.fromEntries(new URLSearchParams(body));
    const url = `http://127.0.0.1:${server.address().port}${request.url}`;
    callbacks.push([params.MessageStatus, twilio.validateRequest("sandboxtoken", request.headers["x-twilio-signature"], url, params)]);
    response.end();
    if (callbacks.length === 2) arrived();
  });
});
let arrived;
const both = new Promise((resolve) => { arrived = resolve; });
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const bodies = ["one é", "two 漢 &=+%", "three"];
for (const body of bodies) {
  const statusCallback = body === "three" ? `http://127.0.0.1:${server.address().port}/cb?a=1&b=%E4%B8%AD` : undefined;
  const m = await client.messages.create({ to, from, body, statusCallback });
  check(`create ${body}`, [m.status, m.body, m.numSegments, m.errorCode, m.dateCreated instanceof Date], ["queued", body, "1", null, true]);
  check(`taken ${body}`, (await messages(to)).at(-1).text, body);
  check(`fetch ${body}`, (await client.messages(m.sid).fetch()).sid, m.sid);
}
check("list over pages", (await client.messages.list({ to, pageSize: 2 })).map((m) => m.body), bodies.toReversed());
check("list of a day", (await client.messages.list({ to, dateSentAfter: new Date(Date.now() - 864e5) })).length, 3);
await both;
check("callbacks", callbacks, [["sent", true], ["delivered", true]]);
const last = (await client.messages.list({ to, limit: 1 }))[0];
check("redact", (await client.messages(last.sid).update({ body: "" })).body, "");
check("delete", await client.messages(last.sid).remove(), true);
check("fetch after delete", await codeOf(client.messages(last.sid).fetch()), "404 20404");

const service = "MG00000000000000000000000000000000";
const scheduled = await client.messages.create({ to, messagingServiceSid: service, body: "later", scheduleType: "fixed", sendAt: new Date(Date.now() + 3600e3) });
check("schedule", [scheduled.status, scheduled.from], ["scheduled", null]);
check("cancel", (await client.messages(scheduled.sid).update({ status: "canceled" })).status, "canceled");
const content = await client.messages.create({ to, messagingServiceSid: service, contentSid: "HX00000000000000000000000000000000", contentVariables: '{"1":"4829"}' });
check("content", [content.status, content.numSegments, content.body], ["accepted", "0", "Your code is 4829."]);

const key = point(twilio("SK00000000000000000000000000000000", "sandboxsecret", { accountSid: account }));
check("API key", await codeOf(key.messages.create({ to, from, body: "x" })), "queued");
const sub = point(twilio(account, "sandboxtoken", { accountSid: "AC00000000000000000000000000000001" }));
check("subaccount", await codeOf(sub.messages.create({ to, from, body: "x" })), "queued");
const wrong = point(twilio(account, "wrong"));
check("a wrong token", await codeOf(wrong.messages.create({ to, from, body: "x" })), "401 20003");
for (const [changes, code] of [
  [{ to: "+15005550001" }, 21211], [{ to: "+15005550002" }, 21612], [{ to: "+15005550003" }, 21408], [{ to: "+15005550004" }, 21610],
  [{ to: "+15005550009" }, 21614], [{ from: "+15005550001" }, 21212], [{ from: "+15005550007" }, 21606], [{ from: "+15005550008" }, 21611],
  [{ body: "x".repeat(1601) }, 21617], [{ from: undefined }, 21603], [{ body: undefined }, 21602],
]) {
  check(`refused ${code}`, await codeOf(client.messages.create({ to, from, body: "x", ...changes })), `400 ${code}`);
}
server.close();
finish();
