// @alicloud/pop-core against the sandbox: signature version 1, GET and POST.
import RPC from "@alicloud/pop-core";
import { check, finish, messages, sandbox } from "./check.mjs";

const client = (accessKeyId, accessKeySecret) =>
  new RPC.RPCClient({ accessKeyId, accessKeySecret, endpoint: sandbox, apiVersion: "2017-05-25" });
const right = client("sandbox-key-id", "sandbox-key-secret");
const send = (changes = {}) => ({
  PhoneNumbers: "13800000000", SignName: "云通信", TemplateCode: "SMS_0002",
  TemplateParam: JSON.stringify({ name: "~ *+!'()%&=/ 漢𠀀\"", order: "${a}\n" }), ...changes,
});
const codeOf = async (call) => call.then((answer) => answer.Code, (error) => error.code);

for (const method of ["GET", "POST"]) {
  const answer = await right.request("SendSms", send({ OutId: method }), { method });
  check(`${method} SendSms`, answer.Code, "OK");
  const sent = (await messages("+8613800000000")).at(-1);
  check(`${method} id`, sent.id, answer.BizId);
  check(`${method} text`, sent.text, "【云通信】~ *+!'()%&=/ 漢𠀀\",您的订单${a}\n已发货。");
  check(`${method} key`, sent.key, method);
  const day = new Date(Date.parse(sent.at) + 8 * 3600e3).toISOString().slice(0, 10).replaceAll("-", "");
  const found = await right.request("QuerySendDetails",
    { PhoneNumber: "13800000000", SendDate: day, PageSize: 50, CurrentPage: 1, BizId: answer.BizId }, { method });
  check(`${method} QuerySendDetails`, found.SmsSendDetailDTOs.SmsSendDetailDTO[0].OutId, method);
}
const batch = await right.request("SendBatchSms", {
  PhoneNumberJson: '["13600000002","13600000003"]', SignNameJson: '["云通信","云通信"]', TemplateCode: "SMS_0003",
}, { method: "POST" });
check("SendBatchSms", (await messages("+8613600000003")).map((m) => m.id), [batch.BizId]);
const post = { method: "POST" };
check("a wrong secret", await codeOf(client("sandbox-key-id", "wrong").request("SendSms", send(), post)), "SignatureDoesNotMatch");
check("an unknown key", await codeOf(client("unknown", "wrong").request("SendSms", send(), post)), "InvalidAccessKeyId.NotFound");
check("an unknown action", await codeOf(right.request("SendFax", send(), post)), "InvalidAction.NotFound");
for (const [name, changes, code] of [
  ["an unknown signature", { SignName: "x" }, "isv.SMS_SIGNATURE_ILLEGAL"],
  ["an unknown template", { TemplateCode: "SMS_9" }, "isv.SMS_TEMPLATE_ILLEGAL"],
  ["a bad number", { PhoneNumbers: "138" }, "isv.MOBILE_NUMBER_ILLEGAL"],
  ["no number", { PhoneNumbers: "" }, "MissingPhoneNumbers"],
  ["a missing value", { TemplateParam: "{}" }, "isv.TEMPLATE_MISSING_PARAMETERS"],
  ["a number as value", { TemplateParam: '{"name":1}' }, "isv.INVALID_JSON_PARAM"],
]) {
  check(name, await codeOf(right.request("SendSms", send(changes), post)), code);
}
finish();
