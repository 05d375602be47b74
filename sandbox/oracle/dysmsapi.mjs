// @alicloud/dysmsapi20170525 against the sandbox: signed by ACS3-HMAC-SHA256.
import { createRequire } from "node:module";
import { check, finish, messages, sandbox } from "./check.mjs";

const require = createRequire(import.meta.url);
const sms = require("@alicloud/dysmsapi20170525");
const { Config } = require("@alicloud/openapi-core").$OpenApiUtil;

const client = (accessKeyId, accessKeySecret, more = {}) =>
  new sms.default(new Config({ accessKeyId, accessKeySecret, endpoint: new URL(sandbox).host, protocol: "http", ...more }));
const right = client("sandbox-key-id", "sandbox-key-secret");
const send = (changes = {}) => new sms.SendSmsRequest({
  phoneNumbers: "13700000000", signName: "云通信", templateCode: "SMS_0002", outId: "acs3",
  templateParam: JSON.stringify({ name: "~ *+!'()%&=/ 漢𠀀", order: "1" }), ...changes,
});
const codeOf = async (call) => call.then((answer) => answer.body.code, (error) => error.code);

const { body } = await right.sendSms(send());
check("SendSms", body.code, "OK");
const sent = (await messages("+8613700000000")).at(-1);
check("id", sent.id, body.bizId);
check("text", sent.text, "【云通信】~ *+!'()%&=/ 漢𠀀,您的订单1已发货。");
check("key", sent.key, "acs3");
const day = new Date(Date.parse(sent.at) + 8 * 3600e3).toISOString().slice(0, 10).replaceAll("-", "");
const found = await right.querySendDetails(new sms.QuerySendDetailsRequest(
  { phoneNumber: "13700000000", sendDate: day, pageSize: 50, currentPage: 1 }));
check("QuerySendDetails", found.body.smsSendDetailDTOs.smsSendDetailDTO[0].outId, "acs3");
check("TotalCount", String(found.body.totalCount), "1");
const batch = await right.sendBatchSms(new sms.SendBatchSmsRequest({
  phoneNumberJson: '["13600000000","13600000001"]', signNameJson: '["云通信","云通信"]', templateCode: "SMS_0002",
  templateParamJson: JSON.stringify([{ name: "a b+c", order: "1" }, { name: "漢", order: "2" }]),
}));
check("SendBatchSms", batch.body.code, "OK");
check("the second of the batch", (await messages("+8613600000001")).map((m) => [m.id, m.text]), [[batch.body.bizId, "【云通信】漢,您的订单2已发货。"]]);
const sign = (await right.getSmsSign(new sms.GetSmsSignRequest({ signName: "云通信" }))).body;
check("GetSmsSign", [sign.signStatus, sign.registerResult, sign.signIspRegisterDetailList.map((c) => [c.operatorCode, c.registerStatus])],
  [1, 1, [["mobile", 3], ["unicom", 3], ["telecom", 3]]]);
const template = (await right.getSmsTemplate(new sms.GetSmsTemplateRequest({ templateCode: "SMS_0005" }))).body;
check("GetSmsTemplate", [template.templateStatus, template.templateType, template.templateContent], ["2", "1", "${name},您的包裹已到。"]);
const old = (await right.querySmsTemplate(new sms.QuerySmsTemplateRequest({ templateCode: "SMS_0001" }))).body;
check("QuerySmsTemplate", [old.templateStatus, old.templateType], [1, 0]);
const list = (await right.querySmsTemplateList(new sms.QuerySmsTemplateListRequest({ pageIndex: 1, pageSize: 2 }))).body;
check("QuerySmsTemplateList", [list.totalCount, list.smsTemplateList.map((t) => t.outerTemplateType)], [5, [0, 1]]);
const signs = (await right.querySmsSignList(new sms.QuerySmsSignListRequest({ pageIndex: 1, pageSize: 10 }))).body;
check("QuerySmsSignList", signs.smsSignList.map((s) => s.auditStatus), ["AUDIT_STATE_PASS"]);
check("with a security token", await codeOf(
  client("sandbox-key-id", "sandbox-key-secret", { securityToken: "t", type: "sts" }).sendSms(send())), "OK");
check("a wrong secret", await codeOf(client("sandbox-key-id", "wrong").sendSms(send())), "SignatureDoesNotMatch");
check("an unknown key", await codeOf(client("unknown", "x").sendSms(send())), "InvalidAccessKeyId.NotFound");
check("an unknown template", await codeOf(right.sendSms(send({ templateCode: "SMS_9" }))), "isv.SMS_TEMPLATE_ILLEGAL");
check("a bad number", await codeOf(right.sendSms(send({ phoneNumbers: "138" }))), "isv.MOBILE_NUMBER_ILLEGAL");

await fetch(`${sandbox}/_sandbox/faults`, { method: "PUT", body: JSON.stringify(
  [{ vendor: "aliyun", to: "+8613700000000", code: "Throttling.User", times: 1 }]) });
check("throttled", await right.sendSms(send()).then(() => "sent", (error) => error.name), "ThrottlingError");
finish();
