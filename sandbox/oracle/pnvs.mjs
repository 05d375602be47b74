// @alicloud/dypnsapi20170525, the verification product, against the sandbox.
import { createRequire } from "node:module";
import { check, finish, messages, sandbox } from "./check.mjs";

const require = createRequire(import.meta.url);
const pnvs = require("@alicloud/dypnsapi20170525");
const { Config } = require("@alicloud/openapi-core").$OpenApiUtil;

const client = (accessKeyId, accessKeySecret) =>
  new pnvs.default(new Config({ accessKeyId, accessKeySecret, endpoint: new URL(sandbox).host, protocol: "http" }));
const right = client("sandbox-key-id", "sandbox-key-secret");
const send = (changes = {}) => new pnvs.SendSmsVerifyCodeRequest({
  phoneNumber: "13700000000", signName: "速通互联验证码", templateCode: "100001", templateParam: JSON.stringify({ code: "482913", min: "5" }), outId: "pnvs-1", interval: 1, ...changes,
});
const codeOf = async (call) => call.then((answer) => answer.body.code, (error) => error.code);

const { body } = await right.sendSmsVerifyCode(send());
check("SendSmsVerifyCode", [body.code, body.success, body.model.outId], ["OK", true, "pnvs-1"]);
const sent = (await messages("+8613700000000")).at(-1);
check("the message", [sent.vendor, sent.id, sent.key, sent.text], ["aliyunpnvs", body.model.bizId, "pnvs-1", "【速通互联验证码】您的验证码为482913。尊敬的客户,以上验证码5分钟内有效,请注意保密,切勿告知他人。"]);
const soon = (await right.sendSmsVerifyCode(send({ interval: 60 }))).body;
check("too soon", [soon.code, soon.success, soon.message], ["biz.FREQUENCY", false, "check frequency failed"]);
check("too soon without an interval", await codeOf(right.sendSmsVerifyCode(send({ interval: undefined }))), "biz.FREQUENCY");
const other = { phoneNumber: "13700000001" };
check("a value that is missing", await codeOf(right.sendSmsVerifyCode(send({ ...other, templateParam: '{"code":"482913"}' }))), "MissingTemplateParam");
check("an unknown template", await codeOf(right.sendSmsVerifyCode(send({ ...other, templateCode: "1" }))), "isv.SMS_TEMPLATE_ILLEGAL");
check("an unknown signature", await codeOf(right.sendSmsVerifyCode(send({ ...other, signName: "云通信" + "x" }))), "isv.SMS_SIGNATURE_ILLEGAL");
check("a bad number", await codeOf(right.sendSmsVerifyCode(send({ phoneNumber: "138" }))), "isv.MOBILE_NUMBER_ILLEGAL");
check("another country", await codeOf(right.sendSmsVerifyCode(send({ ...other, countryCode: "65" }))), "isv.INVALID_PARAMETERS");
check("a wrong secret", await codeOf(client("sandbox-key-id", "wrong").sendSmsVerifyCode(send(other))), "SignatureDoesNotMatch");
await fetch(`${sandbox}/_sandbox/faults`, { method: "PUT", body: JSON.stringify([{ vendor: "aliyunpnvs", code: "FUNCTION_NOT_OPENED", times: 1 }]) });
check("a fault", await codeOf(right.sendSmsVerifyCode(send(other))), "FUNCTION_NOT_OPENED");
finish();
