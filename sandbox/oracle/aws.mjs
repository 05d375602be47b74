// @aws-sdk/client-pinpoint-sms-voice-v2 and sns-validator against the sandbox, which
// serves HTTPS here, because the validator fetches certificates over nothing else.
import http from "node:http";
import { createRequire } from "node:module";
import { check, finish, messages, sandbox } from "./check.mjs";

const require = createRequire(import.meta.url);
const { PinpointSMSVoiceV2Client, SendTextMessageCommand, DescribeSpendLimitsCommand, DescribePhoneNumbersCommand } = require("@aws-sdk/client-pinpoint-sms-voice-v2");
const MessageValidator = require("sns-validator");

const client = (accessKeyId, secretAccessKey) =>
  new PinpointSMSVoiceV2Client({ region: "us-east-1", endpoint: sandbox, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });
const right = client("AKIASANDBOX000000000", "sandbox/secret/access/key/0000000000000");
const to = "+447700900001", from = "SANDBOX";

const hooks = [];
let arrived;
const all = new Promise((resolve) => { arrived = resolve; });
const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (part) => { body += part; });
  request.on("end", () => {
    hooks.push({ type: request.headers["x-amz-sns-message-type"], kind: request.headers["content-type"], fields: JSON.parse(body) });
    response.end();
    if (hooks.length === 3) arrived();
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const here = `http://127.0.0.1:${server.address().port}`;
const control = (path, method, body) => fetch(`${sandbox}/_sandbox/${path}`, { method, body: JSON.stringify(body) }).then((a) => a.status);
check("the address of the topic's subscriber", await control("webhooks", "PUT", { aws: { reports: here, replies: here } }), 200);

const sent = await right.send(new SendTextMessageCommand({
  DestinationPhoneNumber: to, OriginationIdentity: from, MessageBody: "hello 漢字 <b>", MessageType: "TRANSACTIONAL", Context: { key: "order-1" },
  ConfigurationSetName: "sandbox", TimeToLive: 60, MaxPrice: "0.5", DestinationCountryParameters: { IN_ENTITY_ID: "1", IN_TEMPLATE_ID: "2" },
}));
const taken = (await messages(to)).at(-1);
check("taken", [taken.id, taken.text, taken.key, taken.vendor, taken.from, taken.account], [sent.MessageId, "hello 漢字 <b>", "order-1", "aws", from, "AKIASANDBOX000000000"]);
check("a request ID", typeof sent.$metadata.requestId, "string");

const errorOf = (c, changes) => c.send(new SendTextMessageCommand({ DestinationPhoneNumber: to, MessageBody: "x", ...changes }))
  .then(() => "accepted", (e) => [e.name, e.Reason, e.$metadata.httpStatusCode, typeof e.$metadata.requestId]);
for (const [name, changes, want] of [
  ["an unknown sender", { OriginationIdentity: "OTHER" }, ["ResourceNotFoundException", undefined, 400, "string"]],
  ["no number", { DestinationPhoneNumber: "12" }, ["ValidationException", "INVALID_PARAMETER", 400, "string"]],
  ["a blank text", { MessageBody: " " }, ["ValidationException", "FIELD_VALIDATION_FAILED", 400, "string"]],
  ["a long text", { MessageBody: "x".repeat(1601) }, ["ValidationException", "FIELD_VALIDATION_FAILED", 400, "string"]],
  ["a price", { MaxPrice: "0.001" }, ["ValidationException", "PRICE_OVER_THRESHOLD", 400, "string"]],
]) {
  check(name, await errorOf(right, changes), want);
}
check("a wrong secret", (await errorOf(client("AKIASANDBOX000000000", "wrong"), {}))[0], "InvalidSignatureException");
check("an unknown key", (await errorOf(client("AKIAUNKNOWN", "wrong"), {}))[0], "UnrecognizedClientException");
check("nothing of these was taken", (await messages(to)).length, 1);
check("spending limits", (await right.send(new DescribeSpendLimitsCommand({}))).SpendLimits[0].Name, "TEXT_MESSAGE_MONTHLY_SPEND_LIMIT");
check("what the sandbox does not have", await right.send(new DescribePhoneNumbersCommand({})).then(() => "", (e) => e.name), "UnknownOperationException");

check("a reply", await control("replies", "POST", { vendor: "aws", from: to, text: "STOP" }), 200);
await all;
const validate = (message) => new Promise((resolve) => new MessageValidator(/^127\.0\.0\.1:\d+$/).validate(message, (error) => resolve(error ? "refused" : "accepted")));
for (const [i, hook] of hooks.entries()) {
  check(`notification ${i} is signed`, [hook.type, hook.kind, await validate({ ...hook.fields })], ["Notification", "text/plain; charset=UTF-8", "accepted"]);
  check(`notification ${i}, tampered`, await validate({ ...hook.fields, Message: "{}" }), "refused");
}
const events = hooks.map((h) => JSON.parse(h.fields.Message)).filter((m) => m.eventType);
check("events", events.map((m) => [m.eventType, m.isFinal, m.messageId, m.context.key]).toSorted(), [["TEXT_DELIVERED", true, sent.MessageId, "order-1"], ["TEXT_SUCCESSFUL", false, sent.MessageId, "order-1"]]);
check("the reply's text", hooks.map((h) => JSON.parse(h.fields.Message).messageBody).filter(Boolean), ["STOP"]);
server.close();
finish();
