// tencentcloud-sdk-nodejs-sms against the sandbox: signed by TC3-HMAC-SHA256.
import http from "node:http";
import net from "node:net";
import { createRequire } from "node:module";
import { check, finish, messages, sandbox } from "./check.mjs";

const { sms } = createRequire(import.meta.url)("tencentcloud-sdk-nodejs-sms");
const { hostname, port } = new URL(sandbox);

// The client keeps the vendor's host name, and its connections go to the sandbox.
const agent = new http.Agent({ keepAlive: true });
agent.createConnection = (_, done) => net.createConnection({ host: hostname, port }, done);
const client = (secretId, secretKey, httpProfile = { protocol: "http://", agent }) =>
  new sms.v20210111.Client({ credential: { secretId, secretKey }, region: "ap-guangzhou", profile: { httpProfile } });
const right = client("sandboxsecretid", "sandboxsecretkey");
const app = { SmsSdkAppId: "1400000000" };
const send = (changes = {}) => ({
  ...app, PhoneNumberSet: ["+8613800000000"], SignName: "云通信", TemplateId: "1000002", TemplateParamSet: ["<a> & 漢𠀀", "{1}"],
  SessionContext: "key-1", ...changes,
});
const codeOf = async (call) => call.then((answer) => answer.SendStatusSet[0].Code, (error) => error.code);

for (const [name, c] of [["the vendor's host", right],
  ["the sandbox's address", client("sandboxsecretid", "sandboxsecretkey", { protocol: "http://", endpoint: `${hostname}:${port}` })]]) {
  const answer = await c.SendSms(send());
  const one = answer.SendStatusSet[0];
  check(`${name}: SendSms`, [one.Code, one.Message, one.PhoneNumber, one.Fee, one.SessionContext, one.IsoCode],
    ["Ok", "send success", "+8613800000000", 1, "key-1", "CN"]);
  const sent = (await messages("+8613800000000")).at(-1);
  check(`${name}: text`, [sent.id, sent.text, sent.key, sent.vendor], [one.SerialNo, "【云通信】<a> & 漢𠀀,您的订单{1}已发货。", "key-1", "tencent"]);
}
const many = await right.SendSms(send({ TemplateId: "1000001", TemplateParamSet: ["482913", "5"], PhoneNumberSet: ["+8613600000000", "008613600000001", "8613600000002", "13600000003", "+86136"] }));
check("each number", many.SendStatusSet.map((s) => [s.PhoneNumber, s.Code]), [["+8613600000000", "Ok"], ["+8613600000001", "Ok"],
  ["+8613600000002", "Ok"], ["+8613600000003", "Ok"], ["+86136", "InvalidParameterValue.IncorrectPhoneNumber"]]);
check("refused: no serial number, no fee", [many.SendStatusSet[4].SerialNo, many.SendStatusSet[4].Fee], ["", 0]);

