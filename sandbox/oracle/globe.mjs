// @alicloud/dysmsapi20180501, the international service, against the sandbox.
import { createRequire } from "node:module";
import { check, finish, messages, sandbox } from "./check.mjs";

const require = createRequire(import.meta.url);
const sms = require("@alicloud/dysmsapi20180501");
const { Config } = require("@alicloud/openapi-core").$OpenApiUtil;

const client = (accessKeyId, accessKeySecret) =>
  new sms.default(new Config({ accessKeyId, accessKeySecret, endpoint: new URL(sandbox).host, protocol: "http" }));
const right = client("sandbox-key-id", "sandbox-key-secret");
const send = (changes = {}) => new sms.SendMessageToGlobeRequest({ to: "6581234567", from: "ACME", message: "Code 4829 ~ *+!'()%&=/ 漢𠀀", type: "OTP", taskId: "globe-1", ...changes });
const codeOf = async (call) => call.then((answer) => answer.body.responseCode, (error) => error.code);

const { body } = await right.sendMessageToGlobe(send());
check("SendMessageToGlobe", [body.responseCode, body.to, body.from, body.segments], ["OK", "6581234567", "ACME", "1"]);
const sent = (await messages("+6581234567")).at(-1);
check("the message", [sent.vendor, sent.id, sent.text, sent.from, sent.key], ["aliyunglobe", body.messageId, "Code 4829 ~ *+!'()%&=/ 漢𠀀", "ACME", "globe-1"]);
const found = (await right.queryMessage(new sms.QueryMessageRequest({ messageId: body.messageId }))).body;
check("QueryMessage", [found.responseCode, found.to, found.message === sent.text, ["1", "3"].includes(found.status)], ["OK", "6581234567", true, true]);
check("an unknown message", await codeOf(right.queryMessage(new sms.QueryMessageRequest({ messageId: "1" }))), "DATA_NOT_EXIST");
check("mainland China", await codeOf(right.sendMessageToGlobe(send({ to: "8613812345678" }))), "NOT_SUPPORTED_COUNTRY");
check("a bad number", await codeOf(right.sendMessageToGlobe(send({ to: "65" }))), "MOBILE_NUMBER_ILLEGAL");
check("a sender ID that is too long", await codeOf(right.sendMessageToGlobe(send({ from: "ACME Delivery" }))), "INVALID_SENDERID");
check("an unknown type", await codeOf(right.sendMessageToGlobe(send({ type: "CODE" }))), "INVALID_PARAMETERS");
check("a wrong secret", await codeOf(client("sandbox-key-id", "wrong").sendMessageToGlobe(send())), "SignatureDoesNotMatch");
await fetch(`${sandbox}/_sandbox/faults`, { method: "PUT", body: JSON.stringify([{ vendor: "aliyunglobe", code: "AMOUNT_NOT_ENOUGH", times: 1 }]) });
check("a fault", await codeOf(right.sendMessageToGlobe(send())), "AMOUNT_NOT_ENOUGH");
finish();
