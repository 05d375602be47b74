// plivo and telnyx against the sandbox's gateways of the recipes of the same names,
// which are the recipes read backwards.
import { createRequire } from "node:module";
import { check, finish, messages, sandbox } from "./check.mjs";

const require = createRequire(import.meta.url);
const { Client } = require("plivo");
const Telnyx = require("telnyx");

const to = "12025550123", from = "12025550199";
const last = async () => (await messages(`+${to}`)).at(-1);
const fault = (list) => fetch(`${sandbox}/_sandbox/faults`, { method: "PUT", body: JSON.stringify(list) });

const plivo = (token) => new Client("MAabc", token, { url: `${sandbox}/plivo/v1/Account/MAabc` });
const sent = await plivo("sandboxauthtoken").messages.create({ src: from, dst: to, text: 'hello é "you" & 漢字' });
check("plivo: the ID", sent.messageUuid, [(await last()).id]);
check("plivo: taken", [(await last()).vendor, (await last()).text, (await last()).from], ["plivo", 'hello é "you" & 漢字', from]);
const refusedBy = async (call) => call.then(() => "accepted", (e) => e.status ?? e.statusCode ?? e.constructor.name);
check("plivo: another token", await refusedBy(plivo("another").messages.create({ src: from, dst: to, text: "x" })), 401);
await fault([{ vendor: "plivo", code: "HTTP 402" }]);
check("plivo: no credit", await refusedBy(plivo("sandboxauthtoken").messages.create({ src: from, dst: to, text: "x" })) !== "accepted", true);
await fault([]);
check("plivo: one message", (await messages(`+${to}`)).length, 1);

const telnyx = (apiKey) => new (Telnyx.default ?? Telnyx)({ apiKey, baseURL: `${sandbox}/telnyx/v2`, maxRetries: 0 });
const taken = await telnyx("sandboxapikey").messages.send({ from: `+${from}`, to: `+${to}`, text: "hello 漢字" });
check("telnyx: the ID", taken.data.id, (await last()).id);
check("telnyx: taken", [(await last()).vendor, (await last()).text], ["telnyx", "hello 漢字"]);
check("telnyx: another key", await refusedBy(telnyx("another").messages.send({ from: `+${from}`, to: `+${to}`, text: "x" })), 401);
await fault([{ vendor: "telnyx", code: "40300" }]);
const refusal = await telnyx("sandboxapikey").messages.send({ from: `+${from}`, to: `+${to}`, text: "x" }).then(() => null, (e) => e);
check("telnyx: the code", refusal?.error?.errors?.[0]?.code, "40300");
await fault([]);
check("telnyx: no text", await refusedBy(telnyx("sandboxapikey").messages.send({ from: `+${from}`, to: `+${to}`, text: "" })) !== "accepted", true);
check("telnyx: one message more", (await messages(`+${to}`)).length, 2);
finish();
