// @vonage/server-sdk against the sandbox: the SMS API, the Messages API, and the
// SDK's own verifiers of webhooks.
import http from "node:http";
import { createRequire } from "node:module";
import { check, finish, messages, sandbox } from "./check.mjs";

const require = createRequire(import.meta.url);
const { Vonage } = require("@vonage/server-sdk");
const { Auth } = require("@vonage/auth");
const { SMS } = require("@vonage/messages");
const { verifySignature } = require("@vonage/jwt");

const client = (apiKey, apiSecret) => new Vonage(new Auth({ apiKey, apiSecret }), { restHost: sandbox, apiHost: sandbox });
const right = client("sandboxkey", "sandboxsecret");
const to = "447700900001", from = "ACME";

const hooks = [];
let arrived;
const three = new Promise((resolve) => { arrived = resolve; });
const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (part) => { body += part; });
  request.on("end", () => {
    hooks.push({ url: request.url, token: request.headers.authorization?.slice("Bearer ".length), fields: JSON.parse(body) });
    response.end();
    if (hooks.filter((h) => h.fields.status === "delivered").length === 3) arrived();
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const here = `http://127.0.0.1:${server.address().port}`;

const short = await right.sms.send({ to, from, text: "hello é & =", clientRef: "key-1", callback: `${here}/sms` });
check("SMS API", [short.messages[0].status, short.messages[0].to, short.messages[0].clientRef, short.messages[0].network], ["0", to, "key-1", "23410"]);
check("message-count is 1", String(short.messageCount), "1");
const sent = (await messages(`+${to}`)).at(-1);
check("taken", [sent.id, sent.text, sent.key, sent.vendor, sent.account, sent.from], [short.messages[0].messageId, "hello é & =", "key-1", "vonage", "sandboxkey", from]);
const long = await right.sms.send({ to, from, text: "x".repeat(200), callback: `${here}/sms` });
check("an ID for each part", [long.messages.length, new Set(long.messages.map((m) => m.messageId)).size], [2, 2]);
check("one message", (await messages(`+${to}`)).length, 2);
await right.sms.send({ to, from, text: "漢字", type: "unicode" });
check("unicode", (await messages(`+${to}`)).at(-1).text, "漢字");
await right.sms.send({ to, from, text: "漢字" });
check("unicode has to be asked for", (await messages(`+${to}`)).at(-1).text, "??");

const statusOf = async (call) => call.then((a) => a.messages[0].status, (e) => e.response?.messages?.[0]?.status ?? e.response?.status ?? String(e));
for (const [name, changes, status] of [
  ["no text", { text: "" }, "2"], ["a number too short", { to: "123" }, "3"], ["an unknown prefix", { to: "99900000000" }, "6"],
  ["a sender with a plus", { from: "+447700900000" }, "15"], ["a text too long", { text: "x".repeat(3201) }, "12"], ["a key too long", { clientRef: "x".repeat(41) }, "3"],
]) {
  check(name, await statusOf(right.sms.send({ to, from, text: "x", ...changes })), status);
}
check("a wrong secret", await statusOf(client("sandboxkey", "wrong").sms.send({ to, from, text: "x" })), "4");

const message = await right.messages.send(new SMS({ to, from, text: "hello", clientRef: "key-2", webhookUrl: `${here}/messages`, webhookVersion: "v1" }));
check("Messages API", (await messages(`+${to}`)).at(-1).id, message.messageUUID);
await three;
const receipts = hooks.filter((h) => h.url === "/sms" && h.fields.status === "delivered").map((h) => [h.fields.messageId, h.fields["err-code"], h.fields.msisdn]);
check("a receipt for each part", receipts.toSorted(), [short.messages[0].messageId, ...long.messages.map((m) => m.messageId)].map((id) => [id, "0", to]).toSorted());
const status = await new Promise((resolve) => {
  const look = () => { const h = hooks.find((h) => h.url === "/messages"); h ? resolve(h) : setTimeout(look, 10); };
  look();
});
check("the SDK verifies the token", [verifySignature(status.token, "sandboxsignaturesecret"), verifySignature(status.token, "wrong")], [true, false]);
check("status", [status.fields.message_uuid, status.fields.status, status.fields.client_ref], [message.messageUUID, "submitted", "key-2"]);
check("get-balance", (await right.accounts.getBalance()).value, 10.28);
server.close();
finish();
