// npm smpp as a client of the sandbox's carrier: binds, texts in its encodings, long
// texts in three forms, receipts and replies.
import { createRequire } from "node:module";
import { check, finish, messages, sandbox } from "./check.mjs";

const require = createRequire(import.meta.url);
const smpp = require("smpp");
const url = `smpp://${process.argv[3]}`;
const to = "447700900001", from = "ACME";

// open connects, and returns a session whose requests are promises.
const open = () => new Promise((resolve, reject) => {
  const session = smpp.connect({ url, auto_enquire_link_period: 0 }, () => resolve(session));
  session.on("error", reject);
  session.ask = (name, fields) => new Promise((done) => session[name](fields, done));
});

const wrong = await open();
const closed = new Promise((resolve) => wrong.on("close", resolve));
check("a wrong password", (await wrong.ask("bind_transceiver", { system_id: "sandbox", password: "wrong" })).command_status, smpp.ESME_RINVPASWD);
await closed;
check("a bad bind is closed", true, true);

const session = await open();
const inbound = [];
let wake = () => {};
session.on("deliver_sm", (pdu) => {
  session.send(pdu.response());
  inbound.push(pdu);
  wake();
});
const arrived = async (n) => { while (inbound.length < n) await new Promise((resolve) => { wake = resolve; }); };

const bound = await session.ask("bind_transceiver", { system_id: "sandbox", password: "sandbox", interface_version: 0x34 });
check("the bind", [bound.command_status, bound.system_id !== ""], [0, true]);
check("enquire_link", (await session.ask("enquire_link", {})).command_status, 0);

const submit = (fields) => session.ask("submit_sm", { source_addr_ton: 5, source_addr: from, dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: to, registered_delivery: 1, ...fields });
const text = async () => (await messages(`+${to}`)).at(-1).text;

const first = await submit({ short_message: "hello [é] 5€" });
check("the alphabet of its own choice", [first.command_status, await text()], [0, "hello [é] 5€"]);
const sent = (await messages(`+${to}`)).at(-1);
check("taken", [sent.id, sent.from, sent.vendor, sent.account], [first.message_id, from, "smpp", "sandbox"]);
await submit({ data_coding: 0, short_message: "hello @$é{}" });
check("data_coding 0", await text(), "hello @$é{}");
await submit({ data_coding: 8, short_message: "漢字 😀" });
check("data_coding 8", await text(), "漢字 😀");
await submit({ data_coding: 3, short_message: "ça va" });
check("data_coding 3", await text(), "ça va");

const half = "x".repeat(150);
const udh = (i) => Buffer.from([5, 0, 3, 7, 2, i]);
const second = await submit({ esm_class: 0x40, data_coding: 0, short_message: { udh: udh(2), message: "b" + half } });
const begin = await submit({ esm_class: 0x40, data_coding: 0, short_message: { udh: udh(1), message: "a" + half } });
check("two parts with a header", [await text(), (await messages(`+${to}`)).at(-1).id], ["a" + half + "b" + half, begin.message_id]);
for (const i of [1, 2]) await submit({ data_coding: 0, short_message: i + half, sar_msg_ref_num: 900, sar_total_segments: 2, sar_segment_seqnum: i });
check("two parts with sar_*", await text(), "1" + half + "2" + half);
await submit({ data_coding: 0, short_message: "", message_payload: "y".repeat(1000) });
check("message_payload", await text(), "y".repeat(1000));

check("no number", (await submit({ destination_addr: "nobody", short_message: "x" })).command_status, smpp.ESME_RINVDSTADR);
check("a long sender", (await submit({ source_addr: "TwelveLetter", short_message: "x" })).command_status, smpp.ESME_RINVSRCADR);
check("a second bind", (await session.ask("bind_transceiver", { system_id: "sandbox", password: "sandbox" })).command_status, smpp.ESME_RALYBND);

await arrived(9); // 4 short ones, 2 + 2 parts, 1 whole
const receipts = inbound.filter((p) => p.esm_class === 4);
const receipt = receipts.find((p) => p.receipted_message_id === first.message_id);
check("receipts", [receipts.length, receipts.every((p) => p.message_state === 2)], [9, true]);
check("the receipt's text", /^id:(\d+) sub:001 dlvrd:001 submit date:\d{10} done date:\d{10} stat:DELIVRD err:000 text:hello \[é\] 5€$/.exec(receipt.short_message.message)?.[1], first.message_id);
check("a receipt for each part", [second, begin].map((p) => receipts.some((r) => r.receipted_message_id === p.message_id)), [true, true]);

await fetch(`${sandbox}/_sandbox/replies`, { method: "POST", body: JSON.stringify({ vendor: "smpp", from: `+${to}`, to: "12345", text: "yes, é" }) });
const reply = inbound.at(-1);
check("a reply", [reply.source_addr, reply.destination_addr, reply.short_message.message, reply.esm_class], [to, "12345", "yes, é", 0]);
await fetch(`${sandbox}/_sandbox/replies`, { method: "POST", body: JSON.stringify({ vendor: "smpp", from: `+${to}`, text: "z".repeat(200) }) });
const parts = inbound.slice(-2);
check("a long reply", [parts.map((p) => p.short_message.message).join(""), parts.map((p) => p.short_message.udh?.[0]?.[4])], ["z".repeat(200), [1, 2]]);
check("unbind", (await session.ask("unbind", {})).command_status, 0);
session.close();
finish();