for (const [name, changes, code] of [
  ["an unknown template", { TemplateId: "9" }, "FailedOperation.TemplateUnapprovedOrNotExist"],
  ["a template not approved", { TemplateId: "1000004", TemplateParamSet: ["x"] }, "FailedOperation.TemplateIncorrectOrUnapproved"],
  ["an unknown signature", { SignName: "x" }, "FailedOperation.SignatureIncorrectOrUnapproved"],
  ["a value missing", { TemplateParamSet: ["x"] }, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"],
  ["a letter in a code", { TemplateId: "1000001", TemplateParamSet: ["a", "5"] }, "InvalidParameterValue.TemplateParameterFormatError"],
  ["a link", { TemplateParamSet: ["https://example.com", "1"] }, "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"],
  ["an inland template abroad", { PhoneNumberSet: ["+12025550123"] }, "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone"],
  ["a template for abroad at home", { TemplateId: "1000003", TemplateParamSet: ["1"] }, "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone"],
  ["abroad", { TemplateId: "1000003", TemplateParamSet: ["482913"], PhoneNumberSet: ["+12025550123"], SignName: "" }, "Ok"],
  ["another application", { SmsSdkAppId: "1400000001" }, "UnauthorizedOperation.SmsSdkAppIdVerifyFail"],
  ["no number", { PhoneNumberSet: [] }, "MissingParameter.EmptyPhoneNumberSet"],
  ["201 numbers", { PhoneNumberSet: Array(201).fill("+8613800000000") }, "LimitExceeded.PhoneNumberCountLimit"],
  ["at home and abroad", { PhoneNumberSet: ["+8613800000000", "+12025550123"] }, "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber"],
]) {
  check(name, await codeOf(right.SendSms(send(changes))), code);
}
check("a wrong key", await codeOf(client("sandboxsecretid", "wrong").SendSms(send())), "AuthFailure.SignatureFailure");
check("an unknown key", await codeOf(client("unknown", "x").SendSms(send())), "AuthFailure.SecretIdNotFound");

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
await wait(800); // until what was sent is delivered
const now = Math.floor(Date.now() / 1000);
const list = await right.DescribeSendRecordList({ ...app, PhoneNumber: "+8613600000000", BeginTime: now - 3600, Limit: 50, Offset: 0 });
check("DescribeSendRecordList", [list.TotalCount, list.SendRecordSet.map((r) => [r.SerialNo, r.SendStatus, r.StatusCode, r.Content])],
  [1, [[many.SendStatusSet[0].SerialNo, 2, "DELIVRD", "【云通信】您的验证码是4*****,5分钟内有效。"]]]);
const mine = await right.DescribeSendRecordList({ ...app, PhoneNumber: "+8613800000000", BeginTime: now - 3600, Limit: 50, Offset: 0 });
check("it lists what was refused too", [mine.SendRecordSet.filter((r) => r.SendStatus === 1).length > 5, mine.SendRecordSet.filter((r) => r.SendStatus === 2).length], [true, 2]);
check("further back than 72 hours", await right.DescribeSendRecordList({ ...app, PhoneNumber: "+8613800000000", BeginTime: now - 80 * 3600 }).catch((e) => e.code), "InvalidParameterValue.BeginTimeVerifyFail");
const byNumber = await right.PullSmsSendStatusByPhoneNumber({ ...app, PhoneNumber: "+8613600000001", BeginTime: now - 3600, Offset: 0, Limit: 100 });
check("PullSmsSendStatusByPhoneNumber", byNumber.PullSmsSendStatusSet.map((r) => [r.SerialNo, r.ReportStatus, r.CountryCode, r.SubscriberNumber]),
  [[many.SendStatusSet[1].SerialNo, "SUCCESS", "86", "13600000001"]]);
const pulled = await right.PullSmsSendStatus({ ...app, Limit: 5 });
const rest = await right.PullSmsSendStatus({ ...app, Limit: 100 });
check("PullSmsSendStatus, each report once", [pulled.PullSmsSendStatusSet.length, rest.PullSmsSendStatusSet.length, pulled.PullSmsSendStatusSet[0].Description], [5, 2, "DELIVRD"]);
check("nothing is left", (await right.PullSmsSendStatus({ ...app, Limit: 100 })).PullSmsSendStatusSet, []);

const templates = await right.DescribeSmsTemplateList({ International: 0, Limit: 10, Offset: 0 });
check("DescribeSmsTemplateList", templates.DescribeTemplateStatusSet.map((t) => [t.TemplateId, t.StatusCode, t.TemplateContent]),
  [[1000001, 0, "您的验证码是{1},{2}分钟内有效。"], [1000002, 0, "{1},您的订单{2}已发货。"], [1000004, -1, "{1},您的包裹已到。"]]);
check("one template abroad", (await right.DescribeSmsTemplateList({ International: 1, TemplateIdSet: [1000003, 1000001] })).DescribeTemplateStatusSet.map((t) => t.TemplateId), [1000003]);
check("DescribeSmsSignList", (await right.DescribeSmsSignList({ International: 0, Limit: 10, Offset: 0 })).DescribeSignListStatusSet.map((s) => [s.SignName, s.StatusCode]), [["云通信", 0]]);

const fault = (list) => fetch(`${sandbox}/_sandbox/faults`, { method: "PUT", body: JSON.stringify(list) });
await fault([{ vendor: "tencent", to: "+8613600000001", code: "FailedOperation.PhoneNumberInBlacklist" }]);
check("a fault of a number stands in its entry", (await right.SendSms(send({ PhoneNumberSet: ["+8613600000000", "+8613600000001"] }))).SendStatusSet.map((s) => s.Code),
  ["Ok", "FailedOperation.PhoneNumberInBlacklist"]);
await fault([{ vendor: "tencent", code: "FailedOperation.InsufficientBalanceInSmsPackage" }]);
check("for all", (await right.SendSms(send({ PhoneNumberSet: ["+8613600000000", "+8613600000001"] }))).SendStatusSet.map((s) => s.Code), Array(2).fill("FailedOperation.InsufficientBalanceInSmsPackage"));
await fault([{ operation: "send", throttle: true }]);
check("throttled", await codeOf(right.SendSms(send())), "RequestLimitExceeded");
await fault([{ vendor: "tencent", code: "InternalError.Timeout", to: "+8613800000000" }]);
check("a code of the call", await codeOf(right.SendSms(send())), "InternalError.Timeout");
agent.destroy();
finish();
